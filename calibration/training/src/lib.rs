//! Good pictures in, a trained MoEAD checkpoint out.
//!
//! * [`decoder`]: the trained part, forwards and backwards. [`parameters`]: its numbers. [`initial`]: what they begin with.
//! * [`trainer`]: a step: [`jitter`], [`loss`], [`optimizer`], [`schedule`]. [`batches`]: of which pictures.
//! * [`normalization`]: what features are before they are rebuilt. [`presets`]: settings that go together.
//! * [`checkpoint`]: the network as `moead-export` reads it. [`state`]: a run, to take it up again.
//! * [`product`]: products of matrices. [`number`]: 32 or 64 bits.
//! * [`random`]: seeded streams.
#![forbid(unsafe_code)]

pub mod batches;
pub mod checkpoint;
pub mod decoder;
pub mod initial;
pub mod jitter;
pub mod loss;
pub mod normalization;
pub mod number;
pub mod optimizer;
pub mod parameters;
pub mod presets;
pub mod product;
pub mod random;
pub mod schedule;
pub mod state;
pub mod trainer;
mod vectors;
