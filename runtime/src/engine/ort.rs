//! ONNX Runtime: a shared library of the machine, looked for and loaded when it is asked for. CPU, CUDA, TensorRT.
//!
//! The library is code that this program did not bring. Before any of it runs, its file is checked by [`elf`]: whole, for this
//! machine, and of a version that has what is called here.
#![forbid(unsafe_code)]

pub mod cache;
pub mod elf;
pub mod identity;
pub mod library;
pub mod loading;
mod own_thread;
pub mod placement;
pub mod profile;
pub mod providers;
mod replay;
pub mod session;
pub mod settings;
pub mod words;
