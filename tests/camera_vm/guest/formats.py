"""What frames look like: pixel formats, strides, sizes, colour spaces, Motion JPEG whole and broken."""
import v4l2
from play import Loop, Player, bare, cut, spoilt
from program import expect
from stage import EXPORTED, scenario
from vivid import opened

LINE = "/dev/video20"

# The same pixels and the same network, on two processors that round differently.
EQUAL = 2e-5
# A few pixels that differ by 1 of 255: colours in between, and a picture that is shrunk on the way.
NEARLY = 1e-4


def camera(node, **settings):
    return "v4l2://" + node + "?" + "&".join(f"{name}={value}" for name, value in settings.items())


def captured(stage, fourcc, stride=0, matrix=601, range=None):
    """A frame of the camera as it is now, put where the host finds it."""
    frame, format = stage.vivid.capture(fourcc, 320, 180, stride)
    name = f"captured_{len(stage.scores)}.raw"
    stage.write(name, frame)
    return {"file": name, "layout": layout(fourcc, format.width, format.height, format.stride, matrix, range)}


def layout(fourcc, width, height, stride=None, matrix=601, range=None):
    """As drivers have it that say nothing else: black is 16 where there is chroma, and 0 in grey (vivid draws both so)."""
    packed = {"YUYV": 2, "UYVY": 2, "RGB3": 3, "BGR3": 3, "Y16": 2}.get(fourcc, 1)
    range = range or ("full" if fourcc in ("GREY", "Y16") else "limited")
    stride = stride or packed * width
    return {"format": fourcc, "width": width, "height": height, "stride": stride, "matrix": matrix, "range": range}


def played(fourcc, width, height, region=None):
    """The pictures that are played in a format, as the host knows them."""
    if fourcc == "MJPG":
        names = [f"pictures/MJPG_{width}x{height}_{number}.jpg" for number in range(3)]
        return [{"file": name, "layout": None, "region": region} for name in names]
    names = [f"pictures/{fourcc}_{width}x{height}_{number}.raw" for number in range(3)]
    return [{"file": name, "layout": layout(fourcc, width, height), "region": region} for name in names]


def vivid_format(stage, fourcc):
    """A still picture of a camera: every frame has the score that its bytes have as a file."""
    node = stage.vivid.fresh()
    stage.vivid.still()
    picture = captured(stage, fourcc)
    edge = stage.run("--source", camera(node, format=fourcc, size="320x180", fps=10), "--frames", "4", "--policy", "never")
    agreed = next(line for line in edge.lines if line.get("event") == "streaming")
    expect(fourcc in agreed["cause"] and "320x180" in agreed["cause"], f"agreed: {agreed}")
    expect(len(edge.results()) == 4 and edge.summary()["frames"]["corrupt"] == 0, f"{edge.summary()}")
    stage.expect_scores(edge, [picture], NEARLY)


@scenario
def yuyv(stage):
    vivid_format(stage, "YUYV")


@scenario
def uyvy(stage):
    vivid_format(stage, "UYVY")


@scenario
def nv12(stage):
    vivid_format(stage, "NV12")


@scenario
def yu12(stage):
    vivid_format(stage, "YU12")


@scenario
def rgb3(stage):
    vivid_format(stage, "RGB3")


@scenario
def bgr3(stage):
    vivid_format(stage, "BGR3")


@scenario
def grey(stage):
    vivid_format(stage, "GREY")


@scenario
def y16(stage):
    vivid_format(stage, "Y16")


@scenario
def padded_lines(stage):
    """A stride that is longer than a row's pixels: asked for, granted, and skipped over."""
    node = stage.vivid.fresh()
    stage.vivid.still()
    for fourcc, stride in (("YUYV", 1280), ("NV12", 512)):
        picture = captured(stage, fourcc, stride)
        expect(picture["layout"]["stride"] == stride, f"vivid granted {picture['layout']}")
        source = camera(node, format=fourcc, size="320x180", fps=10, stride=stride)
        stage.expect_scores(stage.run("--source", source, "--frames", "3"), [picture], NEARLY)


@scenario
def a_stride_that_somebody_left(stage):
    """The driver keeps the last program's stride; it is not inherited in silence, or it is read right."""
    node = stage.vivid.fresh()
    stage.vivid.still()
    picture = captured(stage, "GREY")
    with opened(node) as handle:
        v4l2.set_format(handle, v4l2.CAPTURE, "GREY", 640, 360, 2560)
    edge = stage.run("--source", camera(node, format="GREY", size="320x180", fps=10), "--frames", "3")
    stage.expect_scores(edge, [picture], NEARLY)


@scenario
def bt709_and_full_range(stage):
    """Colour spaces as the driver says: V4L2_YCBCR_ENC_709 is 3rd in vivid's menu, V4L2_QUANTIZATION_FULL_RANGE 2nd."""
    for matrix, range, controls in (
        (709, "limited", {"y_cbcr_encoding": 2}),
        (601, "full", {"quantization": 1}),
        (709, "full", {"y_cbcr_encoding": 2, "quantization": 1}),
    ):
        node = stage.vivid.fresh()
        stage.vivid.still()
        stage.vivid.set(**controls)
        picture = captured(stage, "YUYV", matrix=matrix, range=range)
        source = camera(node, format="YUYV", size="320x180", fps=10)
        stage.expect_scores(stage.run("--source", source, "--frames", "3"), [picture], NEARLY)


@scenario
def a_mode_is_chosen_by_cost(stage):
    """Nothing is asked: the smallest mode that is not below the network's input, uncompressed, as fast as asked."""
    node = stage.vivid.fresh()
    edge = stage.run("--camera", node, "--frames", "3")
    agreed = next(line for line in edge.lines if line.get("event") == "streaming")
    expect("320x180" in agreed["cause"] and "30 fps" in agreed["cause"], f"agreed: {agreed}")


def played_format(stage, fourcc, width, height, tolerance):
    """Known pictures, byte for byte: scores are those of the same pictures as files."""
    pictures = played(fourcc, width, height)
    loop = Loop(Player(LINE, fourcc, width, height), 10, [stage.read(picture["file"]) for picture in pictures])
    try:
        edge = stage.run("--camera", LINE, "--frames", "9", "--policy", "oldest")
        expect(edge.summary()["frames"]["corrupt"] == 0, f"{edge.summary()}")
        stage.expect_scores(edge, pictures, tolerance)
    finally:
        loop.stop()


@scenario
def known_pictures_of_the_networks_size(stage):
    for fourcc in ("YUYV", "UYVY", "NV12", "YU12", "RGB3", "BGR3", "GREY", "Y16", "MJPG"):
        played_format(stage, fourcc, 64, 64, EQUAL)


@scenario
def known_pictures_on_an_exported_model(stage):
    """The network as it is exported. Under emulation it takes its time, so once will do."""
    pictures = played("YUYV", 64, 64)
    loop = Loop(Player(LINE, "YUYV", 64, 64), 2, [stage.read(picture["file"]) for picture in pictures])
    try:
        edge = stage.run("--camera", LINE, "--frames", "6", "--policy", "oldest", model=EXPORTED)
        stage.expect_scores(edge, pictures, 1e-4, model=EXPORTED)
    finally:
        loop.stop()


@scenario
def known_pictures_that_are_shrunk(stage):
    for fourcc in ("YUYV", "RGB3", "MJPG"):
        played_format(stage, fourcc, 320, 180, NEARLY)


@scenario
def a_region_of_interest(stage):
    """The score is that of the region cut out of the file."""
    region = [30, 40, 128, 96]
    pictures = played("YUYV", 320, 180, region)
    loop = Loop(Player(LINE, "YUYV", 320, 180), 10, [stage.read(picture["file"]) for picture in pictures])
    try:
        edge = stage.run("--source", camera(LINE, roi="30,40,128,96"), "--frames", "9", "--policy", "oldest")
        stage.expect_scores(edge, pictures, NEARLY)
    finally:
        loop.stop()


@scenario
def broken_jpeg_frames_are_counted_and_skipped(stage):
    """Cut frames must not become grey halves; frames without Huffman tables are whole ones."""
    pictures = played("MJPG", 320, 180)
    first, second, third = (stage.read(picture["file"]) for picture in pictures)
    frames = [first, cut(second), bare(second), b"\xff\xd8", spoilt(b""), third, bytes(5000)]
    loop = Loop(Player(LINE, "MJPG", 320, 180), 10, [frame for frame in frames if frame])
    try:
        with stage.edge("--camera", LINE, "--policy", "oldest") as edge:
            edge.wait_results(12)
            summary = edge.finish()
            broken, received = summary["frames"]["corrupt"], summary["frames"]["received"]
            expect(received / 4 <= broken <= 3 * received / 4, f"three of six frames are broken: {summary}")
            expect(summary["reconnects"] == 0, f"broken frames alone are no reason to close the camera: {summary}")
            stage.expect_scores(edge, pictures, NEARLY)
    finally:
        loop.stop()


@scenario
def a_size_that_changes_without_a_word(stage):
    """The producer goes on with smaller frames. They are never judged by the old size, and once the device has been opened
    anew with theirs they are judged by it."""
    large, small = played("YUYV", 320, 180), played("YUYV", 64, 64)
    loop = Loop(Player(LINE, "YUYV", 320, 180), 10, [stage.read(picture["file"]) for picture in large])
    try:
        with stage.edge("--camera", LINE, "--policy", "oldest", "--stall-timeout", "3s") as edge:
            edge.wait_results(5)
            loop.frames = [stage.read(picture["file"]) for picture in small]
            edge.wait_event("stalled", "lost")
            loop.stop()
            loop = Loop(Player(LINE, "YUYV", 64, 64), 10, [stage.read(picture["file"]) for picture in small])
            agreed = edge.wait_event("streaming")
            while "64x64" not in agreed["cause"]:
                agreed = edge.wait_event("streaming")
            edge.wait_results(6)
            summary = edge.finish()
            expect(summary["reconnects"] > 0, f"{summary}")
            stage.expect_scores(edge, large + small, NEARLY)
    finally:
        loop.stop()
