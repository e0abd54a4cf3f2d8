#!/usr/bin/env bash
# A virtual board: Debian with systemd in qemu, from a card that `moead-board image` wrote, and nothing installed on this machine.
#
# The kernel is the camera tests'. The system on the base image is made once by mmdebstrap. In it, one unit of the tests
# mounts a folder of the host and runs the script that lies there; it ends the machine.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

usage() {
    cat <<'USAGE'
usage: vm.sh --card FILE --share FOLDER [OPTION…]   boot; ends when the guest powers off
       vm.sh --install      make the base image; does nothing the second time
       vm.sh --missing      print the Debian packages that are missing on this machine
       vm.sh --check        print why it cannot boot here, with status 1; nothing when it can
       vm.sh --base         print the base image's path

  --card FILE       the disk, written to; partition 1 is the root, partition 2 has room for marks
  --share FOLDER    the guest sees it as /test, and runs /test/guest/start.sh SCENARIO
  --scenario NAME   (default: boot)
  --log FILE        keep every write and flush, in the format of the kernel's dm-log-writes
  --clock DATE      what the clock of the board says at power-on (default: the host's time)
  --console FILE    the kernel's messages (default: console.log in the shared folder)
  --timeout SECONDS end the machine after that long (default 300)
  --cpus N          (default 2)

Status: 0 the guest powered off, 124 time was up, 125 the machine did not start.
MOEAD_BOARD_VM names another folder for the base image than ~/.cache/moead-edge/board-vm; it takes 700 MB.
USAGE
}

machine="${MOEAD_BOARD_VM:-$HOME/.cache/moead-edge/board-vm}"
camera_vm="$here/../camera_vm/vm.sh"
kernel="${MOEAD_CAMERA_VM:-$HOME/.cache/moead-edge/camera-vm}/kernel"
base="$machine/base.img"
# Debian keeps some of what is needed here out of the path of ordinary users.
export PATH="$PATH:/sbin:/usr/sbin"

task=run card="" share="" scenario=boot log="" clock="" console="" seconds=300 cpus=2
while [ $# -gt 0 ]; do
    case "$1" in
        --install | --missing | --check | --base | --partition) task="${1#--}"; shift ;;
        --card) card="$2"; shift 2 ;;
        --share) share="$2"; shift 2 ;;
        --scenario) scenario="$2"; shift 2 ;;
        --log) log="$2"; shift 2 ;;
        --clock) clock="$2"; shift 2 ;;
        --console) console="$2"; shift 2 ;;
        --timeout) seconds="$2"; shift 2 ;;
        --cpus) cpus="$2"; shift 2 ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; exit 2 ;;
    esac
done

say() { printf 'board vm: %s\n' "$*" >&2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 125; }
has() { command -v "$1" >/dev/null 2>&1; }
is_root() { [ "$(id -u)" -eq 0 ]; }

missing_packages() {
    local pair pairs="mmdebstrap:mmdebstrap mke2fs:e2fsprogs sfdisk:fdisk strip:binutils unshare:util-linux"
    is_root || pairs="$pairs newuidmap:uidmap"
    "$camera_vm" --missing
    for pair in $pairs; do has "${pair%%:*}" || echo "${pair##*:}"; done
}

# Why the machine cannot boot here; nothing when it can.
obstacle() {
    local why
    why="$("$camera_vm" --check)" || { echo "$why"; return; }
    why="$(missing_packages | tr '\n' ' ')"
    [ -z "$why" ] || { echo "these Debian packages are missing: ${why% }"; return; }
    [ "$(cat "$machine/recipe" 2>/dev/null)" = "$(recipe)" ] ||
        echo "there is no base image in $machine: run tests/board_vm/vm.sh --install"
}

# What the base image and the first file system hold, in one word: they are made anew when that changes.
recipe() { { cat "$here/init" "$here/vm.sh" "$kernel/version"; suite; } | sha256sum | cut -d' ' -f1; }
# The host's own: what was built here runs there.
suite() { sed -n 's/^VERSION_CODENAME=//p' /etc/os-release; }

# Modules that are needed to reach the card, and those that the system loads.
FIRST_MODULES="virtio_pci virtio_blk crc32c_generic ext4"
MODULES="vivid 9p 9pnet_virtio"

# modules NAME…: their files, in the order of loading.
modules() {
    local name
    for name; do modprobe -S "$(cat "$kernel/version")" -d "$kernel" --show-depends "$name"; done |
        awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
}

make_root() {
    [ ! -e "$machine/root.$(suite).tar" ] || return 0
    say "making a Debian $(suite) (minutes; once)"
    local quiet=(--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*'
        --dpkgopt='path-exclude=/usr/share/man/*')
    mmdebstrap --quiet --variant=minbase --include=systemd,systemd-sysv,udev,kmod,e2fsprogs "${quiet[@]}" \
        "$(suite)" "$machine/root.new.tar" >"$machine/root.log" 2>&1 || fail "mmdebstrap failed, see $machine/root.log"
    mv "$machine/root.new.tar" "$machine/root.$(suite).tar"
}

# What the tests add to the system, below $1.
furnish() {
    local root="$1" version file
    version="$(cat "$kernel/version")"
    # shellcheck disable=SC2046,SC2086 # lists of names
    for file in $(modules $FIRST_MODULES $MODULES); do
        install -D -m 644 "$file" "$root/usr${file#"$kernel"}"
    done
    cp "$kernel/lib/modules/$version"/modules.{builtin,builtin.modinfo,order} "$root/usr/lib/modules/$version/"
    depmod -b "$root" "$version"
    echo vivid >"$root/etc/modules-load.d/camera.conf"
    echo 'options vivid n_devs=1 node_types=0x1' >"$root/etc/modprobe.d/camera.conf"
    echo 'LABEL=root / ext4 rw,errors=remount-ro 0 1' >"$root/etc/fstab"
    echo board >"$root/etc/hostname"
    mkdir -p "$root/test" "$root/etc/systemd/system/multi-user.target.wants"
    local name
    for name in getty.target systemd-timesyncd.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
        e2scrub_all.timer e2scrub_reap.service fstrim.timer; do
        ln -sf /dev/null "$root/etc/systemd/system/$name"
    done
    cat >"$root/etc/systemd/system/test.service" <<'UNIT'
[Unit]
Description=what the tests do on this board
After=basic.target

[Service]
Type=exec
ExecStart=/bin/sh -c 'mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,cache=none share /test && exec /bin/bash /test/guest/start.sh'
StandardOutput=tty
StandardError=tty
TTYPath=/dev/console
UNIT
    # What the system takes to start a unit, to compare with.
    cat >"$root/etc/systemd/system/empty.service" <<'UNIT'
[Unit]
Description=nothing

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
UNIT
    for name in test empty; do
        ln -sf "../$name.service" "$root/etc/systemd/system/multi-user.target.wants/$name.service"
    done
}

# make_partition [--no-same-owner]: as root, or as one who looks like it and can give files to nobody else.
make_partition() {
    rm -rf "$machine/tree"
    mkdir "$machine/tree"
    # Devices come from the kernel.
    tar -C "$machine/tree" "$@" -xpf "$machine/root.$(suite).tar" --exclude='./dev/*'
    furnish "$machine/tree"
    rm -f "$machine/root.ext4"
    # The whole of it, so that the guest writes nothing that is not the test's.
    mke2fs -q -t ext4 -L root -E lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0 -d "$machine/tree" \
        "$machine/root.ext4" 720M >/dev/null
    rm -rf "$machine/tree"
}

make_base() {
    if is_root; then make_partition; else unshare --map-root-user "${BASH_SOURCE[0]}" --partition; fi
    local sectors=$((720 * 2048))
    rm -f "$base.new"
    truncate -s $(((sectors + 3 * 2048) * 512)) "$base.new"
    printf 'label: gpt\nstart=2048, size=%s, type=L, name=root\nstart=%s, size=1024, type=L, name=marks\n' \
        "$sectors" $((sectors + 2048)) | sfdisk -q "$base.new"
    dd if="$machine/root.ext4" of="$base.new" bs=1M seek=1 conv=notrunc,sparse status=none
    rm "$machine/root.ext4"
    mv "$base.new" "$base"
}

make_initramfs() {
    local root="$machine/initramfs.new" file name
    rm -rf "$root"
    mkdir -p "$root"/{bin,modules,dev,new}
    cp "$kernel/bin/busybox" "$root/bin/"
    install -m 755 "$here/init" "$root/init"
    # shellcheck disable=SC2046,SC2086 # lists of names
    for file in $(modules $FIRST_MODULES); do
        name="$(basename "$file")"
        name="${name%%.*}"
        case "$file" in
            *.xz) xz -dc "$file" >"$root/modules/$name.ko" ;;
            *) cp "$file" "$root/modules/$name.ko" ;;
        esac
        echo "$name" >>"$root/modules/order"
    done
    (cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$machine/initramfs.gz"
    rm -r "$root"
}

prepare() {
    local missing
    "$camera_vm" --install
    missing="$(missing_packages | tr '\n' ' ')"
    [ -z "$missing" ] || fail "these Debian packages are missing: ${missing% }"
    mkdir -p "$machine"
    exec 9>"$machine/lock"
    flock 9
    [ "$(cat "$machine/recipe" 2>/dev/null)" != "$(recipe)" ] || return 0
    rm -f "$machine/recipe"
    make_root
    make_base
    make_initramfs
    recipe >"$machine/recipe"
    say "prepared $base"
}

case "$task" in
    missing) missing_packages; exit 0 ;;
    check)
        why="$(obstacle)"
        [ -n "$why" ] || exit 0
        echo "$why"
        exit 1
        ;;
    install) prepare; exit 0 ;;
    partition) make_partition --no-same-owner; exit 0 ;;
    base) echo "$base"; exit 0 ;;
esac
[ -n "$card" ] && [ -n "$share" ] || { usage >&2; exit 2; }
why="$(obstacle)"
[ -z "$why" ] || fail "$why"

# The card keeps what it is given only when the guest asks for it; the host need not.
disk=(-blockdev "driver=file,node-name=file,filename=$card,cache.no-flush=on" -blockdev driver=raw,node-name=disk,file=file)
drive=disk
if [ -n "$log" ]; then
    : >"$log"
    disk+=(-blockdev "driver=file,node-name=log,filename=$log,cache.no-flush=on"
        -blockdev driver=blklogwrites,node-name=logged,file=disk,log=log)
    drive=logged
fi
status=0
# Always emulated: the same machine everywhere, also where /dev/kvm is there and does not work.
# In the foreground: a signal to the whole process group then ends the machine too.
timeout --foreground -k 5 "$seconds" qemu-system-x86_64 -machine q35 -accel tcg,thread=multi -cpu max -smp "$cpus" -m 1024 \
    -nodefaults -display none -no-reboot -monitor none \
    -kernel "$kernel/vmlinuz" -initrd "$machine/initramfs.gz" \
    -append "console=ttyS0 root=/dev/vda1 ro panic=-1 mitigations=off nokaslr no_timer_check quiet systemd.show_status=false test.scenario=$scenario" \
    -serial "file:${console:-$share/console.log}" ${clock:+-rtc "base=$clock"} \
    "${disk[@]}" -device "virtio-blk-pci,drive=$drive" \
    -virtfs "local,path=$share,mount_tag=share,security_model=none,multidevs=remap" </dev/null || status=$?
[ "$status" -ne 137 ] || status=124
exit "$status"
