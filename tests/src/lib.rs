//! Test library: golden cases, checkpoints drawn from a seed, programs as a user runs them, pages in a browser, memory that is counted. It
//! depends on none of the crates that it helps to test.

pub mod allocator;
pub mod browser;
pub mod command;
pub mod compare;
pub mod golden;
pub mod python;
pub mod synthetic_checkpoint;
pub mod torch_file;
