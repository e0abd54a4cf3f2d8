"""Plays frames into a v4l2loopback device, byte for byte.

usage: play.py DEVICE FOURCC WIDTHxHEIGHT FPS STEP…

A STEP is one of
  FILE           one frame: raw pixels in an uncompressed format, a JPEG file in MJPG
  again:N        the last frame N times more
  cut:FILE       the first half of a frame
  bare:FILE      a JPEG file without its Huffman tables, as many cameras send it
  spoilt:FILE    a frame with 60 bytes of zeros in the middle
  pause:SECONDS  nothing is sent
  close          the device is given back, and taken again for the next frame
  round          back to the first step, for ever

Frames of another size than the device was told are sent as they are: that is how a producer changes the size without a word.
Prints `playing` once the device has taken the format.
"""
import itertools
import os
import sys
import threading
import time

import v4l2


class Player:
    """The producer's end of a device."""

    def __init__(self, device, fourcc, width, height):
        self.device, self.asked = device, (fourcc, width, height)
        self.handle = None
        self.open()

    def open(self):
        if self.handle is None:
            self.format = self.take()
            # Only then does the driver notice later that its producer has left, and let the next one in.
            v4l2.stream_on(self.handle, v4l2.OUTPUT)

    def take(self):
        """Opens the device and sets the format. While a reader has the device open, if only to look at it, the driver refuses
        another size of buffers, or says yes and keeps the old format; it forgets that one when nobody has the device open any
        more, so a refused producer must let go too."""
        deadline = time.monotonic() + 20
        while True:
            self.handle = v4l2.open_device(self.device)
            try:
                taken, refusal = v4l2.set_format(self.handle, v4l2.OUTPUT, *self.asked), None
            except OSError as error:
                taken, refusal = None, error
            if taken is not None and (taken.fourcc, taken.width, taken.height) == self.asked:
                return taken
            self.close()
            if time.monotonic() >= deadline:
                raise refusal or OSError(f"asked for {self.asked}, the driver keeps {taken}")
            time.sleep(0.02)

    def send(self, frame):
        self.open()
        os.write(self.handle, frame)

    def close(self):
        if self.handle is not None:
            os.close(self.handle)
            self.handle = None


class Loop:
    """Plays frames round and round in a thread; they can be exchanged while it runs."""

    def __init__(self, player, fps, frames):
        self.player, self.period, self.frames = player, 1 / fps, list(frames)
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        for number in itertools.count():
            frames = self.frames
            if frames:
                self.player.send(frames[number % len(frames)])
            if self.over.wait(self.period):
                return

    def stop(self):
        """Stops and gives the device back."""
        self.over.set()
        self.thread.join()
        self.player.close()


def cut(frame):
    return frame[: len(frame) // 2]


def spoilt(frame):
    middle = len(frame) // 2
    return frame[:middle] + bytes(60) + frame[middle + 60 :]


def bare(jpeg):
    """Leaves out the segments DHT ahead of the picture's data."""
    kept, at = bytearray(jpeg[:2]), 2
    while jpeg[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if jpeg[at + 1] != 0xC4:
            kept += jpeg[at:end]
        at = end
    return bytes(kept + jpeg[at:])


DAMAGE = {"cut": cut, "bare": bare, "spoilt": spoilt}


def read(path):
    with open(path, "rb") as file:
        return file.read()


def main(device, fourcc, size, fps, *steps):
    player = Player(device, fourcc, *map(int, size.split("x")))
    print("playing", player.format, flush=True)
    frame, due = b"", time.monotonic()

    def send():
        nonlocal due
        player.send(frame)
        due = max(due + 1 / float(fps), time.monotonic() - 1)
        time.sleep(max(0, due - time.monotonic()))

    at = 0
    while at < len(steps):
        word, _, value = steps[at].partition(":")
        at += 1
        if word == "round":
            at = 0
        elif word == "close":
            player.close()
        elif word == "pause":
            time.sleep(float(value))
        elif word == "again":
            for _ in range(int(value)):
                send()
        else:
            frame = DAMAGE[word](read(value)) if word in DAMAGE else read(steps[at - 1])
            send()


if __name__ == "__main__":
    if len(sys.argv) < 6:
        sys.exit(__doc__)
    main(*sys.argv[1:])
