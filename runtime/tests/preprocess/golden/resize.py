"""Draws pictures, resizes them with Pillow's BILINEAR, and writes what came out as resize.json.

    pip install numpy==2.4.6 pillow==13.0.0
    python resize.py

A picture is drawn from its seed as `moead_model::self_test::picture` draws it. A grey case keeps the red plane only and
repeats it. `fnv1a64` is over the resized height x width x 3 bytes.
"""

import json
import pathlib
import random

import numpy
from PIL import Image

LATTICE = 16
ONE = 1 << 12


def split_mix(seed: int, count: int) -> numpy.ndarray:
    """The upper bytes of the first `count` numbers of SplitMix64."""
    with numpy.errstate(over="ignore"):
        z = numpy.uint64(seed) + numpy.arange(1, count + 1, dtype=numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> numpy.uint64(31))) >> numpy.uint64(56)).astype(numpy.int64)


def place(length: int) -> tuple[numpy.ndarray, numpy.ndarray]:
    fixed = numpy.arange(length) * (LATTICE - 1) * ONE // max(length - 1, 1)
    node = numpy.minimum(fixed // ONE, LATTICE - 2)
    return node, fixed - node * ONE


def picture(seed: int, height: int, width: int) -> numpy.ndarray:
    nodes = LATTICE * LATTICE * 3
    drawn = split_mix(seed, nodes + height * width * 3)
    lattice = drawn[:nodes].reshape(LATTICE, LATTICE, 3)
    noise = drawn[nodes:].reshape(height, width, 3)
    row, dy = place(height)
    column, dx = place(width)
    dy, dx = dy[:, None, None], dx[None, :, None]
    at = lambda down, right: lattice[row + down][:, column + right]
    upper = at(0, 0) * (ONE - dx) + at(0, 1) * dx
    lower = at(1, 0) * (ONE - dx) + at(1, 1) * dx
    smooth = (upper * (ONE - dy) + lower * dy) // (ONE * ONE)
    return ((3 * smooth + noise) // 4).astype(numpy.uint8)


def fnv1a64(data: bytes) -> str:
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def case(seed: int, source: tuple[int, int], target: tuple[int, int], grey: bool) -> dict:
    pixels = picture(seed, *source)
    image = Image.fromarray(pixels[..., 0].copy() if grey else pixels)
    resized = image.resize((target[1], target[0]), Image.Resampling.BILINEAR).convert("RGB")
    return {"seed": seed, "source": source, "target": target, "grey": grey, "fnv1a64": fnv1a64(resized.tobytes())}


def main() -> None:
    draw = random.Random(20240901)
    sizes = [
        # What people have: cameras to the input sizes of the published models.
        ((1080, 1920), (224, 224)), ((480, 640), (256, 256)), ((1024, 1024), (224, 224)), ((700, 900), (384, 256)),
        # One side kept, both kept, one pixel, one row.
        ((50, 60), (50, 60)), ((50, 60), (50, 31)), ((50, 60), (17, 60)), ((50, 60), (90, 60)), ((50, 60), (50, 99)),
        ((1, 1), (1, 1)), ((1, 1), (40, 30)), ((40, 30), (1, 1)), ((1, 200), (64, 64)), ((200, 1), (64, 64)),
        ((64, 64), (1, 200)), ((64, 64), (200, 1)), ((3, 5000), (7, 9)), ((5000, 3), (9, 7)),
    ]
    side = lambda most: max(1, round(most ** draw.random()))
    while len(sizes) < 220:
        sizes.append(((side(400), side(400)), (side(300), side(300))))
    cases = [case(seed, *pair, grey=seed % 4 == 3) for seed, pair in enumerate(sizes)]
    lines = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in cases)
    pathlib.Path(__file__).with_name("resize.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
