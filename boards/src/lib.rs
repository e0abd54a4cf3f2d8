//! From a model to a board.
//!
//! * [`profile`]: a board is a file.
//! * [`mod@unit`]: the systemd unit that runs on it; [`settings`]: what it reads.
//! * [`program`]: the executable, looked at from outside; [`parts`]: what it is made of.
//! * [`model`]: whether a model file fits. [`assemble`]: all files of a release.
//! * [`package`]: the same files in the forms of others; [`places`]: where they lie.
//! * [`image`]: the same files inside of somebody's system image. [`flash`]: an image on a card.
//! * [`install`]: a bundle on a running board, over ssh; [`payload`]: what a board gets that unpacks by itself.
//! * [`key`]: what signs; [`key_file`]: where it lies. [`input`]: files that are read whole. [`temporaries`]: what is written for a while.
//! * [`packed`]: what a file is packed as.
//! * `cli`: the program `moead-board` (feature `cli`).
#![forbid(unsafe_code)]

pub mod assemble;
#[cfg(feature = "cli")]
pub mod cli;
mod closest;
pub mod flash;
pub mod image;
pub mod input;
pub mod install;
pub mod key;
pub mod key_file;
pub mod model;
pub mod package;
pub mod packed;
pub mod parts;
pub mod payload;
pub mod places;
pub mod profile;
pub mod program;
pub mod settings;
pub mod temporaries;
pub mod unit;
mod zeros;
