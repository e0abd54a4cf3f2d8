//! The network's answer becomes a verdict: pure functions.
#![forbid(unsafe_code)]

pub mod regions;
pub mod verdict;
