//! Checkpoint in, ONNX out.
//!
//! * [`checkpoint`]: the files that hold trained weights, read as data.
//! * [`weights`]: one view of named tensors, whatever the file.
//! * [`resolve`]: tensors, `arch` and flags become one [`moead_model::architecture::Architecture`].
//! * [`backbone`]: stage tables and tensor names.
//! * [`graph`]: the ONNX graph.
//! * [`mod@reference`]: the same network evaluated plainly, sharing nothing with `graph`.
#![forbid(unsafe_code)]

pub mod backbone;
#[cfg(feature = "check")]
pub mod check;
pub mod checkpoint;
#[cfg(feature = "cli")]
pub mod cli;
pub mod export;
pub mod folding;
pub mod graph;
pub mod inspect;
pub mod precision;
pub mod reference;
pub mod resolve;
pub mod weights;
