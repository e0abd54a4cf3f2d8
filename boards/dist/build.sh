#!/usr/bin/env bash
# Builds the programs that ship: for systems from glibc 2.31 on, stripped, a folder for each machine. `moead-board build` finds moead-edge there.
# On a fresh Debian or Ubuntu with Rust (rustup), it first installs what that needs, and says what (tests/run.sh --only-cross).
#
#   boards/dist/build.sh [FOLDER]             into dist/ of this checkout: all programs for x86-64, moead-edge for 64-bit ARM
#   boards/dist/build.sh --arm [FOLDER]       moead-edge for 64-bit ARM alone
#   boards/dist/build.sh --probe [FOLDER]     the same, not optimised, and only to see what it asks of a system
#
# Each program is looked at from outside: machine, newest glibc, libraries. One that would not start on such a system is an error, and is
# not put into the folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

GLIBC=2.31
# Boards have a model of their own, and do without the demonstration's.
BOARD_FEATURES=tract,ort,camera,http,update
zig="$HOME/.cache/moead-edge/zig"
profile=dist
machines="aarch64 x86_64"
case "${1:-}" in
    --arm) machines=aarch64; shift ;;
    --probe) machines=aarch64 profile=cross; shift ;;
esac
folder="${1:-dist}"
target="${CARGO_TARGET_DIR:-target}"

say() { printf '== %s\n' "$*" >&2; }

tests/run.sh --only-cross
has_cargo() { command -v cargo >/dev/null 2>&1; }
has_cargo || export PATH="$HOME/.cargo/bin:$PATH"

# zigbuild TRIPLE ARGUMENTS…
# Processors with SSE4.2 and without AVX2 run what all of x86-64 can: one more form of every kernel is 0.3 MB (docs/design/size.md).
zigbuild() {
    local triple="$1"
    shift
    say "cargo zigbuild --profile $profile --target $triple.$GLIBC $*"
    PATH="$zig/bin:$PATH" CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS="--cfg disable_dispatch_sse4_2" \
        cargo zigbuild --locked --profile "$profile" --target "$triple.$GLIBC" "$@"
}

# ship TRIPLE BOARD PROGRAM…: what starts on boards of that profile goes into the folder, and its size is said.
ship() {
    local triple="$1" board="$2" program
    shift 2
    mkdir -p "$folder/$triple"
    for program in "$@"; do
        # Another build than the ones above, so that it runs on this machine whatever that is, in seconds; and not the one of development, whose
        # `moead-board` may be in use.
        cargo run --quiet --locked --profile cross -p moead-boards --no-default-features --features cli -- \
            program "$board" "$target/$triple/$profile/$program"
        install -m 755 "$target/$triple/$profile/$program" "$folder/$triple/$program.part"
        mv "$folder/$triple/$program.part" "$folder/$triple/$program"
    done
}

for machine in $machines; do
    triple="$machine-unknown-linux-gnu"
    if [ "$machine" = aarch64 ]; then
        zigbuild "$triple" -p moead-runtime --bin moead-edge --no-default-features --features "$BOARD_FEATURES"
        ship "$triple" aarch64 moead-edge
    else
        zigbuild "$triple" --workspace --exclude moead-tests --bins
        ship "$triple" pc moead-edge moead-export moead-calibrate moead-eval moead-train moead-board
    fi
done
say "programs: $folder"
