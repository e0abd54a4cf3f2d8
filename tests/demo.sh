#!/usr/bin/env bash
# The README's first command: builds the programs, shows the model inside of moead-edge at work, then exports a small checkpoint and judges
# eight pictures with it.
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
say "building (ten minutes the first time)"
cargo build --locked --workspace --bins
programs="${CARGO_TARGET_DIR:-target}/debug"

mkdir -p "$folder/heatmaps"
folder="$(cd "$folder" && pwd)"
programs="$(cd "$programs" && pwd)"
say "moead-edge --demo"
(cd "$folder" && "$programs/moead-edge" --demo --format text)

say "writing a checkpoint with weights from a seed: $folder/bricks.pth.tar"
"$programs/make-demo-checkpoint" "$folder/bricks.pth.tar"

say "moead-export $folder/bricks.pth.tar"
"$programs/moead-export" "$folder/bricks.pth.tar"

say "moead-edge --model $folder/bricks.onnx --source tests/images/bricks --threshold 240 --heatmaps $folder/heatmaps"
"$programs/moead-edge" --model "$folder/bricks.onnx" --source tests/images/bricks --threshold 240 \
    --heatmaps "$folder/heatmaps" --format text

say "pictures: $folder/moead-demo.png, $folder/heatmaps/*.png"
