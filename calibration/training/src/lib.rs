//! Good pictures in, a trained MoEAD checkpoint out.
//!
//! * [`decoder`]: the trained part, forwards and backwards. [`parameters`]: its numbers. [`initial`]: what they begin with.
//! * [`trainer`]: a step: [`jitter`], [`loss`], [`optimizer`], [`schedule`]. [`batches`]: of which pictures.
//! * [`normalization`]: what features are before they are rebuilt. [`presets`]: settings that go together.
//! * [`residuals`]: what a network does not rebuild. [`statistics`]: how unusual that is, or how unusual features are without a network.
//! * [`store`]: features in a file. [`learnt`]: those that are learnt from; [`augmentation`]: altered copies among them.
//! * [`hold_out`], [`defects`], [`validation`]: what each epoch is judged by.
//! * [`checkpoint`]: the network as `moead-export` reads it. [`state`]: a run, to take it up again.
//! * [`product`]: products of matrices. [`number`]: 32 or 64 bits.
//! * [`random`]: seeded streams.
//! * `cli`: the program `moead-train` (feature `cli`).
#![forbid(unsafe_code)]

pub mod augmentation;
pub mod batches;
pub mod checkpoint;
#[cfg(feature = "cli")]
pub mod cli;
pub mod decoder;
pub mod defects;
pub mod hold_out;
pub mod initial;
pub mod jitter;
pub mod learnt;
pub mod loss;
pub mod normalization;
pub mod number;
pub mod optimizer;
pub mod parameters;
pub mod presets;
pub mod product;
pub mod random;
pub mod residuals;
pub mod schedule;
pub mod state;
pub mod statistics;
pub mod store;
pub mod trainer;
pub mod validation;
mod vectors;
