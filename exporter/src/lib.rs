//! Checkpoint in, ONNX out.
//!
//! * [`checkpoint`]: the files that hold trained weights, read as data.
//! * [`weights`]: one view of named tensors, whatever the file.
//! * [`resolve`]: tensors, `arch` and flags become one [`moead_model::architecture::Architecture`].
//! * [`backbone`]: stage tables and tensor names. [`folding`]: its norms folded into its convolutions.
//! * [`graph`]: the ONNX graph. [`precision`]: what is stored in fewer bits.
//! * [`export`]: a resolved checkpoint becomes a file. [`inspect`]: what is in one.
//! * [`mod@reference`]: the same network evaluated plainly, sharing nothing with `graph`. `check`: an engine's answers against it (feature `check`).
//! * `cli`: the program `moead-export` (feature `cli`).
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
