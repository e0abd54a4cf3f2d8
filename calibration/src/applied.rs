//! The formulas that a running program applies to each picture, given what was fitted: pure functions of numbers, without a data set.
//!
//! They are kept apart from the fits ([`crate::products`], [`crate::drift`]), which call them: what is fitted and what is applied
//! must be the same formula.

pub mod drift;
pub mod product;
pub mod severity;
