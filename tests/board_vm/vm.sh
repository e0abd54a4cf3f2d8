#!/usr/bin/env bash
# A virtual board: Debian with systemd in qemu, from a card that `moead-board image` wrote, and nothing installed on this machine.
#
# The system on the base image is made once by mmdebstrap (base.sh). In it, one unit of the tests mounts a folder of the host and runs the
# script that lies there; it ends the machine.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

usage() {
    cat <<'USAGE'
usage: vm.sh --card FILE --share FOLDER [OPTION…]   boot; ends when the guest powers off
       vm.sh --install      make the base image; does nothing the second time
       vm.sh --missing      print the Debian packages that are missing on this machine
       vm.sh --check        print why it cannot boot here, with status 1; nothing when it can
       vm.sh --base         print the base image's path

  --machine KIND    amd64 or arm64 (default: MOEAD_BOARD_MACHINE, or else amd64)
  --card FILE       the disk, written to; partition 1 is the root, partition 2 has room for marks
  --share FOLDER    the guest sees it as /test, and runs /test/guest/start.sh SCENARIO
  --scenario NAME   (default: boot)
  --log FILE        keep every write and flush, in the format of the kernel's dm-log-writes
  --clock DATE      what the clock of the board says at power-on (default: the host's time)
  --console FILE    the kernel's messages (default: console.log in the shared folder)
  --timeout SECONDS end the machine after that long (default 300)
  --cpus N          (default 2)

Status: 0 the guest powered off, 124 time was up, 125 the machine did not start.
MOEAD_BOARD_VM names another folder for base images than ~/.cache/moead-edge/board-vm; each takes up to a GB.
USAGE
}

camera_vm="$here/../camera_vm/vm.sh"
# Debian keeps some of what is needed here out of the path of ordinary users.
export PATH="$PATH:/sbin:/usr/sbin"

arch="${MOEAD_BOARD_MACHINE:-amd64}" task=run card="" share="" scenario=boot log="" clock="" console="" seconds=300 cpus=2
while [ $# -gt 0 ]; do
    case "$1" in
        --install | --missing | --check | --base | --partition) task="${1#--}"; shift ;;
        --machine) arch="$2"; shift 2 ;;
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

places="${MOEAD_BOARD_VM:-$HOME/.cache/moead-edge/board-vm}"
case "$arch" in
    amd64)
        machine="$places"
        kernel="${MOEAD_CAMERA_VM:-$HOME/.cache/moead-edge/camera-vm}/kernel"
        qemu=(qemu-system-x86_64 -machine q35 -cpu max)
        terminal=ttyS0 more="mitigations=off nokaslr no_timer_check"
        ;;
    arm64)
        machine="$places/arm64"
        kernel="$machine/kernel"
        # The Raspberry Pi 5's processor.
        qemu=(qemu-system-aarch64 -machine "virt,gic-version=3" -cpu cortex-a76)
        terminal=ttyAMA0 more="mitigations=off nokaslr"
        ;;
    *) echo "error: there is no machine $arch: expected amd64 or arm64" >&2; exit 2 ;;
esac
base="$machine/base.img"

# Why the machine cannot boot here; nothing when it can.
obstacle() {
    local why
    why="$("$camera_vm" --check)" || { echo "$why"; return; }
    why="$(missing_packages | tr '\n' ' ')"
    [ -z "$why" ] || { echo "these Debian packages are missing: ${why% }"; return; }
    [ -e "$kernel/version" ] && [ "$(cat "$machine/recipe" 2>/dev/null)" = "$(recipe)" ] ||
        echo "there is no base image in $machine: run tests/board_vm/vm.sh --machine $arch --install"
}

# shellcheck source=base.sh
. "$here/base.sh"

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
timeout --foreground -k 5 "$seconds" "${qemu[@]}" -accel tcg,thread=multi -smp "$cpus" -m 1024 \
    -nodefaults -display none -no-reboot -monitor none \
    -kernel "$kernel/vmlinuz" -initrd "$machine/initramfs.gz" \
    -append "console=$terminal root=/dev/vda1 ro panic=-1 $more quiet systemd.show_status=false test.scenario=$scenario" \
    -serial "file:${console:-$share/console.log}" ${clock:+-rtc "base=$clock"} \
    "${disk[@]}" -device "virtio-blk-pci,drive=$drive" \
    -virtfs "local,path=$share,mount_tag=share,security_model=none,multidevs=remap" </dev/null || status=$?
[ "$status" -ne 137 ] || status=124
exit "$status"
