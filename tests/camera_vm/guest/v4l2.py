"""What the scenarios ask of a Video4Linux device: formats, controls, buffers, one raw frame. Only Python's own library.

Numbers and layouts are those of Linux's <linux/videodev2.h>, on 64-bit machines.
"""
import fcntl
import os
import struct

CAPTURE, OUTPUT = 1, 2
MMAP = 1
FIELD_NONE = 1
SRGB = 8

S_FMT = 0xC0D05605
REQBUFS = 0xC0145608
QUERYCTRL = 0xC0445624
G_CTRL = 0xC008561B
S_CTRL = 0xC008561C
STREAMON = 0x40045612
NEXT_CONTROL = 0x80000000

# Bytes per pixel of whole frames.
BYTES = {"YUYV": 2, "UYVY": 2, "NV12": 1.5, "YU12": 1.5, "RGB3": 3, "BGR3": 3, "GREY": 1, "Y16": 2}


def code(fourcc):
    """Four characters as a number; shorter names end in spaces."""
    return struct.unpack("<I", fourcc.ljust(4).encode())[0]


class Format:
    """What a driver says it delivers."""

    def __init__(self, pix):
        fields = struct.unpack("<2I4s5I", pix[:32])
        self.width, self.height, fourcc, _, self.stride, self.size, self.colorspace, _ = fields
        self.fourcc = fourcc.decode().rstrip()

    def __repr__(self):
        return f"{self.fourcc} {self.width}x{self.height}, stride {self.stride}, {self.size} bytes"


def set_format(handle, queue, fourcc, width, height, stride=0):
    """Asks for a format; returns what the driver made of it."""
    size = int(width * height * BYTES.get(fourcc, 2))
    pix = struct.pack("<8I", width, height, code(fourcc), FIELD_NONE, stride, size, SRGB, 0)
    # The union behind the queue's type is aligned to 8 bytes.
    answer = fcntl.ioctl(handle, S_FMT, struct.pack("<II", queue, 0) + pix.ljust(200, b"\0"))
    return Format(answer[8:])


def stream_on(handle, queue):
    fcntl.ioctl(handle, STREAMON, struct.pack("<I", queue))


def request_buffers(handle, count):
    """Takes the device: whoever has buffers is the only one who can stream. Returns how many it got."""
    answer = fcntl.ioctl(handle, REQBUFS, struct.pack("<5I", count, CAPTURE, MMAP, 0, 0))
    return struct.unpack("<5I", answer)[0]


def controls(handle):
    """Identifiers of all controls, by the name that `v4l2-ctl` shows."""
    found, identifier = {}, 0
    while True:
        query = struct.pack("<II", identifier | NEXT_CONTROL, 0).ljust(68, b"\0")
        try:
            answer = fcntl.ioctl(handle, QUERYCTRL, query)
        except OSError:
            return found
        identifier = struct.unpack("<I", answer[:4])[0]
        title = answer[8:40].split(b"\0")[0].decode().lower()
        words = "".join(letter if letter.isalnum() else " " for letter in title).split()
        found["_".join(words)] = identifier


def set_control(handle, identifier, value):
    fcntl.ioctl(handle, S_CTRL, struct.pack("<Ii", identifier, value))


def get_control(handle, identifier):
    return struct.unpack("<Ii", fcntl.ioctl(handle, G_CTRL, struct.pack("<Ii", identifier, 0)))[1]


def open_device(path):
    return os.open(path, os.O_RDWR | os.O_CLOEXEC)
