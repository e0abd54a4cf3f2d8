//! From scores of good pictures to thresholds with a promise.
//!
//! The rule is the runtime's: `score >= threshold` is a defect. The promise: of good pictures like those that were seen, at most
//! a share `false_alarms` is called defective, and the method is wrong about that in at most `1 - confidence` of all calibrations.
//! [`fit`] takes the method that assumes least of those that the number of pictures allows; `docs/design/thresholds.md` says why these
//! methods, and what they did in simulations.

pub mod good_scores;
pub mod order_statistic;
pub mod pixel;
pub mod tail;
pub mod with_defects;

use crate::metrics::interval::{Confidence, ProbabilityError};
use good_scores::GoodScores;

/// What is to be promised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// Largest share of good pictures that may be called defective.
    pub false_alarms: Rate,
    /// How often the promise is to hold.
    pub confidence: Confidence,
}

impl Target {
    /// 1 % at 95 %.
    pub const USUAL: Self = Self { false_alarms: Rate(0.01), confidence: Confidence::USUAL };
}

/// A share of pictures, strictly between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Rate(f64);

impl Rate {
    /// A share.
    ///
    /// # Errors
    /// [`ProbabilityError`] when it is not strictly between 0 and 1.
    pub fn new(value: f64) -> Result<Self, ProbabilityError> {
        if value > 0.0 && value < 1.0 { Ok(Self(value)) } else { Err(ProbabilityError(value)) }
    }

    /// The number.
    pub fn value(self) -> f64 {
        self.0
    }
}

/// What a promise rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// The threshold lies above the `rank`-th largest good score. Assumes nothing but that pictures are alike.
    OrderStatistic {
        /// From 1, the largest.
        rank: u64,
    },
    /// Extrapolated from the `exceedances` largest good scores. Assumes that the tail is no heavier than that of a Pareto
    /// distribution which they show.
    Tail {
        /// How many.
        exceedances: u64,
    },
}

/// A threshold and what is promised about it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Promised {
    /// `score >= threshold` is a defect. Finite; above every good score that is not to be an alarm.
    pub threshold: f32,
    /// What it rests on.
    pub method: Method,
    /// Good pictures that were seen.
    pub images: u64,
}

/// Why there is no threshold that keeps its promise.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ThresholdError {
    /// Too few pictures.
    #[error(
        "{found} good images cannot promise {false_alarms} false alarms at a confidence of {confidence}: expected at least {least} \
         (extrapolated), or {free} without any assumption"
    )]
    TooFew {
        /// Good images.
        found: u64,
        /// That was wished for.
        false_alarms: f64,
        /// That was wished for.
        confidence: f64,
        /// From here on the tail can be extrapolated.
        least: u64,
        /// From here on nothing need be assumed.
        free: u64,
    },
    /// Made for another number of pictures.
    #[error("expected {expected} good scores, found {found}")]
    Number {
        /// As it was made for.
        expected: u64,
        /// Good scores.
        found: u64,
    },
    /// The largest scores are all the same, so they show no tail.
    #[error(
        "the {exceedances} largest of {images} good scores do not differ, so nothing can be extrapolated from them"
    )]
    NoTail {
        /// Of the largest scores.
        exceedances: u64,
        /// Good images.
        images: u64,
    },
    /// Beyond f32.
    #[error("threshold: expected a finite number, found {found:e}")]
    OutOfRange {
        /// As computed.
        found: f64,
    },
}

/// Whether so many good pictures can promise `target`, whatever their scores.
///
/// # Errors
/// [`ThresholdError::TooFew`]
pub fn check_count(images: u64, target: Target) -> Result<(), ThresholdError> {
    if images >= tail::images_needed(target) { Ok(()) } else { Err(too_few(images, target)) }
}

fn too_few(found: u64, target: Target) -> ThresholdError {
    ThresholdError::TooFew {
        found,
        false_alarms: target.false_alarms.value(),
        confidence: target.confidence.value(),
        least: tail::images_needed(target),
        free: order_statistic::images_needed(target),
    }
}

/// The least threshold that promises `target`, by the method that assumes least.
///
/// # Errors
/// [`ThresholdError`]
pub fn fit(scores: &GoodScores, target: Target) -> Result<Promised, ThresholdError> {
    match order_statistic::fit(scores, target) {
        Some(promised) if promised.threshold.is_finite() => Ok(promised),
        Some(promised) => Err(ThresholdError::OutOfRange { found: promised.threshold.into() }),
        None => tail::fit(scores, target),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_pictures_are_told_how_many_are_needed() {
        let scores = GoodScores::new(&[1.0; 20]).unwrap();
        let error = fit(&scores, Target::USUAL).unwrap_err();
        let expected = "20 good images cannot promise 0.01 false alarms at a confidence of 0.95: expected at least 100 \
                        (extrapolated), or 299 without any assumption";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn above_the_largest_number_there_is_no_threshold() {
        let error = fit(&GoodScores::new(&[f32::MAX; 299]).unwrap(), Target::USUAL).unwrap_err();
        assert_eq!(error.to_string(), "threshold: expected a finite number, found inf");
    }

    #[test]
    fn the_method_changes_where_nothing_need_be_assumed() {
        let scores: Vec<f32> = (1..=299).map(|at| at as f32).collect();
        let method = |count: usize| fit(&GoodScores::new(&scores[..count]).unwrap(), Target::USUAL).unwrap().method;
        assert_eq!(method(298), Method::Tail { exceedances: 14 });
        assert_eq!(method(299), Method::OrderStatistic { rank: 1 });
    }
}
