"""The driver `vivid`: cameras in software, with controls that break them."""
import contextlib
import glob
import os
import subprocess

import v4l2

DRIVER = "/sys/bus/platform/drivers/vivid"
ONE_CAMERA = "n_devs=1 node_types=0x1"


def call(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


class Vivid:
    """All cameras of the driver. Handles are closed after each use: an open one keeps its number from being used again."""

    def __init__(self, udev):
        self.udev = udev
        self.parameters = None

    def fresh(self, parameters=ONE_CAMERA):
        """Cameras as they are after loading the driver; returns the node of the first one."""
        if self.parameters == parameters and os.path.exists(f"{DRIVER}/vivid.0"):
            self.unbind()
            self.bind()
        else:
            call("modprobe", "-r", "vivid")
            call("modprobe", "vivid", *parameters.split())
            self.parameters = parameters
            self.settle()
        return self.nodes()[0]

    def nodes(self):
        """Of each camera, in order."""
        found = glob.glob("/sys/devices/platform/vivid.0/video4linux/video*")
        return [f"/dev/video{number}" for number in sorted(int(path.rpartition("video")[2]) for path in found)]

    def unbind(self):
        with open(f"{DRIVER}/unbind", "w", encoding="ascii") as file:
            file.write("vivid.0")
        self.settle()

    def bind(self):
        with open(f"{DRIVER}/bind", "w", encoding="ascii") as file:
            file.write("vivid.0")
        self.settle()

    def settle(self):
        """Waits until links and permissions are there too."""
        if self.udev:
            call("udevadm", "settle")

    def set(self, node=None, **values):
        """Sets controls by name; a button is pressed by setting it to 1."""
        with opened(node or self.nodes()[0]) as handle:
            known = v4l2.controls(handle)
            for name, value in values.items():
                v4l2.set_control(handle, known[name], value)

    def get(self, name, node=None):
        with opened(node or self.nodes()[0]) as handle:
            return v4l2.get_control(handle, v4l2.controls(handle)[name])

    def still(self, node=None):
        """Makes each frame the same: no text, no movement."""
        self.set(node, osd_text_mode=2)

    def moving(self, node=None):
        """Makes each frame another one, and none of them empty."""
        self.set(node, test_pattern=4, horizontal_movement=6)

    def capture(self, fourcc, width, height, stride=0, node=None):
        """One frame's bytes, with the format that the driver made of the request."""
        with opened(node or self.nodes()[0]) as handle:
            format = v4l2.set_format(handle, v4l2.CAPTURE, fourcc, width, height, stride)
            frame = b""
            while len(frame) < format.size:
                frame += os.read(handle, format.size - len(frame))
            return frame, format


@contextlib.contextmanager
def opened(node):
    handle = v4l2.open_device(node)
    try:
        yield handle
    finally:
        os.close(handle)


class Holder:
    """Another program that has the camera: a process that holds its buffers until it is told to let go."""

    def __init__(self, node):
        ready, tell = os.pipe()
        self.hold, self.release = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.close(self.release)
                handle = v4l2.open_device(node)
                while True:
                    try:
                        v4l2.request_buffers(handle, 2)
                        break
                    except OSError as error:
                        # Whoever has it now may give it back.
                        if error.errno != 16:
                            raise
                os.write(tell, b".")
                os.read(self.hold, 1)
            finally:
                os._exit(0)
        os.close(tell)
        os.close(self.hold)
        self.ready = ready

    def wait(self):
        """Returns when it has the camera."""
        os.read(self.ready, 1)
        return self

    def let_go(self):
        if self.pid:
            os.close(self.release)
            os.waitpid(self.pid, 0)
            os.close(self.ready)
            self.pid = 0
