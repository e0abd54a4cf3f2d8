//! ONNX files: the messages, the envelope around a graph, and what a model file of ours may contain.
