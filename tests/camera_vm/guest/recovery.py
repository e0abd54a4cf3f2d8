"""Cameras that go away and come back, here or elsewhere, alone or to somebody else."""
import os
import time

from play import Loop, Player
from program import expect
from stage import scenario
from vivid import Holder, opened

LINE = "/dev/video20"
BY_PATH = "/dev/v4l/by-path/platform-vivid.0-video-index0"
SETTINGS = "?format=YUYV&size=320x180&fps=30"


def moving(stage, parameters="n_devs=1 node_types=0x1"):
    stage.vivid.fresh(parameters)
    nodes = stage.vivid.nodes()
    for node in nodes:
        stage.vivid.moving(node)
    return nodes


@scenario
def disconnect_and_return(stage):
    (node,) = moving(stage)
    with stage.edge("--source", f"cam=v4l2://{node}{SETTINGS}") as edge:
        for _ in range(3):
            edge.wait_results(3)
            stage.vivid.set(disconnect=1)
            edge.wait_event("lost")
            edge.wait_event("streaming")
        edge.wait_results(3)
        expect(edge.finish()["reconnects"] == 3, "three losses, and the summary tells of another number")


@scenario
def the_driver_is_taken_away_and_given_back(stage):
    (node,) = moving(stage)
    with stage.edge("--source", f"cam=v4l2://{node}{SETTINGS}") as edge:
        edge.wait_results(3)
        stage.vivid.unbind()
        edge.wait_event("lost")
        # Long enough for several attempts that find no device.
        time.sleep(2)
        stage.vivid.bind()
        stage.vivid.moving()
        expect(stage.vivid.nodes() == [node], f"the camera is now {stage.vivid.nodes()}: the program held the old node")
        edge.wait_event("streaming")
        edge.wait_results(3)
        edge.finish()


def come_back_elsewhere(stage, source):
    """Somebody holds the old node open, so that the camera gets another number."""
    (node,) = moving(stage)
    with stage.edge("--source", f"cam=v4l2://{source or node}{SETTINGS}") as edge:
        edge.wait_results(3)
        with opened(node):
            stage.vivid.unbind()
            edge.wait_event("lost")
            stage.vivid.bind()
            stage.vivid.moving()
            (elsewhere,) = stage.vivid.nodes()
            expect(elsewhere != node, f"the camera is {node} again: nothing was tried")
            edge.wait_event("streaming")
            edge.wait_results(3)
        edge.finish()


@scenario
def another_number_by_link(stage):
    come_back_elsewhere(stage, BY_PATH)


@scenario
def another_number_by_identity(stage):
    come_back_elsewhere(stage, None)


@scenario
def a_link_that_udev_did_not_make(stage):
    """A link below by-id, as USB cameras have one, moved by hand to where the camera is."""
    link = "/dev/v4l/by-id/usb-Test_Camera-video-index0"
    (node,) = moving(stage)
    os.makedirs(os.path.dirname(link), exist_ok=True)
    os.symlink(node, link)
    try:
        with stage.edge("--camera", link) as edge:
            edge.wait_results(3)
            with opened(node):
                stage.vivid.unbind()
                edge.wait_event("lost")
                os.unlink(link)
                stage.vivid.bind()
                stage.vivid.moving()
                os.symlink(stage.vivid.nodes()[0], link)
                edge.wait_event("streaming")
                edge.wait_results(3)
            edge.finish()
    finally:
        os.unlink(link)


@scenario
def somebody_else_takes_the_camera(stage):
    """After a loss another program is faster. It is waited for, and named."""
    (node,) = moving(stage)
    with stage.edge("--source", f"cam=v4l2://{node}{SETTINGS}") as edge:
        edge.wait_results(3)
        holder = Holder(node)
        try:
            stage.vivid.set(inject_fatal_streaming_error=1)
            holder.wait()
            busy = edge.wait("a status line that names the holder", lambda line: str(holder.pid) in (line.get("cause") or ""))
            expect(busy["event"] in ("lost", "connecting"), f"{busy}")
        finally:
            holder.let_go()
        edge.wait_event("streaming")
        edge.wait_results(3)
        edge.finish()


@scenario
def a_producer_that_stops_and_returns(stage):
    """A loopback device without a producer looks like no camera at all."""
    frames = [stage.read(f"pictures/YUYV_320x180_{number}.raw") for number in range(3)]
    loop = Loop(Player(LINE, "YUYV", 320, 180), 10, frames)
    try:
        with stage.edge("--camera", LINE, "--stall-timeout", "3s") as edge:
            edge.wait_results(3)
            loop.stop()
            edge.wait_event("lost")
            # Long enough for attempts that find no camera.
            time.sleep(2)
            loop = Loop(Player(LINE, "YUYV", 320, 180), 10, frames)
            edge.wait_event("streaming")
            edge.wait_results(3)
            edge.finish()
    finally:
        loop.stop()


@scenario
def one_of_two_cameras_fails(stage):
    """The other one goes on as if nothing had happened; each has its own counters."""
    first, second = moving(stage, "n_devs=2 node_types=0x1,0x1")
    sources = [f"{name}=v4l2://{node}{SETTINGS}" for name, node in (("left", first), ("right", second))]
    with stage.edge("--source", *sources) as edge:
        for name in ("left", "right"):
            edge.wait_results(3, source=name)
        stage.vivid.set(first, percentage_of_dropped_buffers=100)
        edge.wait_event("stalled", source="left")
        edge.wait_results(10, source="right")
        stage.vivid.set(first, percentage_of_dropped_buffers=0, disconnect=1)
        edge.wait_event("streaming", source="left")
        edge.wait_results(3, source="left")
        edge.process.send_signal(2)
        edge.end()
        left, right = edge.summary("left"), edge.summary("right")
        expect(right["reconnects"] == 0, f"{right}")
        judged = left["frames"]["judged"]
        expect(0 < judged < right["frames"]["judged"], f"{left} {right}")
