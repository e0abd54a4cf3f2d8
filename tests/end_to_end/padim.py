"""PaDiM by numpy, written from the paper, beside what moead-eval says: padim.py MODEL PRODUCT_FOLDER

PRODUCT_FOLDER is laid out as MVTec-AD's. Prints AUROCs of pictures and pixels, and the scores of the pictures, as JSON.
Map and score are made of the distances as the model's own are: bilinear with corners on corners, largest mean of 16 x 16.
"""
import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
from PIL import Image

model = onnx.load(sys.argv[1])
manifest = json.loads({entry.key: entry.value for entry in model.metadata_props}["moead.manifest"])
size = manifest["input"]["height"], manifest["input"]["width"]
features = next(node for node in model.graph.node if node.name == "neck.flat").input[0]
model.graph.output.append(onnx.ValueInfoProto(name=features))
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def look(path):
    """Features as places x channels, and the grid's sides."""
    image = Image.open(path).convert("RGB").resize(size[::-1], Image.BILINEAR)
    pixels = (np.asarray(image, np.float64) / 255 - manifest["input"]["mean"]) / manifest["input"]["std"]
    (found,) = session.run([features], {"image": pixels.transpose(2, 0, 1)[None].astype(np.float32)})
    return found[0].reshape(found.shape[1], -1).T.astype(np.float64), found.shape[2:]


def enlarged(grid):
    rows, columns = (np.linspace(0, cells - 1, pixels) for cells, pixels in zip(grid.shape, size))
    down = np.array([np.interp(rows, np.arange(grid.shape[0]), column) for column in grid.T]).T
    return np.array([np.interp(columns, np.arange(grid.shape[1]), row) for row in down])


def auroc(scores, truths):
    order = np.unique(scores, return_inverse=True)[1].ravel()
    good = np.bincount(order[~truths], minlength=order.max() + 1)
    below = np.concatenate([[0], np.cumsum(good)[:-1]])
    return float((below + good / 2)[order[truths]].mean() / (~truths).sum())


folder = pathlib.Path(sys.argv[2])
training = np.array([look(path)[0] for path in sorted((folder / "train/good").iterdir())])
mean = training.mean(0)
inverses = [
    np.linalg.inv(np.cov(training[:, place], rowvar=False) + 0.01 * np.eye(training.shape[2]))
    for place in range(training.shape[1])
]
scores, truths, maps, masks = [], [], [], []
for path in sorted((folder / "test").glob("*/*.png")):
    found, sides = look(path)
    away = found - mean
    distances = np.sqrt([vector @ inverse @ vector for vector, inverse in zip(away, inverses)])
    maps.append(enlarged(distances.reshape(sides)))
    scores.append(float(np.lib.stride_tricks.sliding_window_view(maps[-1], (16, 16)).mean((2, 3)).max()))
    truths.append(path.parent.name != "good")
    mask = folder / "ground_truth" / path.parent.name / (path.stem + "_mask.png")
    if not truths[-1]:
        masks.append(np.zeros(size, bool))
    elif mask.exists():
        masks.append(np.asarray(Image.open(mask).resize(size[::-1], Image.NEAREST)) > 0)
    else:
        masks.append(np.ones(size, bool))
print(
    json.dumps(
        {
            "image_auroc": auroc(np.array(scores), np.array(truths)),
            "pixel_auroc": auroc(np.ravel(maps), np.ravel(masks)),
            "scores": scores,
        }
    )
)
