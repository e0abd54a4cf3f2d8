#!/usr/bin/env bash
# A virtual machine with cameras: boots Debian's kernel in qemu with the drivers `vivid` and `v4l2loopback`, runs one
# command in it, passes on what that prints, and ends with its status.
#
# The guest sees the host's files at their own paths, below a layer in memory: programs, libraries and Python run as they
# are, and what the command writes is lost, except in the shared folder. The kernel is unpacked, never installed.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

usage() {
    cat <<'USAGE'
usage: vm.sh [OPTION…] -- COMMAND [ARGUMENT…]     boot, run the command, end with its status
       vm.sh --install                            fetch the kernel and build what belongs to it; does nothing the second time
       vm.sh --missing                            print the Debian packages that are missing on this machine
       vm.sh --check                              print why it cannot boot here, with status 1; nothing when it can

  --share FOLDER       stays writable, at the same path; the command's working folder (default: the current one)
  --vivid PARAMETERS   load vivid with them (default: "n_devs=1 node_types=0x1"); none: do not load it
  --loopback PARAMETERS  load v4l2loopback with them (default: do not load it)
  --udev               start systemd-udevd: permissions and links in /dev/v4l as on a real machine
  --modprobe NAMES     load more modules of the kernel
  --console FILE       the kernel's messages (default: console.log in the folder of the machine)
  --timeout SECONDS    end the machine after that long (default 300); the status is then 124
  --memory MB          (default 1024)
  --cpus N             (default 2)
  --cpu MODEL          (default max: with AVX2, also in emulation; qemu64 has SSE2 alone)
  --quiet              none of the script's own words on standard error

Status: the command's; 124 when time was up, 125 when the machine did not start or did not report.
Variables named CAMERA_* and RUST_* are handed on. MOEAD_CAMERA_VM names another folder for kernel and modules than
~/.cache/moead-edge/camera-vm; it takes 350 MB.
USAGE
}

machine="${MOEAD_CAMERA_VM:-$HOME/.cache/moead-edge/camera-vm}"
kernel="$machine/kernel"
# Debian keeps some of what is needed here out of the path of ordinary users.
export PATH="$PATH:/sbin:/usr/sbin"

task=run
share="$PWD" vivid="n_devs=1 node_types=0x1" loopback="" udev=no modules="" console="$machine/console.log"
seconds=300 memory=1024 cpus=2 cpu=max quiet=no
while [ $# -gt 0 ]; do
    case "$1" in
        --install | --missing | --check) task="${1#--}"; shift ;;
        --udev) udev=yes; shift ;;
        --quiet) quiet=yes; shift ;;
        --share) share="$2"; shift 2 ;;
        --vivid) vivid="$2"; shift 2 ;;
        --loopback) loopback="$2"; shift 2 ;;
        --modprobe) modules="$2"; shift 2 ;;
        --console) console="$2"; shift 2 ;;
        --timeout) seconds="$2"; shift 2 ;;
        --memory) memory="$2"; shift 2 ;;
        --cpus) cpus="$2"; shift 2 ;;
        --cpu) cpu="$2"; shift 2 ;;
        -h | --help) usage; exit 0 ;;
        --) shift; break ;;
        *) usage >&2; exit 2 ;;
    esac
done

say() { [ "$quiet" = yes ] || printf 'camera vm: %s\n' "$*" >&2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 125; }
has() { command -v "$1" >/dev/null 2>&1; }

# Debian packages that are not there, of those whose programs run on the host or, through its file system, in the guest.
missing_packages() {
    local pair
    for pair in qemu-system-x86_64:qemu-system-x86 cpio:cpio depmod:kmod gcc:gcc make:make v4l2-ctl:v4l-utils \
        xz:xz-utils /lib/systemd/systemd-udevd:udev; do
        has "${pair%%:*}" || echo "${pair##*:}"
    done
}

# Why the machine cannot boot here; nothing when it can.
obstacle() {
    [ "$(uname -sm)" = "Linux x86_64" ] || { echo "the machine is made for Linux on x86-64, and this is $(uname -sm)"; return; }
    local missing
    missing="$(missing_packages | tr '\n' ' ')"
    [ -z "$missing" ] || { echo "these Debian packages are missing: ${missing% }"; return; }
    [ -e "$kernel/version" ] || echo "there is no kernel in $machine: run tests/camera_vm/vm.sh --install"
}

# The archive's package lists; an old list names packages that are gone.
update_lists() {
    local as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
    ${as_root[@]+"${as_root[@]}"} apt-get update -qq >/dev/null 2>&1 || say "apt-get update failed; going on with the lists that are here"
}

# Kernel, modules, v4l2loopback and a busybox that needs no libraries, into $1.
fetch_kernel() {
    local root="$1" version headers build source
    has apt-get || fail "the kernel comes from Debian's archive, and there is no apt-get"
    update_lists
    version="$(apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/.*Depends: linux-image-//p' | head -n 1)"
    [ -n "$version" ] || fail "the package lists here have no linux-image-amd64, Debian's kernel"
    headers="$(apt-cache depends "linux-headers-$version" | grep -oE 'linux-(headers|kbuild)-[^ ]+' | sort -u)"
    say "fetching linux $version, v4l2loopback and busybox"
    mkdir -p "$root/deb"
    # shellcheck disable=SC2086 # a list of packages
    (cd "$root/deb" && apt-get download -qq "linux-image-$version" "linux-headers-$version" $headers v4l2loopback-dkms \
        busybox-static >"$machine/fetch.log" 2>&1) || fail "apt-get download failed, see $machine/fetch.log"
    for package in "$root"/deb/*.deb; do dpkg-deb -x "$package" "$root"; done
    rm -r "$root/deb"
    # Debian 13 has it below usr/.
    [ -x "$root/bin/busybox" ] || { mkdir -p "$root/bin"; cp "$root/usr/bin/busybox" "$root/bin/busybox"; }
    [ -d "$root/lib/modules" ] || { mkdir -p "$root/lib"; mv "$root/usr/lib/modules" "$root/lib/modules"; }

    source="$(realpath "$root")/usr/src"
    sed -i "s#/usr/src/#$source/#g" "$source/linux-headers-$version/Makefile"
    build="$root/v4l2loopback"
    cp -r "$source"/v4l2loopback-* "$build"
    make -s -C "$source/linux-headers-$version" M="$(realpath "$build")" modules >"$machine/v4l2loopback.log" 2>&1 ||
        fail "v4l2loopback did not build, see $machine/v4l2loopback.log"
    mkdir -p "$root/lib/modules/$version/updates"
    cp "$build/v4l2loopback.ko" "$root/lib/modules/$version/updates/"
    depmod -b "$root" "$version"
    cp "$root/boot/vmlinuz-$version" "$root/vmlinuz"
    rm -r "$build" "$root/usr" "$root/boot"
    echo "$version" >"$root/version"
}

# Modules that are needed to reach the host's files; everything else is loaded from there.
FIRST_MODULES="virtio_pci virtio_console 9pnet_virtio 9p overlay"

# What the first file system and the library hold, in one word: they are made anew when that changes.
initramfs_recipe() {
    { cat "$here/init" "$here"/{initramfs,modules}.sh "$here/present_stacks.c" "$kernel/version"; echo "$FIRST_MODULES"; } | sha256sum | cut -d' ' -f1
}

# What programs of the guest are loaded with.
preload="$machine/present_stacks.so"

make_initramfs() {
    gcc -shared -fPIC -O2 -o "$preload" "$here/present_stacks.c"
    # shellcheck disable=SC2086 # a list of names
    "$here/initramfs.sh" "$kernel" "$here/init" "$machine/initramfs.gz" $FIRST_MODULES
    initramfs_recipe >"$machine/initramfs.recipe"
}

# A kernel that is here goes on working when the archive has moved on to the next.
prepare() {
    mkdir -p "$machine"
    exec 9>"$machine/lock"
    flock 9
    local missing
    missing="$(missing_packages | tr '\n' ' ')"
    [ -z "$missing" ] || fail "these Debian packages are missing: ${missing% }"
    if [ ! -e "$kernel/version" ]; then
        rm -rf "$kernel" "$machine/kernel.new"
        fetch_kernel "$machine/kernel.new"
        mv "$machine/kernel.new" "$kernel"
        say "prepared linux $(cat "$kernel/version") in $machine"
    fi
    prepare_initramfs
}

prepare_initramfs() {
    [ "$(cat "$machine/initramfs.recipe" 2>/dev/null)" = "$(initramfs_recipe)" ] || make_initramfs
}

quoted() {
    local word
    for word; do printf '%q ' "$word"; done
}

# The second half of the boot, in the host's file system.
write_boot() {
    cat <<EOF_BOOT
exec </dev/null >/dev/vport0p1 2>&1
busybox() { $(quoted "$kernel/bin/busybox") "\$@"; }
export PATH=$(quoted "$PATH") HOME=$(quoted "$HOME") TERM=dumb
EOF_BOOT
    env | grep -E '^(CAMERA_|RUST_)[A-Za-z0-9_]*=' | while IFS= read -r pair; do
        printf 'export %s=%q\n' "${pair%%=*}" "${pair#*=}"
    done
    cat <<EOF_BOOT
share=$(quoted "$share")
echo $(quoted "$preload") >/etc/ld.so.preload
busybox ip link set lo up
busybox mkdir -p "\$share" /lib/modules
busybox mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,cache=mmap share "\$share"
busybox mount --bind $(quoted "$kernel/lib/modules") /lib/modules
load() { modprobe "\$@" || echo "camera vm: \$1 did not load"; }
EOF_BOOT
    if [ "$udev" = yes ]; then
        # It would not start where it believes to be in a container.
        echo 'export SYSTEMD_IGNORE_CHROOT=1'
        echo '/lib/systemd/systemd-udevd --daemon 2>/dev/null; udevadm trigger --action=add; udevadm settle -t 60'
    fi
    [ "$vivid" = none ] || echo "load vivid $vivid"
    [ -z "$loopback" ] || echo "load v4l2loopback $loopback"
    for module in $modules; do echo "load $module"; done
    [ "$udev" = no ] || echo 'udevadm settle -t 60'
    echo 'cd "$share"'
    echo "busybox setsid $(quoted "$@")"
    echo 'echo $? >/run/boot/status; sync'
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
esac
[ $# -gt 0 ] || { usage >&2; exit 2; }
why="$(obstacle)"
[ -z "$why" ] || fail "$why"
exec 9>"$machine/lock"
flock 9
prepare_initramfs
exec 9>&-

# What killed runs left.
find "$machine" -maxdepth 1 -name 'run.*' -mmin +1440 -exec rm -rf {} +
run="$(mktemp -d "$machine/run.XXXXXX")"
trap 'rm -rf "$run"' EXIT
share="$(realpath "$share")"
write_boot "$@" >"$run/boot"

# A fifo and not standard output: that channel of qemu's stops when standard input is at its end.
mkfifo "$run/output"
exec 8<>"$run/output" 7<"$run/output"
cat <&7 8>&- &
reader=$!
exec 7<&-
start=$SECONDS status=0
# Always emulated: the same machine everywhere, also where /dev/kvm is there and does not work.
# In the foreground: a signal to the whole process group then ends the machine too.
timeout --foreground -k 5 "$seconds" qemu-system-x86_64 -machine pc,accel=tcg -cpu "$cpu" -smp "$cpus" -m "$memory" \
    -nodefaults -display none -no-reboot -monitor none \
    -kernel "$kernel/vmlinuz" -initrd "$machine/initramfs.gz" \
    -append "console=ttyS0 loglevel=7 panic=-1 mitigations=off nokaslr" -serial "file:$run/console.log" \
    -device virtio-serial-pci -chardev "file,id=out,path=$run/output,append=on" -device virtserialport,chardev=out,name=out \
    -virtfs local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap \
    -virtfs "local,path=$share,mount_tag=share,security_model=none,multidevs=remap" \
    -virtfs "local,path=$run,mount_tag=boot,security_model=none,multidevs=remap" </dev/null 8>&- || status=$?
exec 8>&-
wait "$reader" || :
cp "$run/console.log" "$console" 2>/dev/null || :
if [ -s "$run/status" ]; then
    status="$(cat "$run/status")"
elif [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
    say "time was up after $seconds s; the kernel's messages: $console"
    status=124
else
    say "the machine did not report a status; the kernel's messages: $console"
    status=125
fi
say "status $status after $((SECONDS - start)) s"
exit "$status"
