"""Draws 1280x720 frames, and prepares one per line of standard input: opencv_peer.py FOLDER

`draw` writes frame files into the folder; `yuyv 224 224`, `nv12 …`, `jpg …` convert or decode that file's bytes and resize
them with INTER_AREA. Each line is answered with the CPU seconds that it took. Needs numpy and opencv-python-headless.
"""
import pathlib
import sys
import time

import cv2
import numpy as np

HEIGHT, WIDTH = 720, 1280
cv2.setNumThreads(1)


def draw() -> None:
    """A smooth scene with discs and a sensor's noise."""
    random = np.random.default_rng(1)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    planes = [128 + 60 * np.sin(x / 97) + 40 * np.cos(y / 61), 120 + 70 * np.sin((x + y) / 133),
              110 + 50 * np.cos(x / 51) * np.sin(y / 77)]
    scene = np.stack(planes, axis=2)
    for _ in range(200):
        column, row, radius = random.integers(0, WIDTH), random.integers(0, HEIGHT), random.integers(5, 60)
        scene[(x - column) ** 2 + (y - row) ** 2 < radius ** 2] = random.integers(0, 256, 3)
    scene = np.clip(scene + random.normal(0, 4, scene.shape), 0, 255).astype(np.uint8)
    sampling = [cv2.IMWRITE_JPEG_QUALITY, 85, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422]
    files["jpg"] = cv2.imencode(".jpg", scene, sampling)[1]
    files["yuyv"] = cv2.cvtColor(scene, cv2.COLOR_BGR2YUV_YUY2)
    planar = cv2.cvtColor(scene, cv2.COLOR_BGR2YUV_I420)
    chroma = planar[HEIGHT:].reshape(2, -1)
    files["nv12"] = np.concatenate([planar[:HEIGHT], chroma.T.reshape(-1, WIDTH)])
    for name, data in files.items():
        (folder / name).write_bytes(data.tobytes())


def prepare(name: str, height: int, width: int) -> None:
    data = files[name]
    if name == "jpg":
        frame = cv2.imdecode(data, cv2.IMREAD_COLOR)
    else:
        frame = cv2.cvtColor(data, cv2.COLOR_YUV2RGB_YUY2 if name == "yuyv" else cv2.COLOR_YUV2RGB_NV12)
    cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)


folder = pathlib.Path(sys.argv[1])
files = {}
for line in sys.stdin:
    work, *size = line.split()
    start = time.thread_time()
    if work == "draw":
        draw()
    else:
        prepare(work, *map(int, size))
    print(time.thread_time() - start, flush=True)
