//! From a model to a board.
//!
//! * [`profile`]: a board is a file.
//! * [`unit`]: the systemd unit that runs on it.
#![forbid(unsafe_code)]

#[cfg(feature = "cli")]
pub mod cli;
mod closest;
pub mod profile;
pub mod unit;
