"""What is refused at the start, with one error that says why; and what the machine has, as `moead-edge devices` lists it."""
import json
import os
import signal

from play import Loop, Player
from program import expect
from stage import scenario
from vivid import ONE_CAMERA, Holder

LINE, OTHER_LINE = "/dev/video20", "/dev/video21"


def refused(stage, source, *words, **popen):
    """One error, status 1, nothing on standard output but perhaps status lines."""
    edge = stage.run("--source", source, status=1, **popen)
    said = edge.said()
    expect(said.count("error:") == 1, f"not one error: {said!r}")
    for word in words:
        expect(word in said, f"{word!r} is missing: {said!r}")
    expect(not edge.results(), f"{edge.results()}")
    return said


@scenario
def no_such_device(stage):
    node = stage.vivid.fresh()
    refused(stage, "v4l2:///dev/video99", "/dev/video99", "no such device", node)


@scenario
def not_a_video_device(stage):
    refused(stage, "v4l2:///dev/null", "/dev/null", "not a camera")


@scenario
def an_output(stage):
    """Nodes of type 0x100 take pictures."""
    stage.vivid.fresh("n_devs=1 node_types=0x100")
    refused(stage, f"v4l2://{stage.vivid.nodes()[0]}", "not a camera", "vivid")


@scenario
def several_planes(stage):
    """Multi-planar: the driver is named."""
    node = stage.vivid.fresh("n_devs=1 node_types=0x1 multiplanar=2")
    refused(stage, f"v4l2://{node}", node, "vivid", "plane")


@scenario
def a_format_that_is_not_offered(stage):
    node = stage.vivid.fresh()
    refused(stage, f"v4l2://{node}?format=MJPG", node, "MJPG", "YUYV")


@scenario
def a_size_that_is_not_offered(stage):
    node = stage.vivid.fresh()
    refused(stage, f"v4l2://{node}?format=YUYV&size=111x222", node, "111x222", "320x180")


@scenario
def a_rate_that_is_not_offered(stage):
    """vivid has 12.5 frames a second at most at that size."""
    node = stage.vivid.fresh()
    refused(stage, f"v4l2://{node}?format=YUYV&size=1280x720&fps=30", node, "30 fps", "12.5")


@scenario
def a_loopback_that_nobody_feeds(stage):
    """Refused at the start, as it may be the wrong node; waited for when that is asked."""
    refused(stage, f"v4l2://{OTHER_LINE}", OTHER_LINE, "not a camera")
    with stage.edge("--camera", OTHER_LINE, "--wait-for-cameras") as edge:
        edge.wait_event("lost")
        frames = [stage.read(f"pictures/YUYV_64x64_{number}.raw") for number in range(3)]
        loop = Loop(Player(OTHER_LINE, "YUYV", 64, 64), 10, frames)
        try:
            edge.wait_event("streaming")
            edge.wait_results(3)
            edge.finish()
        finally:
            loop.stop()


@scenario
def a_region_outside_of_the_frame(stage):
    node = stage.vivid.fresh()
    refused(stage, f"v4l2://{node}?format=YUYV&size=320x180&roi=300,0,40,40", "300,0", "320x180")


@scenario
def controls(stage):
    """Set and read back; unknown names with the nearest ones, values with the range."""
    node = stage.vivid.fresh()
    edge = stage.run("--source", f"v4l2://{node}?gain_automatic=0&gain=77&brightness=33", "--frames", "2")
    found = {name: stage.vivid.get(name) for name in ("gain_automatic", "gain", "brightness")}
    expect(found == {"gain_automatic": 0, "gain": 77, "brightness": 33}, f"{found}; {edge.said()}")
    refused(stage, f"v4l2://{node}?brightnes=1", "brightnes", "brightness")
    refused(stage, f"v4l2://{node}?brightness=256", "brightness", "256", "255")


@scenario
def no_permission(stage):
    """The group that may open the device is named: with udev it is `video`."""
    node = stage.vivid.fresh()
    refused(stage, f"v4l2://{node}", node, "permission", "video", user=65534, group=65534, extra_groups=[])


@scenario
def another_program_has_it(stage):
    node = stage.vivid.fresh()
    holder = Holder(node).wait()
    try:
        refused(stage, f"v4l2://{node}?format=YUYV&size=320x180", node, "busy", str(holder.pid))
    finally:
        holder.let_go()


@scenario
def the_program_itself_has_it(stage):
    """Two runs on one camera: the second one names the first."""
    node = stage.vivid.fresh()
    with stage.edge("--camera", node) as first:
        first.wait_results(1)
        refused(stage, f"v4l2://{node}", "busy", str(first.process.pid), "moead-edge")
        first.wait_results(3)
        first.finish(signal.SIGINT)


@scenario
def a_list_of_cameras(stage):
    """Cameras with driver, bus, formats, sizes, rates and controls, as JSON and for people."""
    node = stage.vivid.fresh(ONE_CAMERA)
    frame = stage.read("pictures/MJPG_320x180_0.jpg")
    loop = Loop(Player(LINE, "MJPG", 320, 180), 10, [frame])
    try:
        status, listed, said = stage.bare("devices", "--json")
        text_status, text, _ = stage.bare("devices")
    finally:
        loop.stop()
    expect((status, text_status) == (0, 0), f"status {status} and {text_status}: {said}")
    json.loads(listed)
    for word in (node, "vivid", LINE):
        expect(word in text, f"{word!r} is missing: {text[:2000]}")
    for word in (node, "vivid", "platform:vivid-000", "YUYV", "320", "brightness", LINE, "MJPG"):
        expect(word in listed, f"{word!r} is missing: {listed[:2000]}")
