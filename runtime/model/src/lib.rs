//! The vocabulary of MoEAD: what a model is made of, and what the model file says about itself.
//!
//! No engine, no image codec, no command line and no `unsafe` live here: this crate must still read the model file when
//! everything around it has been replaced.
//!
//! * [`architecture`]: backbone, neck and reconstruction as types that cannot contradict themselves.
//! * [`manifest`]: the JSON inside the model file.
//! * [`calibration`]: the part of it that calibration writes: thresholds, score scale, product and drift statistics.
//! * [`self_test`]: the picture that exporter and runtime both draw from a seed.
//! * [`onnx`]: the ONNX messages, the envelope around a graph, and what a model file may contain.
//! * [`atomic_file`]: a reader sees the old file or the new one, never a part.
//! * [`outputs`]: what a run writes takes the place of nothing that it reads.
#![forbid(unsafe_code)]

pub mod architecture;
pub mod atomic_file;
pub mod calibration;
pub mod manifest;
pub mod onnx;
pub mod outputs;
pub mod self_test;
