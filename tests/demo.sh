#!/usr/bin/env bash
# The README's first command: builds the programs, shows the model inside of moead-edge at work on drawn products and on photographs, and
# exports a small checkpoint.
# On a fresh Debian or Ubuntu with Rust (rustup), it first installs what building needs, and says what.
#
#   tests/demo.sh            writes into demo/ of this checkout
#   tests/demo.sh FOLDER     writes there
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folder="${1:-demo}"
say() { printf '== %s\n' "$*" >&2; }

tests/run.sh --only-compiler
[ -x "$HOME/.cargo/bin/cargo" ] && export PATH="$PATH:$HOME/.cargo/bin"
# The development profile optimises as well, and the tests use the same build.
say "building (twelve to twenty-five minutes on two cores the first time)"
cargo build --locked --workspace --bins
programs="${CARGO_TARGET_DIR:-target}/debug"

mkdir -p "$folder/heatmaps"
folder="$(cd "$folder" && pwd)"
programs="$(cd "$programs" && pwd)"
say "moead-edge --demo"
(cd "$folder" && "$programs/moead-edge" --demo --format text)

say "moead-edge --demo --source tests/images/bricks --product brick --heatmaps $folder/heatmaps"
"$programs/moead-edge" --demo --source tests/images/bricks --product brick --heatmaps "$folder/heatmaps" --format text

say "writing a checkpoint with weights from a seed: $folder/bricks.pth.tar"
"$programs/make-demo-checkpoint" "$folder/bricks.pth.tar"

say "moead-export $folder/bricks.pth.tar"
"$programs/moead-export" "$folder/bricks.pth.tar"

say "pictures: $folder/moead-demo.png, $folder/heatmaps/*.png"
