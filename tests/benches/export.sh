#!/usr/bin/env bash
# Time, peak memory and sizes of exports, and of one picture: tests/benches/export.sh CHECKPOINT PICTURE [FOLDER WITH PROGRAMS]
set -euo pipefail
checkpoint="$1"
picture="$2"
programs="${3:-target/dist}"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT

timed() {
    local label="$1"
    shift
    /usr/bin/time -f "$label: %e s, %M KB peak" "$@" >/dev/null
}

ls -lL --block-size=1 "$programs/moead-export" "$programs/moead-edge" | awk '{ print $NF ": " $5 " bytes" }'
for round in 1 2 3; do
    timed "export --no-check ($round)" "$programs/moead-export" "$checkpoint" -o "$scratch/f32.onnx" --no-check --quiet
    timed "export, checked ($round)" "$programs/moead-export" "$checkpoint" -o "$scratch/f32.onnx" --quiet
    timed "export --precision f16 --no-check ($round)" \
        "$programs/moead-export" "$checkpoint" -o "$scratch/f16.onnx" --precision f16 --no-check --quiet
    timed "one picture ($round)" "$programs/moead-edge" --model "$scratch/f32.onnx" --source "$picture" --quiet
done
stat -c '%n: %s bytes' "$scratch/f32.onnx" "$scratch/f16.onnx" | sed "s#$scratch/##"
