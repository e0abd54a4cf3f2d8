#!/bin/sh
# Makes the smallest programs that need glibc, as samples for boards/src/program.rs. Needs gcc and gcc-aarch64-linux-gnu.
set -eu
cd "$(dirname "$0")"
# make COMPILER OUTPUT SOURCE FLAGS…
make() {
    compiler=$1 output=$2 source=$3
    shift 3
    echo "$source" | $compiler -x c - -Os -nostartfiles -nodefaultlibs -lc -s -fno-asynchronous-unwind-tables \
        -Wl,-z,max-page-size=4096,-z,noseparate-code,--build-id=none "$@" -o "$output"
}
for machine in aarch64 x86_64; do
    make $machine-linux-gnu-gcc $machine 'int getpid(void); void _exit(int); void _start(void) { _exit(getpid() == 0); }'
done
# With addresses of its own that are packed (DT_RELR), which glibc 2.36 was the first to understand.
make x86_64-linux-gnu-gcc x86_64-packed 'int getpid(void); void _exit(int);
    static int (*const volatile ask)(void) = &getpid; static const char *volatile names[4] = {"a", "b"};
    void _start(void) { _exit(ask() == 0 || names[1] == 0); }' -pie -fPIE -Wl,-z,pack-relative-relocs
