"""Runs a model once per line of standard input and prints the CPU seconds: onnxruntime_peer.py MODEL.onnx INPUT.f32"""
import sys
import time

import numpy as np
import onnxruntime

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.inter_op_num_threads = 1
options.log_severity_level = 3
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
node = session.get_inputs()[0]
side = [n if isinstance(n, int) else 1 for n in node.shape]
image = np.fromfile(sys.argv[2], dtype="<f4").reshape(side)
wanted = [output.name for output in session.get_outputs() if output.name in ("pred_score", "anomaly_map")] or None
for _ in sys.stdin:
    start = time.thread_time()
    session.run(wanted, {node.name: image})
    print(time.thread_time() - start, flush=True)
