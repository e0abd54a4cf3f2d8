//! The program `moead-export` as its users meet it: status, stdout, stderr, and which files are there afterwards.

mod bad_checkpoints;
mod bad_networks;
mod bad_outputs;
mod desk;
mod export;
mod inspect;
mod settings;
mod usage;
