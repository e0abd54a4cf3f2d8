//! The program `moead-export` as its users meet it: status, stdout, stderr, and which files are there afterwards.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its case has failed")]

mod bad_checkpoints;
mod bad_networks;
mod bad_outputs;
mod desk;
mod export;
mod inspect;
mod settings;
mod usage;
