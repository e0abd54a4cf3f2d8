//! The programs of this crate: the only place of it that knows flags, prints and ends the process.

pub mod calibrate;
pub mod eval;
mod hints;
mod report_files;
mod running;
