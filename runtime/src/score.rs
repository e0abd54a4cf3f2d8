//! The network's answer becomes a verdict: pure functions.
//!
//! [`product`], [`severity`] and [`drift`] are the formulas that a running program applies to each picture, given what a calibration fitted.
//! The fits call the same functions: what is fitted and what is applied must not differ. [`standards`] is what a calibration means for a
//! picture.
#![forbid(unsafe_code)]

pub mod drift;
pub mod product;
pub mod regions;
pub mod severity;
pub mod standards;
pub mod verdict;
