//! What runs beside the line: a picture comes in, a verdict goes out.
//!
//! * [`preprocess`]: bytes to [`preprocess::picture::Picture`], resized and normalised as the network was trained.
//! * [`engine`]: runs the graph of a [`moead_model::onnx::model_file::ModelFile`].
//! * [`score`]: the network's answer becomes a verdict and regions.
//! * `bench`: how fast engines are on this machine (feature `cli`).
//! * [`verify`]: whether an engine's numbers are right.
//! * `stream`: sources of pictures and the threads between them and the sinks (feature `stream`).
//! * `sinks`: result lines, heatmaps, maps (feature `stream`).
//! * `doctor`: what is wrong with this machine (feature `stream`).
//! * [`panicked`]: what a panic said, where it costs a picture or a model and not the run.
#![deny(unsafe_code)]

#[cfg(feature = "cli")]
pub mod bench;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "stream")]
pub mod doctor;
pub mod engine;
pub mod panicked;
pub mod preprocess;
pub mod score;
#[cfg(feature = "stream")]
pub mod sinks;
#[cfg(feature = "stream")]
pub mod stream;
pub mod verify;
