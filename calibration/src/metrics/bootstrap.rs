//! Whether one model is better than another on the same pictures: a paired bootstrap.

use rand::{Rng, RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::Absent;
use super::interval::{Confidence, Interval};
use super::ranking::{Ranking, RankingError, Truth};
use super::roc;

/// Resamples for an interval: the ends of a 95 % interval then vary by a few per cent of its width.
pub const ROUNDS: usize = 2000;

/// AUROC of a second model minus that of a first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// On the pictures as they are.
    pub value: f64,
    /// Where it lies when the pictures are drawn anew.
    pub interval: Interval,
}

/// Why models cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ComparisonError {
    /// Scores that cannot be ranked.
    #[error(transparent)]
    Ranking(#[from] RankingError),
    /// There is no AUROC.
    #[error("no AUROC: {0}")]
    Absent(Absent),
}

/// Scores of two models for the same pictures.
#[derive(Debug, Clone, Copy)]
pub struct Scores<'a> {
    /// By the first model.
    pub first: &'a [f32],
    /// By the second.
    pub second: &'a [f32],
    /// What the pictures are.
    pub truths: &'a [Truth],
}

/// The difference `second - first` of two models' AUROCs, as a mean over sets of pictures (products), with a percentile interval (Efron and
/// Tibshirani, "An Introduction to the Bootstrap", chapter 13): each round draws the good and the defective pictures of every set anew, as many
/// as there are, lets both models judge the same draw, and takes the mean. The same seed gives the same interval on every machine.
///
/// O(`rounds` * pictures).
///
/// # Errors
/// [`ComparisonError`] of the first set that has one; also when there is no set.
pub fn mean_auroc_difference(
    sets: &[Scores<'_>],
    confidence: Confidence,
    rounds: usize,
    seed: u64,
) -> Result<Difference, ComparisonError> {
    if sets.is_empty() {
        return Err(ComparisonError::Absent(Absent::Empty));
    }
    let (mut value, mut differences) = (0.0, vec![0.0; rounds.max(1)]);
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    for set in sets {
        value += add_set(*set, &mut random, &mut differences)?;
    }
    let count = sets.len() as f64;
    differences.iter_mut().for_each(|difference| *difference /= count);
    differences.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| differences[((differences.len() - 1) as f64 * share).round() as usize];
    let tail = (1.0 - confidence.value()) / 2.0;
    Ok(Difference { value: value / count, interval: Interval { low: at(tail), high: at(1.0 - tail) } })
}

/// Adds a set's differences, one a round, and gives that of the set as it is.
fn add_set(set: Scores<'_>, random: &mut impl Rng, differences: &mut [f64]) -> Result<f64, ComparisonError> {
    let Scores { first, second, truths } = set;
    let area = |scores| roc::auroc(&Ranking::new(scores, truths)?).map_err(ComparisonError::Absent);
    let value = area(second)?.value - area(first)?.value;
    let places = |wanted| (0..truths.len()).filter(move |at| truths[*at] == wanted).collect::<Vec<_>>();
    let classes = [places(Truth::Good), places(Truth::Defective)];
    let orders = [first, second].map(Order::of);
    let mut weights = vec![0_u32; truths.len()];
    for difference in differences {
        draw(random, &classes, &mut weights);
        let [first, second] = orders.each_ref().map(|order| order.auroc(truths, &weights));
        *difference += second - first;
    }
    Ok(value)
}

/// How often each picture is drawn: of each class as many as it has.
fn draw(random: &mut impl Rng, classes: &[Vec<usize>; 2], weights: &mut [u32]) {
    weights.fill(0);
    for class in classes {
        for _ in class {
            weights[class[random.random_range(0..class.len())]] += 1;
        }
    }
}

/// Pictures by falling score, equal scores together.
struct Order {
    groups: Vec<Vec<usize>>,
}

impl Order {
    fn of(scores: &[f32]) -> Self {
        let mut places: Vec<usize> = (0..scores.len()).collect();
        // Not a number was refused before.
        places.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        Self { groups: places.chunk_by(|a, b| scores[*a] == scores[*b]).map(<[usize]>::to_vec).collect() }
    }

    fn auroc(&self, truths: &[Truth], weights: &[u32]) -> f64 {
        let (mut doubled, mut good, mut defective) = (0_u64, 0_u64, 0_u64);
        for group in &self.groups {
            let (mut goods, mut defects) = (0_u64, 0_u64);
            for &at in group {
                match truths[at] {
                    Truth::Good => goods += u64::from(weights[at]),
                    Truth::Defective => defects += u64::from(weights[at]),
                }
            }
            doubled += goods * (2 * defective + defects);
            good += goods;
            defective += defects;
        }
        doubled as f64 / (2 * good * defective) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::ranking::Truth::{Defective, Good};

    fn of_one_set(first: &[f32], second: &[f32], truths: &[Truth]) -> Result<Difference, ComparisonError> {
        mean_auroc_difference(&[Scores { first, second, truths }], Confidence::USUAL, ROUNDS, 7)
    }

    fn difference(first: &[f32], second: &[f32], truths: &[Truth]) -> Difference {
        of_one_set(first, second, truths).unwrap()
    }

    #[test]
    fn a_model_does_not_differ_from_itself() {
        let (scores, truths) = ([1.0, 2.0, 3.0, 4.0], [Good, Defective, Good, Defective]);
        let found = difference(&scores, &scores, &truths);
        assert_eq!(found, Difference { value: 0.0, interval: Interval { low: 0.0, high: 0.0 } });
    }

    #[test]
    fn a_better_model_is_seen_and_the_same_seed_says_the_same() {
        let truths: Vec<_> = (0..200).map(|at| if at % 4 == 0 { Defective } else { Good }).collect();
        let noise = |at: usize| ((at * 7919) % 211) as f32 / 211.0;
        let scores = |shift: f32| -> Vec<f32> {
            (0..200).map(|at| noise(at) + if truths[at] == Defective { shift } else { 0.0 }).collect()
        };
        let found = difference(&scores(0.1), &scores(0.8), &truths);
        assert!(found.interval.low > 0.0 && found.interval.high < 0.6, "{found:?}");
        assert!(found.interval.low < found.value && found.value < found.interval.high, "{found:?}");
        assert_eq!(found, difference(&scores(0.1), &scores(0.8), &truths));
    }

    #[test]
    fn a_draw_of_each_picture_once_is_the_set_itself() {
        let scores = [1.0, 2.0, 2.0, 2.0, 3.0, 3.0];
        let truths = [Good, Defective, Good, Good, Defective, Good];
        let expected = roc::auroc(&Ranking::new(&scores, &truths).unwrap()).unwrap().value;
        assert_eq!(Order::of(&scores).auroc(&truths, &[1; 6]), expected);
        // The first good one twice, the last not at all.
        let again = roc::auroc(
            &Ranking::new(&[1.0, 1.0, 2.0, 2.0, 2.0, 3.0], &[Good, Good, Defective, Good, Good, Defective]).unwrap(),
        );
        assert_eq!(Order::of(&scores).auroc(&truths, &[2, 1, 1, 1, 1, 0]), again.unwrap().value);
    }

    #[test]
    fn one_class_cannot_be_compared() {
        let error = of_one_set(&[1.0], &[1.0], &[Good]).unwrap_err();
        assert_eq!(error.to_string(), "no AUROC: nothing defective among what was scored");
    }
}
