"""Cameras that stay in their place and misbehave: lost and broken frames, refused calls, odd counters, nothing to be seen."""
import signal
import time

from play import Loop, Player
from program import Failed, expect, is_result, memory
from stage import scenario

LINE = "/dev/video20"


def source(node, fps=30):
    return ["--source", f"cam=v4l2://{node}?format=YUYV&size=320x180&fps={fps}"]


def moving(stage):
    node = stage.vivid.fresh()
    stage.vivid.moving()
    return node


@scenario
def half_of_the_buffers_are_dropped(stage):
    """Lost frames are counted by the gaps that they leave; nothing else happens."""
    node = moving(stage)
    stage.vivid.set(percentage_of_dropped_buffers=50)
    with stage.edge(*source(node), "--policy", "oldest") as edge:
        # Each frame is lost by chance: nobody knows how many of the next ones are.
        for number in range(5):
            edge.wait(f"gap {number + 1} of 5", lambda line: is_result(line) and line["dropped_since_last"] > 0)
        summary = edge.finish()
        expect(summary["frames"]["dropped"]["driver"] >= 5, f"gaps were not counted: {summary}")
        expect(summary["reconnects"] == 0, f"{summary}")


@scenario
def all_buffers_are_dropped_for_a_while(stage):
    """A stall that ends by itself before the watchdog's time: told, and the stream goes on without being opened anew."""
    node = moving(stage)
    with stage.edge(*source(node), "--stall-timeout", "60s") as edge:
        edge.wait_results(3)
        stage.vivid.set(percentage_of_dropped_buffers=100)
        edge.wait_event("stalled")
        stage.vivid.set(percentage_of_dropped_buffers=0)
        edge.wait_event("streaming")
        edge.wait_results(5)
        summary = edge.finish()
        expect(summary["reconnects"] == 0, f"{summary}")


@scenario
def a_stall_that_outlasts_the_watchdog(stage):
    """The camera is closed and opened again, until it delivers."""
    node = moving(stage)
    with stage.edge(*source(node), "--stall-timeout", "3s") as edge:
        edge.wait_results(3)
        stage.vivid.set(percentage_of_dropped_buffers=100)
        lost = edge.wait_event("lost")
        expect("waiting for a frame" in lost["cause"], f"the last stage is not named: {lost}")
        stage.vivid.set(percentage_of_dropped_buffers=0)
        edge.wait_event("streaming")
        edge.wait_results(5)
        expect(edge.finish()["reconnects"] >= 1, "the summary does not tell of it")


@scenario
def a_frame_that_is_marked_as_broken(stage):
    node = moving(stage)
    with stage.edge(*source(node), "--policy", "oldest") as edge:
        for _ in range(3):
            edge.wait_results(10)
            stage.vivid.set(inject_v4l2_buf_flag_error=1)
        edge.wait_results(10)
        summary = edge.finish()
        expect(1 <= summary["frames"]["corrupt"] <= 3, f"{summary}")
        expect(summary["reconnects"] == 0, f"{summary}")


@scenario
def calls_that_are_refused_at_the_start(stage):
    """A driver that refuses a call once: the next attempt succeeds, or the error names the call."""
    for name, call in (("reqbufs", "REQBUFS"), ("qbuf", "QBUF"), ("streamon", "STREAMON")):
        node = moving(stage)
        stage.vivid.set(**{f"inject_vidioc_{name}_error": 1})
        with stage.edge(*source(node), "--frames", "5", "--policy", "never") as edge:
            try:
                edge.wait_results(3)
            except Failed:
                edge.end(status=1)
                expect(call in edge.said(), f"the refused {call} is not named: {edge.said()}")


@scenario
def calls_that_are_refused_while_it_runs(stage):
    """QBUF in the stream; REQBUFS and STREAMON when it is opened again after a loss."""
    for name in ("qbuf", "reqbufs", "streamon"):
        node = moving(stage)
        with stage.edge(*source(node)) as edge:
            edge.wait_results(3)
            stage.vivid.set(**{f"inject_vidioc_{name}_error": 1})
            if name != "qbuf":
                stage.vivid.set(inject_fatal_streaming_error=1)
                edge.wait_event("lost")
                edge.wait_event("streaming")
            edge.wait_results(30)
            edge.finish()


@scenario
def a_fatal_error_of_the_stream(stage):
    node = moving(stage)
    with stage.edge(*source(node)) as edge:
        for _ in range(3):
            edge.wait_results(3)
            stage.vivid.set(inject_fatal_streaming_error=1)
            edge.wait_event("lost")
            edge.wait_event("streaming")
        edge.wait_results(3)
        expect(edge.finish()["reconnects"] == 3, "three losses, and the summary tells of another number")


@scenario
def a_signal_during_the_wait(stage):
    """SIGTERM while no frame comes ends the run with a summary; a process that is stopped for a while goes on."""
    node = moving(stage)
    with stage.edge(*source(node)) as edge:
        edge.wait_results(3)
        edge.process.send_signal(signal.SIGSTOP)
        time.sleep(1)
        edge.process.send_signal(signal.SIGCONT)
        edge.wait_results(10)
        stage.vivid.set(percentage_of_dropped_buffers=100)
        edge.wait_event("stalled")
        summary = edge.finish(signal.SIGTERM)
        expect(summary["reconnects"] == 0, f"{summary}")


@scenario
def counters_that_wrap(stage):
    """Sequence numbers begin 128 below 2^32, and time stamps at 9.2e9 seconds: no gap, no age that makes no sense."""
    node = moving(stage)
    stage.vivid.set(wrap_sequence_number=1, wrap_timestamp=1)
    with stage.edge(*source(node)) as edge:
        edge.wait("frame 200", lambda line: line.get("frame", 0) >= 200)
        summary = edge.finish()
        frames = summary["frames"]
        expect(frames["dropped"]["driver"] < 200 and frames["repeated"] == 0, f"{summary}")
        ages = [line["latency_ms"]["age"] for line in edge.results()]
        expect(all(0 <= age < 60_000 for age in ages), f"ages from {min(ages)} to {max(ages)} ms")


@scenario
def time_stamps_of_the_future(stage):
    """vivid stamps the end of a frame that it has not finished yet: an age is never below zero."""
    node = moving(stage)
    with stage.edge(*source(node, fps=5), "--frames", "5") as edge:
        edge.end()
        ages = [line["latency_ms"]["age"] for line in edge.results()]
        expect(ages and all(age >= 0 for age in ages), f"{ages}")


@scenario
def frames_that_do_not_change(stage):
    """Frozen: told, and without verdicts until something moves again."""
    node = moving(stage)
    with stage.edge(*source(node), "--frozen-after", "2s") as edge:
        edge.wait_results(3)
        stage.vivid.set(horizontal_movement=3, osd_text_mode=2)
        edge.wait_event("frozen")
        blind = edge.wait_results(1)[0]
        expect(blind["verdict"] is None and "frozen" in blind["cause"], f"{blind}")
        stage.vivid.moving()
        edge.wait_event("streaming")
        seen = edge.wait_results(1)[0]
        expect(seen["verdict"] == "ok", f"{seen}")
        edge.finish()


@scenario
def frames_that_show_nothing(stage):
    """All black and all white, with a moving counter of one line: nothing that could be judged."""
    node = moving(stage)
    with stage.edge(*source(node)) as edge:
        edge.wait_results(3)
        for pattern, event in ((5, "dark"), (6, "saturated")):
            stage.vivid.set(test_pattern=pattern, osd_text_mode=2)
            edge.wait_event(event)
            blind = edge.wait_results(1)[0]
            expect(blind["verdict"] is None and event in blind["cause"], f"{blind}")
        stage.vivid.moving()
        edge.wait_event("streaming")
        edge.finish()


@scenario
def frames_that_are_handed_out_again(stage):
    """A loopback device that repeats the last frame when the producer is slow: not new frames, and not gaps. Only at the
    start the device leaves some out."""
    frames = [stage.read(f"pictures/YUYV_64x64_{number}.raw") for number in range(3)]
    stage.vivid.set(LINE, keep_format=1, sustain_framerate=1)
    loop = Loop(Player(LINE, "YUYV", 64, 64), 2, frames)
    try:
        with stage.edge("--camera", LINE, "--policy", "oldest") as edge:
            edge.wait_results(8)
            summary = edge.finish()
            expect(summary["frames"]["repeated"] > 0, f"{summary}")
            gaps = [line["dropped_since_last"] for line in edge.results()[2:]]
            expect(not any(gaps), f"gaps where none are: {gaps}; {summary}")
    finally:
        loop.stop()
        stage.vivid.set(LINE, keep_format=0, sustain_framerate=0)


@scenario
def a_loss_may_end_the_run(stage):
    node = moving(stage)
    with stage.edge(*source(node), "--exit-on-loss") as edge:
        edge.wait_results(3)
        stage.vivid.set(disconnect=1)
        edge.end(status=1)
        expect("error:" in edge.said(), f"{edge.said()!r}")
        edge.summary()


@scenario
def frames_that_keep_coming(stage):
    """A longer run, with a loss every now and then: memory does not grow."""
    node = moving(stage)
    with stage.edge(*source(node)) as edge:
        edge.wait("frame 100", lambda line: line.get("frame", 0) >= 100)
        before = memory(edge.process)
        for frame in (200, 300, 400):
            stage.vivid.set(inject_fatal_streaming_error=1)
            edge.wait(f"frame {frame}", lambda line: line.get("frame", 0) >= frame)
        after = memory(edge.process)
        summary = edge.finish()
        expect(after - before < 4 << 20, f"{before} bytes after 100 frames, {after} after 400")
        expect(summary["reconnects"] == 3, f"{summary}")
