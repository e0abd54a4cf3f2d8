"""What a scenario works with: the program, the cameras, files for and from the host."""
import os
import shutil
import subprocess
import tempfile

from program import PATIENCE, Edge
from vivid import Vivid

SCENARIOS = []

# Model files: one that is quick under emulation, and one of the exporter.
QUICK, EXPORTED = "model.onnx", "exported.onnx"


def scenario(function):
    SCENARIOS.append(function)
    return function


class Stage:
    """What a scenario works with."""

    def __init__(self, program, share):
        self.share = share
        # In the guest's memory, where other users can read it too.
        folder = tempfile.mkdtemp()
        os.chmod(folder, 0o755)
        self.program = shutil.copy(program, folder)
        self.models = {name: shutil.copy(self.path(name), folder) for name in (QUICK, EXPORTED)}
        self.vivid = Vivid(os.path.exists("/run/udev/control"))
        self.scores = []
        self.runs = []

    def edge(self, *arguments, model=QUICK, **popen):
        """Starts the program with a model, in the background."""
        settings = ["--model", self.models[model], "--format", "json", "--threshold", "1000"]
        edge = Edge(self.program, *settings, *arguments, **popen)
        self.runs.append(edge)
        return edge

    def run(self, *arguments, status=0, **options):
        """Runs the program with a model to its end."""
        with self.edge(*arguments, **options) as edge:
            return edge.end(status)

    def bare(self, *arguments):
        """Runs the program with these arguments alone; returns status, standard output, standard error."""
        ended = subprocess.run(
            [self.program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        return ended.returncode, ended.stdout, ended.stderr

    def expect_scores(self, edge, pictures, tolerance, model=QUICK):
        """Notes the scores of a run. After the scenarios, they are compared with those of the same pictures as files:
        each score is that of one of the pictures, and each picture is met."""
        scores = [line["score"] for line in edge.results()]
        self.scores.append({"pictures": pictures, "scores": scores, "tolerance": tolerance, "model": model})

    def path(self, name):
        return os.path.join(self.share, name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content)
