//! Good pictures in, a trained MoEAD checkpoint out.
//!
//! * [`decoder`]: the trained part, forwards and backwards. [`parameters`]: its numbers. [`initial`]: what they begin with.
//! * [`trainer`]: a step: [`jitter`], [`loss`], [`optimizer`], [`schedule`].
//! * [`presets`]: settings that go together.
//! * [`product`]: products of matrices. [`number`]: 32 or 64 bits.
//! * [`random`]: seeded streams.
#![forbid(unsafe_code)]

pub mod decoder;
pub mod initial;
pub mod jitter;
pub mod loss;
pub mod number;
pub mod optimizer;
pub mod parameters;
pub mod presets;
pub mod product;
pub mod random;
pub mod schedule;
pub mod trainer;
mod vectors;
