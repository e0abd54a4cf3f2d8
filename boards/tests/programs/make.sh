#!/bin/sh
# Makes the two smallest programs that need glibc, as samples for boards/src/program.rs. Needs gcc and gcc-aarch64-linux-gnu.
set -eu
cd "$(dirname "$0")"
source='int getpid(void); void _exit(int); void _start(void) { _exit(getpid() == 0); }'
for machine in aarch64 x86_64; do
    compiler=$machine-linux-gnu-gcc
    echo "$source" | $compiler -x c - -Os -nostartfiles -nodefaultlibs -lc -s -fno-asynchronous-unwind-tables \
        -Wl,-z,max-page-size=4096,-z,noseparate-code,--build-id=none -o "$machine"
done
