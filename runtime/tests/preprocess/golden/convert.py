"""Draws raw frames, converts them with whole numbers, resizes their regions with Pillow, and writes the answers as convert.json.

    pip install numpy==2.4.6 pillow==13.0.0
    python convert.py

A frame's bytes, padding included, are the upper bytes of SplitMix64's numbers. A colour is the formula's exact fraction,
rounded to the nearest whole number, halves up, and clipped. `fnv1a64` is over target height x width x 3 bytes.
"""

import fractions
import json
import pathlib
import random

import numpy
from PIL import Image

from resize import fnv1a64, split_mix

Fraction = fractions.Fraction
WEIGHTS = {"Bt601": (Fraction("0.299"), Fraction("0.114")), "Bt709": (Fraction("0.2126"), Fraction("0.0722"))}
FORMATS = ["Yuyv", "Uyvy", "Nv12", "Yu12", "Yuv422p", "Yuv444p", "Rgb3", "Bgr3", "Grey", "Y16"]


def weighted(parts: list[tuple[Fraction, numpy.ndarray]]) -> numpy.ndarray:
    """The sum of fractions times whole numbers, rounded and clipped."""
    whole = 2
    for share, _ in parts:
        whole = whole * share.denominator // numpy.gcd(whole, share.denominator)
    whole = int(whole)
    total = sum(int(share * whole) * numbers.astype(numpy.int64) for share, numbers in parts)
    return numpy.clip((total + whole // 2) // whole, 0, 255).astype(numpy.uint8)


def colours(y, cb, cr, matrix: str, span: str) -> numpy.ndarray:
    black, luminance, difference = (16, Fraction(255, 219), Fraction(255, 224)) if span == "Limited" else (0, 1, 1)
    y = y.astype(numpy.int64) - black
    luminance = Fraction(luminance)
    if cb is None:
        return numpy.repeat(weighted([(luminance, y)])[..., None], 3, axis=2)
    red, blue = WEIGHTS[matrix]
    green = 1 - red - blue
    cb, cr = cb.astype(numpy.int64) - 128, cr.astype(numpy.int64) - 128
    planes = [
        weighted([(luminance, y), (2 * (1 - red) * difference, cr)]),
        weighted([(luminance, y), (-2 * blue * (1 - blue) / green * difference, cb),
                  (-2 * red * (1 - red) / green * difference, cr)]),
        weighted([(luminance, y), (2 * (1 - blue) * difference, cb)]),
    ]
    return numpy.stack(planes, axis=2)


def planes_of(pixels: str, height: int, width: int, stride: int) -> list[tuple[int, int, int]]:
    """Rows, stride, and bytes of a row that count, of each plane."""
    half, rows = (width + 1) // 2, (height + 1) // 2
    half_stride = (stride + 1) // 2
    return {
        "Yuyv": [(height, stride, 4 * half)], "Uyvy": [(height, stride, 4 * half)],
        "Nv12": [(height, stride, 2 * half), (rows, stride, 2 * half)],
        "Yu12": [(height, stride, width)] + [(rows, half_stride, half)] * 2,
        "Yuv422p": [(height, stride, width)] + [(height, half_stride, half)] * 2,
        "Yuv444p": [(height, stride, width)] * 3,
        "Rgb3": [(height, stride, 3 * width)], "Bgr3": [(height, stride, 3 * width)],
        "Grey": [(height, stride, width)], "Y16": [(height, stride, 2 * width)],
    }[pixels]


def frame(pixels: str, height: int, width: int, stride: int, seed: int, matrix: str, span: str):
    """The converted frame, and how many bytes it needs: all but the padding of the last row."""
    layout = planes_of(pixels, height, width, stride)
    sizes = [rows * stride for rows, stride, _ in layout]
    data = split_mix(seed, sum(sizes)).astype(numpy.uint8)
    needed = sum(sizes) - layout[-1][1] + layout[-1][2]
    planes, start = [], 0
    for (rows, stride, row), size in zip(layout, sizes):
        planes.append(data[start:start + size].reshape(rows, stride)[:, :row])
        start += size
    twice = lambda plane, axis: numpy.repeat(plane, 2, axis=axis)
    first = planes[0]
    if pixels in ("Rgb3", "Bgr3"):
        rgb = first.reshape(height, width, 3)
        return (rgb if pixels == "Rgb3" else rgb[..., ::-1]), needed
    if pixels in ("Grey", "Y16"):
        y, cb, cr = (first if pixels == "Grey" else first[:, 1::2]), None, None
    elif pixels == "Yuyv":
        y, cb, cr = first[:, 0::2], twice(first[:, 1::4], 1), twice(first[:, 3::4], 1)
    elif pixels == "Uyvy":
        y, cb, cr = first[:, 1::2], twice(first[:, 0::4], 1), twice(first[:, 2::4], 1)
    elif pixels == "Nv12":
        y, cb, cr = first, twice(twice(planes[1][:, 0::2], 1), 0), twice(twice(planes[1][:, 1::2], 1), 0)
    elif pixels == "Yu12":
        y, cb, cr = first, twice(twice(planes[1], 1), 0), twice(twice(planes[2], 1), 0)
    elif pixels == "Yuv422p":
        y, cb, cr = first, twice(planes[1], 1), twice(planes[2], 1)
    else:
        y, cb, cr = planes
    y, cb, cr = (plane if plane is None else plane[:height, :width] for plane in (y, cb, cr))
    return colours(y, cb, cr, matrix, span), needed


def main() -> None:
    draw = random.Random(20261127)
    cases = []
    for seed in range(240):
        pixels = FORMATS[seed % len(FORMATS)]
        height, width = draw.randint(1, 60), draw.randint(1, 90)
        if seed < 40:
            height, width = [(48, 64), (33, 47), (1, 1), (2, 3)][seed // 10]
        stride = planes_of(pixels, height, width, 0)[0][2] + draw.choice([0, 0, 1, 2, 13])
        matrix, span = draw.choice(list(WEIGHTS)), draw.choice(["Limited", "Full"])
        x, y = draw.randrange(width), draw.randrange(height)
        region = [x, y, draw.randint(1, width - x), draw.randint(1, height - y)]
        if seed % 3 == 0:
            region = [0, 0, width, height]
        target = draw.choice([[draw.randint(1, 70), draw.randint(1, 70)], [region[3], region[2]],
                              [region[3], draw.randint(1, 70)], [draw.randint(1, 70), region[2]]])
        rgb, needed = frame(pixels, height, width, stride, seed, matrix, span)
        x, y, across, down = region
        image = Image.fromarray(numpy.ascontiguousarray(rgb[y:y + down, x:x + across]))
        resized = image.resize((target[1], target[0]), Image.Resampling.BILINEAR)
        cases.append({"seed": seed, "pixels": pixels, "size": [height, width], "stride": stride, "matrix": matrix,
                      "range": span, "bytes": needed, "region": region, "target": target,
                      "fnv1a64": fnv1a64(resized.tobytes())})
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    pathlib.Path(__file__).with_name("convert.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
