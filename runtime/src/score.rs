//! The network's answer becomes a verdict: pure functions.

pub mod regions;
pub mod verdict;
