"""Writes small frames as cameras send them, and frames.json with what Pillow decodes from them.

    pip install numpy==2.4.6 pillow==13.0.0
    python make.py

libjpeg writes the standard's Huffman tables when it is not asked to optimise, as cameras mean them when they write none.
`pixels` are height x width x 3 bytes in hexadecimal, grey repeated.
"""

import json
import pathlib
import sys

import numpy
from PIL import Image

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "golden"))
from resize import picture  # noqa: E402

KINDS = {
    "422": {"subsampling": "4:2:2"},
    "422_restarts": {"subsampling": "4:2:2", "restart_marker_blocks": 2},
    "420": {"subsampling": "4:2:0"},
    "444": {"subsampling": "4:4:4"},
    "444_restarts": {"subsampling": "4:4:4", "restart_marker_blocks": 1},
    "grey": {},
    "odd_420": {"subsampling": "4:2:0"},
    "odd_grey": {},
}


def main() -> None:
    entries = []
    for kind, options in KINDS.items():
        height, width = (27, 35) if "odd" in kind else (32, 48)
        # Noise at half size is what a lens leaves of it.
        image = Image.fromarray(picture(7, height // 2, width // 2)).resize((width, height), Image.Resampling.BILINEAR)
        if "grey" in kind:
            image = image.convert("L")
        path = HERE / f"{kind}.jpg"
        image.save(path, quality=85, **options)
        pixels = numpy.asarray(Image.open(path).convert("RGB"))
        entries.append({"file": path.name, "size": [height, width], "pixels": pixels.tobytes().hex()})
    lines = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in entries)
    (HERE / "frames.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
