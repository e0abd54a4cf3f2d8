//! Two engines, or two models, on the same pictures: how far they are apart, and whether it matters.

use super::{map_error, relative_error};
use crate::engine::Tensor;
use crate::score::verdict::{Score, Threshold, Verdict};

/// What one side answers to a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// How unusual the picture is.
    pub score: Score,
    /// Distance per pixel.
    pub map: Tensor,
    /// Chosen experts, tokens x k per choice, in the graph's order; empty when they are not looked at.
    pub choices: Vec<Tensor>,
}

/// How two answers to one picture differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Largest difference of a pixel, relative to the first map's largest value.
    pub map_error: f64,
    /// Relative to the first score.
    pub score_error: f64,
    /// The scores.
    pub scores: [Score; 2],
    /// Whether one says ok and the other defect, or one nothing at all.
    pub is_other_verdict: bool,
    /// Tokens whose experts were looked at, over all choices.
    pub tokens: usize,
    /// Of those, tokens that another set of experts was chosen for.
    pub changed_tokens: usize,
}

impl Difference {
    /// Compares two answers.
    pub fn of(first: &Answer, second: &Answer, threshold: Option<Threshold>) -> Self {
        let map_error = map_error(&first.map.data, &second.map.data);
        let scores = [first.score, second.score];
        let score_error = relative_error([f64::from(first.score.0)].iter().copied(), &[second.score.0]);
        let verdicts = scores.map(|score| threshold.and_then(|threshold| Verdict::of(score, threshold)));
        let pairs = || first.choices.iter().zip(&second.choices);
        Self {
            map_error,
            score_error,
            scores,
            is_other_verdict: verdicts[0] != verdicts[1],
            tokens: pairs().map(|(choice, _)| rows(choice)).sum(),
            changed_tokens: pairs().map(|(first, second)| changed_rows(first, second)).sum(),
        }
    }
}

/// How two sides differ over many pictures. Keeps two numbers a picture.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Comparison {
    map_errors: Vec<f64>,
    score_errors: Vec<f64>,
    /// Picture with the largest map error, and that error; the first of several.
    pub worst: Option<(String, f64)>,
    /// Pictures whose verdict changed, with both scores; the first [`MAX_NAMED`].
    pub other_verdicts: Vec<(String, [Score; 2])>,
    /// How many verdicts changed.
    pub other_verdict_count: usize,
    /// Tokens looked at, over all pictures and choices.
    pub tokens: usize,
    /// Tokens that another set of experts was chosen for.
    pub changed_tokens: usize,
}

/// So many pictures are named: enough to look at, few enough to read.
pub const MAX_NAMED: usize = 20;

impl Comparison {
    /// Takes another picture in.
    pub fn add(&mut self, picture: &str, difference: &Difference) {
        if self.worst.as_ref().is_none_or(|(_, worst)| *worst < difference.map_error) {
            self.worst = Some((picture.to_owned(), difference.map_error));
        }
        self.map_errors.push(difference.map_error);
        self.score_errors.push(difference.score_error);
        if difference.is_other_verdict {
            self.other_verdict_count += 1;
            if self.other_verdicts.len() < MAX_NAMED {
                self.other_verdicts.push((picture.to_owned(), difference.scores));
            }
        }
        self.tokens += difference.tokens;
        self.changed_tokens += difference.changed_tokens;
    }

    /// Pictures compared.
    pub fn pictures(&self) -> usize {
        self.map_errors.len()
    }

    /// Of the maps.
    pub fn map(&self) -> Spread {
        Spread::of(&self.map_errors)
    }

    /// Of the scores.
    pub fn score(&self) -> Spread {
        Spread::of(&self.score_errors)
    }
}

/// Relative errors of many pictures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The median.
    pub typical: f64,
    /// The largest.
    pub worst: f64,
}

impl Spread {
    fn of(errors: &[f64]) -> Self {
        let mut sorted = errors.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(0.0);
        Self { typical: at(sorted.len() / 2), worst: sorted.last().copied().unwrap_or(0.0) }
    }
}

fn rows(choice: &Tensor) -> usize {
    choice.shape.iter().rev().skip(1).product()
}

/// Rows whose experts differ as sets: the order within a row says only which of them weighs more.
fn changed_rows(first: &Tensor, second: &Tensor) -> usize {
    let k = first.shape.last().copied().unwrap_or(0).max(1);
    if first.shape != second.shape {
        return rows(first);
    }
    let set = |row: &[f32]| {
        let mut row = row.to_vec();
        row.sort_by(f32::total_cmp);
        row
    };
    first.data.chunks(k).zip(second.data.chunks(k)).filter(|(first, second)| set(first) != set(second)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(shape: &[usize], data: &[f32]) -> Tensor {
        Tensor { shape: shape.to_vec(), data: data.to_vec() }
    }

    fn answer(score: f32, map: [f32; 2], chosen: &[f32]) -> Answer {
        Answer {
            score: Score(score),
            map: tensor(&[1, 1, 1, 2], &map),
            choices: vec![tensor(&[chosen.len() / 2, 2], chosen)],
        }
    }

    #[test]
    fn a_verdict_changes_only_across_the_threshold() {
        let (low, high) = (answer(2.9, [1.0, 2.9], &[]), answer(3.0, [1.0, 3.0], &[]));
        let changes = |threshold| Difference::of(&low, &high, Threshold::new(threshold).ok()).is_other_verdict;
        assert!(changes(3.0));
        assert!(!changes(2.5) && !changes(3.5));
        assert!(!Difference::of(&low, &high, None).is_other_verdict);
        let broken = answer(f32::NAN, [1.0, f32::NAN], &[]);
        assert!(Difference::of(&low, &broken, Threshold::new(5.0).ok()).is_other_verdict);
    }

    #[test]
    fn experts_are_compared_as_sets() {
        let first = answer(1.0, [0.0, 1.0], &[0.0, 1.0, 2.0, 3.0, 1.0, 2.0]);
        let second = answer(1.0, [0.0, 1.0], &[1.0, 0.0, 2.0, 1.0, 1.0, 2.0]);
        let difference = Difference::of(&first, &second, None);
        assert_eq!((difference.tokens, difference.changed_tokens), (3, 1));
    }

    #[test]
    fn the_worst_picture_is_named() {
        let mut comparison = Comparison::default();
        let base = answer(1.0, [0.0, 1.0], &[]);
        for (name, value) in [("a", 1.0), ("b", 1.5), ("c", 1.25), ("d", 1.5)] {
            comparison.add(name, &Difference::of(&base, &answer(1.0, [0.0, value], &[]), None));
        }
        assert_eq!(comparison.worst, Some(("b".into(), 0.5)));
        assert_eq!((comparison.pictures(), comparison.map()), (4, Spread { typical: 0.5, worst: 0.5 }));
        assert_eq!(comparison.score(), Spread { typical: 0.0, worst: 0.0 });
    }
}
