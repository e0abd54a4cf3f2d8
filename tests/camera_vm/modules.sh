#!/usr/bin/env bash
# Prints the files of a kernel's modules and of those that they need, in the order of loading.
#
#   modules.sh KERNEL MODULE…     KERNEL: a folder with lib/modules and version
set -euo pipefail
kernel="$1"
shift
# Debian keeps modprobe out of the path of ordinary users.
export PATH="$PATH:/sbin:/usr/sbin"

for module; do modprobe -S "$(cat "$kernel/version")" -d "$kernel" --show-depends "$module"; done |
    awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
