"""Runs a model once per line of standard input and prints the seconds: onnxruntime_peer.py MODEL.onnx INPUT.f32 [cuda]

CPU seconds of the thread on the processor; on a GPU, whose work is nobody's CPU time, by the clock on the wall."""
import sys
import time

import numpy as np
import onnxruntime

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.inter_op_num_threads = 1
options.log_severity_level = 3
is_gpu = sys.argv[3:] == ["cuda"]
clock = time.perf_counter if is_gpu else time.thread_time
providers = [("CUDAExecutionProvider", {"use_tf32": "0"})] if is_gpu else ["CPUExecutionProvider"]
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=providers)
assert not is_gpu or session.get_providers()[0] == "CUDAExecutionProvider", session.get_providers()
node = session.get_inputs()[0]
side = [n if isinstance(n, int) else 1 for n in node.shape]
image = np.fromfile(sys.argv[2], dtype="<f4").reshape(side)
wanted = [output.name for output in session.get_outputs() if output.name in ("pred_score", "anomaly_map")] or None
for _ in sys.stdin:
    start = clock()
    session.run(wanted, {node.name: image})
    print(clock() - start, flush=True)
