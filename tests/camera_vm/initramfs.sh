#!/usr/bin/env bash
# Packs the first file system of a virtual machine: busybox, the program `init`, and the kernel's modules in the order of loading.
#
#   initramfs.sh KERNEL INIT OUTPUT MODULE…     KERNEL: a folder with bin/busybox, lib/modules and version
set -euo pipefail
kernel="$1" init="$2" output="$3"
shift 3
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

root="$output.tree"
rm -rf "$root"
mkdir -p "$root"/{bin,modules,proc,sys,dev,lower,upper,new}
cp "$kernel/bin/busybox" "$root/bin/"
install -m 755 "$init" "$root/init"
"$here/modules.sh" "$kernel" "$@" |
    while read -r module; do
        name="$(basename "$module")"
        name="${name%%.*}"
        case "$module" in
            *.xz) xz -dc "$module" >"$root/modules/$name.ko" ;;
            *) cp "$module" "$root/modules/$name.ko" ;;
        esac
        echo "$name" >>"$root/modules/order"
    done
(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$output.new"
mv "$output.new" "$output"
rm -r "$root"
