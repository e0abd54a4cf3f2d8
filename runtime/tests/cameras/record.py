#!/usr/bin/env python3
"""Writes down what a video node answers, for tests to replay. Needs Python alone; asks the kernel itself.

usage: record.py /dev/video0 "WHERE: kernel, module, parameters" > DEVICE.json
       record.py /dev/video0 "WHERE" FORMAT WIDTH HEIGHT STRIDE [FORMAT WIDTH HEIGHT STRIDE]...   (VIDIOC_S_FMT as well)

Structures and numbers are those of include/uapi/linux/videodev2.h on 64-bit machines.
"""
import errno, fcntl, json, os, struct, sys

READ = {"YUYV", "UYVY", "NV12", "YU12", "RGB3", "BGR3", "GREY", "Y16 ", "MJPG", "JPEG"}
CAPTURE = 1


def ask(node, number, size, data, write=True):
    """The answer to an _IOWR (or _IOR) request, or None and the errno's name."""
    request = (3 if write else 2) << 30 | size << 16 | ord("V") << 8 | number
    assert len(data) <= size
    try:
        return fcntl.ioctl(node, request, data.ljust(size, b"\0")), None
    except OSError as error:
        return None, errno.errorcode[error.errno]


def text(data):
    return data.split(b"\0")[0].decode("utf-8", "replace")


def code(number):
    return struct.pack("<I", number).decode("latin-1")


def number(name):
    return struct.unpack("<I", name.encode("latin-1"))[0]


def listed(node, request, size, head):
    index = 0
    while (answer := ask(node, request, size, struct.pack("<I", index) + head)[0]) is not None:
        yield answer
        index += 1


def sizes(node, pixel_format):
    for answer in listed(node, 74, 44, struct.pack("<I", number(pixel_format))):
        kind = struct.unpack_from("<I", answer, 8)[0]
        values = struct.unpack_from("<6I", answer, 12)
        if kind == 1:
            entry = {"one": values[:2], "intervals": intervals(node, pixel_format, *values[:2])}
        else:
            least, most, step = (values[0], values[3]), (values[1], values[4]), (values[2], values[5])
            entry = {"least": least, "most": most, "step": step, "intervals": intervals(node, pixel_format, *most)}
        yield entry


def intervals(node, pixel_format, width, height):
    found = []
    for answer in listed(node, 75, 52, struct.pack("<3I", number(pixel_format), width, height)):
        kind = struct.unpack_from("<I", answer, 16)[0]
        values = struct.unpack_from("<6I", answer, 20)
        found.append(values[:2] if kind == 1 else {"shortest": values[:2], "longest": values[2:4]})
    return found


def layout(answer):
    names = ["width", "height", "format", "field", "stride", "bytes", "colour_space", "priv", "flags", "encoding",
             "quantization", "transfer"]
    pixels = dict(zip(names, struct.unpack_from("<12I", answer, 8)))
    pixels["format"] = code(pixels["format"])
    assert pixels.pop("priv") == 0xFEEDCAFE
    return pixels


def controls(node):
    last = 0
    while (answer := ask(node, 36, 68, struct.pack("<I", last | 0x80000000))[0]) is not None:
        last, kind = struct.unpack_from("<2I", answer)
        least, most, step, default, flags = struct.unpack_from("<4iI", answer, 40)
        if kind == 6:
            continue
        value = ask(node, 27, 8, struct.pack("<I", last))[0]
        items = []
        if kind in (3, 9):
            for item in range(least, most + 1):
                found = ask(node, 37, 44, struct.pack("<2I", last, item))[0]
                if found is not None:
                    title = text(found[8:40]) if kind == 3 else str(struct.unpack_from("<q", found, 8)[0])
                    items.append([item, title])
        yield {"id": last, "kind": kind, "title": text(answer[8:40]), "least": least, "most": most, "step": step,
               "default": default, "flags": flags, "items": items,
               "value": struct.unpack_from("<i", value, 4)[0] if value else None}


def main():
    device, where, asked = sys.argv[1], sys.argv[2], sys.argv[3:]
    node = os.open(device, os.O_RDWR | os.O_NONBLOCK)
    answer = ask(node, 0, 104, b"", write=False)[0]
    record = {"recorded": where, "capabilities": {
        "driver": text(answer[:16]), "card": text(answer[16:48]), "bus": text(answer[48:80]),
        "flags": struct.unpack_from("<I", answer, 88)[0]}, "formats": []}
    for answer in listed(node, 2, 64, struct.pack("<I", CAPTURE)):
        name = code(struct.unpack_from("<I", answer, 44)[0])
        # Sizes of what nobody reads would only be long.
        record["formats"].append({"format": name, "description": text(answer[12:44]),
                                  "sizes": list(sizes(node, name)) if name in READ else []})
    answer, refused = ask(node, 4, 208, struct.pack("<I", CAPTURE))
    record["layout"] = layout(answer) if answer else refused
    answer, refused = ask(node, 21, 204, struct.pack("<I", CAPTURE))
    record["interval"] = struct.unpack_from("<2I", answer, 12) if answer else refused
    record["controls"] = list(controls(node))
    record["set_layout"] = []
    for index in range(0, len(asked), 4):
        name, (width, height, stride) = asked[index], map(int, asked[index + 1:index + 4])
        wish = struct.pack("<2I12I", CAPTURE, 0, width, height, number(name), 1, stride, 0, 0, 0xFEEDCAFE, 0, 0, 0, 0)
        answer, refused = ask(node, 5, 208, wish)
        record["set_layout"].append({"format": name, "width": width, "height": height, "stride": stride,
                                     "answer": layout(answer) if answer else refused})
    print("{" + ",\n ".join(f"{json.dumps(key)}: {lines(value)}" for key, value in record.items()) + "}")


def lines(value):
    """One entry a line."""
    if isinstance(value, list) and value:
        return "[\n  " + ",\n  ".join(map(json.dumps, value)) + "]"
    return json.dumps(value)


main()
