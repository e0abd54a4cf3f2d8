//! Scores in order, equal ones together: what every metric is computed from.

use super::Absent;
use super::pixels::bins::Bins;

/// What a scored picture or pixel really is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// Without defect.
    Good,
    /// With one.
    Defective,
}

/// Why scores cannot be ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RankingError {
    /// A score for each truth is needed.
    #[error("expected as many scores as truths, found {scores} and {truths}")]
    Lengths {
        /// Scores.
        scores: usize,
        /// Truths.
        truths: usize,
    },
    /// A score has no place in any order.
    #[error("score {index}: expected a number, found NaN")]
    NotANumber {
        /// Counted from 0.
        index: usize,
    },
}

/// Scored things in order.
#[derive(Debug, Clone)]
pub struct Ranking {
    good: u64,
    defective: u64,
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    /// Keys of good ones; keys and weights of defective ones. Both ascending.
    Sorted { good: Vec<u32>, defective: Vec<(u32, f64)> },
    /// Counts by intervals of keys.
    Binned(Bins),
}

/// Neighbours in the order that are not told apart: one score, or an interval of scores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The lowest score that belongs to it.
    pub score: f32,
    /// Good ones in it.
    pub good: u64,
    /// Defective ones in it.
    pub defective: u64,
    /// Sum of the weights of the defective ones (a pixel of a region of n pixels weighs 1 / n).
    pub weight: f64,
    /// Whether all in it have the same score.
    pub is_exact: bool,
}

impl Ranking {
    /// Ranks scores. O(n log n).
    ///
    /// # Errors
    /// [`RankingError`] for a score that is not a number, and for lists of different lengths.
    pub fn new(scores: &[f32], truths: &[Truth]) -> Result<Self, RankingError> {
        if scores.len() != truths.len() {
            return Err(RankingError::Lengths { scores: scores.len(), truths: truths.len() });
        }
        if let Some(index) = scores.iter().position(|score| score.is_nan()) {
            return Err(RankingError::NotANumber { index });
        }
        let (mut good, mut defective) = (Vec::new(), Vec::new());
        for (&score, truth) in scores.iter().zip(truths) {
            match truth {
                Truth::Good => good.push(key_of(score)),
                Truth::Defective => defective.push((key_of(score), 1.0)),
            }
        }
        Ok(Self::of_keys(good, defective))
    }

    /// From [`key_of`] scores, and weights of the defective ones.
    pub(super) fn of_keys(mut good: Vec<u32>, mut defective: Vec<(u32, f64)>) -> Self {
        // Of pixels, a few runs that are in order already: this sort sees them, and merges.
        good.sort();
        defective.sort_unstable_by_key(|(key, _)| *key);
        let counts = (good.len() as u64, defective.len() as u64);
        Self { good: counts.0, defective: counts.1, source: Source::Sorted { good, defective } }
    }

    pub(super) fn of_bins(bins: Bins) -> Self {
        let (good, defective) = bins.totals();
        Self { good, defective, source: Source::Binned(bins) }
    }

    /// How many are good.
    pub fn good(&self) -> u64 {
        self.good
    }

    /// How many are defective.
    pub fn defective(&self) -> u64 {
        self.defective
    }

    /// Both counts as numbers to divide by.
    pub(super) fn both_classes(&self) -> Result<(f64, f64), Absent> {
        match (self.good, self.defective) {
            (0, 0) => Err(Absent::Empty),
            (0, _) => Err(Absent::NoGood),
            (_, 0) => Err(Absent::NoDefective),
            (good, defective) => Ok((good as f64, defective as f64)),
        }
    }

    /// Calls `visit` for each step, from the highest score to the lowest.
    pub fn steps(&self, mut visit: impl FnMut(Step)) {
        match &self.source {
            Source::Binned(bins) => bins.steps(visit),
            Source::Sorted { good, defective } => {
                let (mut good, mut defective) = (&good[..], &defective[..]);
                while let Some(key) = good.last().copied().max(defective.last().map(|(key, _)| *key)) {
                    let goods = good.iter().rev().take_while(|other| **other == key).count();
                    let defects = defective.iter().rev().take_while(|(other, _)| *other == key).count();
                    let (good_rest, _) = good.split_at(good.len() - goods);
                    let (defective_rest, equal) = defective.split_at(defective.len() - defects);
                    (good, defective) = (good_rest, defective_rest);
                    visit(Step {
                        score: score_of(key),
                        good: goods as u64,
                        defective: defects as u64,
                        weight: equal.iter().map(|(_, weight)| weight).sum(),
                        is_exact: true,
                    });
                }
            }
        }
    }
}

/// A number that orders as the score does. 0 and -0 have the same.
pub(super) fn key_of(score: f32) -> u32 {
    // -0 + 0 is 0.
    let bits = (score + 0.0).to_bits();
    if bits >> 31 == 0 { bits | 1 << 31 } else { !bits }
}

/// The score of a [`key_of`].
pub(super) fn score_of(key: u32) -> f32 {
    f32::from_bits(if key >> 31 == 1 { key ^ 1 << 31 } else { !key })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_score_that_is_no_number_is_named() {
        let error = Ranking::new(&[1.0, f32::NAN], &[Truth::Good, Truth::Good]).unwrap_err();
        assert_eq!(error.to_string(), "score 1: expected a number, found NaN");
        let error = Ranking::new(&[1.0], &[]).unwrap_err();
        assert_eq!(error.to_string(), "expected as many scores as truths, found 1 and 0");
    }

    #[test]
    fn steps_descend_and_zeros_are_one() {
        let truths = [Truth::Good, Truth::Defective, Truth::Good, Truth::Defective];
        let ranking = Ranking::new(&[0.0, -0.0, -1.0, f32::INFINITY], &truths).unwrap();
        let mut steps = Vec::new();
        ranking.steps(|step| steps.push((step.score, step.good, step.defective)));
        assert_eq!(steps, [(f32::INFINITY, 0, 1), (0.0, 1, 1), (-1.0, 1, 0)]);
    }

    proptest! {
        #[test]
        fn keys_order_as_scores_do(a in any::<f32>(), b in any::<f32>()) {
            prop_assume!(!a.is_nan() && !b.is_nan());
            prop_assert_eq!(a.partial_cmp(&b).unwrap(), key_of(a).cmp(&key_of(b)));
            prop_assert_eq!(score_of(key_of(a)), a);
        }
    }
}
