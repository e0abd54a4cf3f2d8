"""Writes one small picture of every kind, and pictures.json with what Pillow decodes from them.

    pip install numpy==2.4.6 pillow==13.0.0
    python make.py

`fnv1a64` is over height x width x 3 bytes: alpha dropped, grey repeated, the upper byte of 16 bits (by numpy: Pillow clips
16-bit grey), orientation applied. Lossy pictures have `pixels` instead: those bytes in hexadecimal, to compare closely.
"""

import json
import pathlib
import struct
import sys
import zlib

import numpy
from PIL import Image, ImageOps

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "golden"))
from resize import fnv1a64, picture  # noqa: E402

HEIGHT, WIDTH = 11, 14
ORIENTATION = 0x0112
ROWS_PER_STRIP = 0x0116
entries = []


def note(name: str, rgb: numpy.ndarray, lossy: bool = False) -> None:
    rgb = numpy.ascontiguousarray(rgb, dtype=numpy.uint8)
    answer = {"pixels": rgb.tobytes().hex()} if lossy else {"fnv1a64": fnv1a64(rgb.tobytes())}
    entries.append({"file": name, "size": rgb.shape[:2], **answer})


def decoded(name: str) -> numpy.ndarray:
    image = ImageOps.exif_transpose(Image.open(HERE / name))
    return numpy.asarray(image.convert("RGBA" if "transparency" in image.info else image.mode).convert("RGB")
                         if image.mode != "RGBA" else image)[..., :3]


def save(name: str, image: Image.Image, lossy: bool = False, **options) -> None:
    image.save(HERE / name, **options)
    note(name, decoded(name), lossy)


def png(name: str, pixels: numpy.ndarray, colour: int) -> None:
    """16-bit kinds, which Pillow does not write."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 16, colour, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    (HERE / name).write_bytes(b"\x89PNG\r\n\x1a\n" + data)


def bmp_rle8(name: str, grey: numpy.ndarray) -> None:
    """A run-length bitmap, which Pillow reads but does not write: runs of one, lowest row first."""
    rows = b"".join(b"".join(bytes((1, value)) for value in row) + b"\0\0" for row in grey[::-1]) + b"\0\1"
    palette = b"".join(bytes((value, value, value, 0)) for value in range(256))
    start = 14 + 40 + len(palette)
    header = struct.pack("<IiiHHIIiiII", 40, grey.shape[1], grey.shape[0], 1, 8, 1, len(rows), 0, 0, 256, 0)
    (HERE / name).write_bytes(b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start) + header + palette + rows)
    note(name, decoded(name))


def main() -> None:
    rgb = picture(1, HEIGHT, WIDTH)
    alpha = picture(2, HEIGHT, WIDTH)[..., :1]
    fine = picture(3, HEIGHT, WIDTH).astype(numpy.uint16)
    deep = rgb.astype(numpy.uint16) * 256 + fine
    deep_alpha = numpy.concatenate([deep, fine[..., :1] * 257], axis=2)
    colour = Image.fromarray(rgb)
    grey = colour.convert("L")
    clear = Image.fromarray(numpy.concatenate([rgb, alpha], axis=2))
    grey_clear = Image.merge("LA", (grey, clear.getchannel("A")))
    palette = colour.quantize(16)
    repeated = lambda plane: numpy.repeat(plane[..., None], 3, axis=2)

    save("grey.png", grey)
    save("grey_1bit.png", colour.convert("1"))
    save("grey_alpha.png", grey_clear)
    save("rgb.png", colour)
    save("rgba.png", clear)
    save("palette.png", palette)
    save("palette_transparent.png", palette, transparency=3)
    png("grey_16bit.png", deep[..., 0], 0)
    note("grey_16bit.png", repeated(deep[..., 0] >> 8))
    png("grey_alpha_16bit.png", deep_alpha[..., 2:], 4)
    note("grey_alpha_16bit.png", repeated(deep[..., 2] >> 8))
    png("rgb_16bit.png", deep, 2)
    note("rgb_16bit.png", deep >> 8)
    png("rgba_16bit.png", deep_alpha, 6)
    note("rgba_16bit.png", deep >> 8)

    save("grey.bmp", grey)
    save("grey_1bit.bmp", colour.convert("1"))
    save("palette.bmp", palette)
    save("rgb.bmp", colour)
    save("rgba.bmp", clear)
    bmp_rle8("run_length.bmp", numpy.asarray(grey))

    for compression in ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"]:
        save(f"rgb_{compression.removeprefix('tiff_')}.tiff", colour, compression=compression)
    save("grey.tiff", grey)
    save("grey_1bit.tiff", colour.convert("1"))
    save("rgba.tiff", clear)
    Image.fromarray(deep[..., 0]).save(HERE / "grey_16bit.tiff")
    note("grey_16bit.tiff", repeated(deep[..., 0] >> 8))

    save("lossless.webp", colour, lossless=True)
    save("lossless_alpha.webp", clear, lossless=True, exact=True)
    save("lossy.webp", colour, lossy=True, quality=90)
    save("lossy_alpha.webp", clear, lossy=True, quality=90, exact=True)

    save("grey.jpg", grey, lossy=True, quality=90)
    save("rgb_444.jpg", colour, lossy=True, quality=90, subsampling=0)
    save("rgb_420.jpg", colour, lossy=True, quality=90, subsampling=2)
    save("progressive.jpg", colour, lossy=True, quality=90, progressive=True)
    save("restarts.jpg", colour, lossy=True, quality=90, restart_marker_blocks=1)
    # Two strips, and their tables in a place of their own.
    save("grey_jpeg.tiff", grey, lossy=True, compression="jpeg", quality=90, tiffinfo={ROWS_PER_STRIP: 8})

    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        save(f"orientation_{orientation}.png", colour, exif=exif)
    exif[ORIENTATION] = 6
    save("orientation_6.jpg", colour, lossy=True, quality=90, subsampling=0, exif=exif)
    save("orientation_6.webp", colour, lossless=True, exif=exif)
    save("orientation_6.tiff", colour, tiffinfo={ORIENTATION: 6})

    lines = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in entries)
    (HERE / "pictures.json").write_text(f"[\n{lines}\n]\n")

    # Refused, or converted by a plain formula: no answer of Pillow's to compare with.
    Image.fromarray(rgb[..., 0].astype(numpy.float32)).save(HERE / "float.tiff")
    colour.convert("CMYK").save(HERE / "cmyk.jpg", quality=90)
    colour.save(HERE / "rgb.gif")


if __name__ == "__main__":
    main()
