#!/usr/bin/env bash
# The README's first command: builds both programs, exports a small checkpoint, judges eight pictures with it.
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
target="${CARGO_TARGET_DIR:-target}"

say "building moead-export and moead-edge (the first time takes some minutes)"
cargo build --release --locked --quiet --bin moead-export --bin moead-edge --bin make-demo-checkpoint

mkdir -p "$folder/heatmaps"
say "writing a checkpoint with weights from a seed: $folder/bricks.pth.tar"
"$target/release/make-demo-checkpoint" "$folder/bricks.pth.tar"

say "moead-export $folder/bricks.pth.tar"
"$target/release/moead-export" "$folder/bricks.pth.tar"

say "moead-edge --model $folder/bricks.onnx --source tests/images/bricks --threshold 240 --heatmaps $folder/heatmaps"
"$target/release/moead-edge" --model "$folder/bricks.onnx" --source tests/images/bricks --threshold 240 \
    --heatmaps "$folder/heatmaps" --format text

say "pictures: $folder/heatmaps/*.png"
