#!/usr/bin/env bash
# `moead-board image` and `flash` against dd, in turns: seconds for each GB, medians with least and most. As root: the card is a loop device.
#
#   boards/benches/cards.sh BASE BUNDLE KEY [ROUNDS]
#
# BASE is a raw image, BUNDLE a bundle for its system, KEY the public key. MOEAD_BOARD names the program (default: the one of this checkout's
# release build). Next to BASE, three times its size must be free.
#
# A loop device has no serial number, and `flash` writes to no disk without one that cannot be taken out. The device gets one in udev's records; so
# this runs only where no udev keeps them.
set -euo pipefail

base="$1" bundle="$2" key="$3" rounds="${4:-5}"
board="${MOEAD_BOARD:-$(dirname "${BASH_SOURCE[0]}")/../../target/release/moead-board}"
[ ! -e /run/udev/control ] || { echo "error: udev runs here, and its records are its own" >&2; exit 1; }
folder="$(mktemp -d -p "$(dirname "$base")" cards.XXXXXX)"
device="" record=""
cleanup() {
    [ -z "$device" ] || losetup -d "$device"
    [ -z "$record" ] || rm -f "$record"
    rm -rf "$folder"
}
trap cleanup EXIT
bytes=$(stat -c %s "$base")

# seconds COMMAND…
seconds() {
    local start
    start=$(date +%s.%N)
    "$@" >/dev/null 2>&1
    echo "$start $(date +%s.%N)" | awk '{ print $2 - $1 }'
}

# A card that is full of something else, and one of nothing: where both card and image are zero, nothing has to be written.
card() {
    [ -z "$device" ] || losetup -d "$device"
    rm -f "$folder/card"
    if [ "$1" = full ]; then
        head -c "$bytes" /dev/zero | tr '\0' '\252' >"$folder/card"
    else
        truncate -s "$bytes" "$folder/card"
    fi
    sync "$folder/card"
    device=$(losetup -f --show "$folder/card")
    record="/run/udev/data/b$(cat "/sys/block/${device#/dev/}/dev")"
    mkdir -p /run/udev/data
    echo "E:ID_SERIAL_SHORT=CARD" >"$record"
}

write() { dd if="$base" of="$device" bs=4M conv=fsync,notrunc; }
compare() { blockdev --flushbufs "$device"; cmp -n "$bytes" "$base" "$device"; }
flash() { "$board" flash --force-disk CARD "$base" "$device"; }
copy() { dd if="$base" of="$folder/copy" bs=4M conv=fsync; }
copy_sparse() { dd if="$base" of="$folder/copy" bs=4M conv=fsync,sparse; }
image() { "$board" image --base "$base" --bundle "$bundle" --key "$key" --output "$folder/image"; }

for ((round = 0; round < rounds; round++)); do
    dd=$(seconds copy)
    rm "$folder/copy"
    sparse=$(seconds copy_sparse)
    ours=$(seconds image)
    echo "image dd $dd $ours"
    echo "image dd-sparse $sparse $ours"
    rm "$folder/copy" "$folder/image"
    for state in full zero; do
        card "$state"
        dd=$(seconds write)
        cmp=$(seconds compare)
        card "$state"
        ours=$(seconds flash)
        echo "flash-$state dd $dd $ours"
        echo "flash-$state dd+cmp $(awk "BEGIN { print $dd + $cmp }") $ours"
    done
done | tee "$folder/times" >&2
echo "$base: $bytes bytes, $rounds rounds; seconds a GB, median (least to most)"
awk -v gb="$(awk "BEGIN { print $bytes / 1e9 }")" '
    function middle(list, factor,    i, j, swap, sorted, count) {
        count = split(list, sorted, " ")
        for (i = 1; i <= count; i++) for (j = i + 1; j <= count; j++) if (sorted[j] + 0 < sorted[i] + 0) {
            swap = sorted[i]; sorted[i] = sorted[j]; sorted[j] = swap
        }
        return sprintf("%.2f (%.2f to %.2f)", sorted[int((count + 1) / 2)] / factor, sorted[1] / factor, sorted[count] / factor)
    }
    {
        name = $1 " against " $2
        if (!(name in ours)) names[++known] = name
        theirs[name] = theirs[name] " " $3; ours[name] = ours[name] " " $4; ratio[name] = ratio[name] " " $4 / $3
    }
    END {
        for (i = 1; i <= known; i++) {
            name = names[i]
            print name ": ours " middle(ours[name], gb) ", theirs " middle(theirs[name], gb) ", ratio " middle(ratio[name], 1)
        }
    }' "$folder/times"
