//! What runs beside the line: a picture comes in, a verdict goes out.
//!
//! * [`preprocess`]: bytes to [`preprocess::picture::Picture`], resized and normalised as the network was trained.
//! * [`engine`]: runs the graph of a [`moead_model::onnx::model_file::ModelFile`].
//! * [`score`]: the network's answer becomes a verdict and regions.
//! * `cli`: the program `moead-edge` (feature `cli`).
//! * `bench`: how fast engines are on this machine (feature `cli`).
//! * [`verify`]: whether an engine's numbers are right.
//! * `stream`: sources of pictures and the threads between them and the sinks (feature `stream`).
//! * `sinks`: result lines, heatmaps, maps (feature `stream`).
//! * `doctor`: what is wrong with this machine (feature `stream`).
//! * [`panicked`]: what a panic said, where it costs a picture or a model and not the run.
//!
//! A picture's verdict:
//!
//! ```no_run
//! use std::path::Path;
//!
//! use moead_model::onnx::model_file::ModelFile;
//! use moead_runtime::engine::choice::{self, Request};
//! use moead_runtime::engine::{Engine as _, Output};
//! use moead_runtime::preprocess::{decode, normalize::normalize, resize::resize};
//! use moead_runtime::score::verdict::{Score, Threshold, Verdict};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let model = ModelFile::open(Path::new("bolt.onnx"))?;
//! let input = &model.manifest().input;
//! let mut engine = choice::load(&model, &Output::JUDGED, &Request::default(), &mut |_| {})?.crew.into_first();
//!
//! let picture = resize(&decode::read(Path::new("bolts/7.png"))?, input.size());
//! let outputs = engine.run(&normalize(picture.pixels(), input.normalization()))?;
//! let score = Score(outputs.get(Output::PredScore).ok_or("the model has no score")?.data[0]);
//! let verdict = Verdict::of(score, Threshold::new(3.0)?);
//! # Ok(())
//! # }
//! ```
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
