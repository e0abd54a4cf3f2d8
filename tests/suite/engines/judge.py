"""Runs model files on ONNX Runtime: judge.py REQUESTS.json

A request has `model`, `input` (raw f32), `shape`, `outputs` (names; inner tensors too), `answer` (path prefix). Output i is
written as raw f64 to `<answer>.<i>.f64`. Inner tensors become outputs of a copy in memory; the file stays what it is.
The onnx checker looks at each file first.
"""
import json
import sys

import numpy as np
import onnx
import onnxruntime

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.log_severity_level = 3
with open(sys.argv[1], encoding="utf-8") as file:
    requests = json.load(file)
for request in requests:
    model = onnx.load(request["model"])
    onnx.checker.check_model(model)
    present = {output.name for output in model.graph.output}
    for name in request["outputs"]:
        if name not in present:
            model.graph.output.append(onnx.ValueInfoProto(name=name))
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    image = np.fromfile(request["input"], dtype="<f4").reshape(request["shape"])
    for index, answer in enumerate(session.run(request["outputs"], {"image": image})):
        np.asarray(answer).astype("<f8").tofile("%s.%d.f64" % (request["answer"], index))
