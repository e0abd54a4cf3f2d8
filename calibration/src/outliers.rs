//! Which "good" pictures should be looked at again: one defect among them ruins a threshold.
//!
//! Each score is compared with the others, itself left out ([`Suspect::distance`]), and the highest ones are tested as a block: where the
//! tail is Pareto's (the assumption of [`crate::threshold::tail`]), ln z of the largest scores, z = score - median, is exponential above any height, so the
//! gap d(r) between the r-th and the (r + 1)-th largest, times r, is exponential with one mean for all r (Renyi's spacings), and
//!
//! ```text
//! P( j d(j) / (sum over r = j + 1 … j + k of r d(r)) > x ) = (1 + x)^-k
//! ```
//!
//! Testing blocks of every size from the outside in finds several outliers that would hide each other (Kimber, "Tests for Many Outliers in an
//! Exponential Sample", Applied Statistics 31, 1982). A block of j is given the share 1 / (j (j + 1)) of the level, so that all together keep it. A tail may
//! be heavy and still have no gap in it: of 100 pictures, one score at 20 standard deviations of the others is called an outlier in a quarter of
//! cases, of 400 in nine of ten.

use crate::threshold::Rate;
use crate::threshold::good_scores::{GoodScores, GoodScoresError};

/// Largest chance that scores without any outlier have one found.
pub const USUAL_LEVEL: f64 = 0.01;

/// At most one picture in so many is tested: more are no outliers but a second kind of good pictures.
const TESTED_SHARE: usize = 10;
/// Spacings below the gap that it is measured against: one picture in so many, within these limits. More would reach where scores do not yet fall
/// off as their tail does, and hide a gap.
const COMPARED_SHARE: usize = 10;
const LEAST_COMPARED: usize = 10;
const MOST_COMPARED: usize = 20;
/// A normal distribution's standard deviation over its median deviation.
const NORMAL: f64 = 1.4826;

/// A good picture with a high score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Suspect {
    /// Its place in the scores that were given.
    pub index: usize,
    /// Its score.
    pub score: f32,
    /// Its distance to the others' median in their median absolute deviations, scaled to standard deviations of a normal distribution. Infinite
    /// when the others do not differ.
    pub distance: f64,
    /// Whether a gap separates it from the others that chance does not explain.
    pub standing: Standing,
}

/// What the test says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Part of the others' tail.
    Inside,
    /// Beyond a gap.
    Outlier,
}

/// The `most` highest scores, highest first, with what speaks against each.
///
/// * `level`: the chance that any is called an outlier when none is.
///
/// # Errors
/// [`GoodScoresError`]
pub fn suspects(scores: &[f32], level: Rate, most: usize) -> Result<Vec<Suspect>, GoodScoresError> {
    let sorted = GoodScores::new(scores)?;
    let outliers = block(&sorted, level.value());
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
    let suspect = |(place, index): (usize, usize)| {
        let standing = if place < outliers { Standing::Outlier } else { Standing::Inside };
        Suspect { index, score: scores[index], distance: distance(scores, index), standing }
    };
    Ok(order.into_iter().take(most.max(outliers)).enumerate().map(suspect).collect())
}

/// Robust distance of one score to all others.
fn distance(scores: &[f32], index: usize) -> f64 {
    let others: Vec<f32> = scores.iter().enumerate().filter(|(at, _)| *at != index).map(|(_, score)| *score).collect();
    // A single picture has no others.
    let Ok(others) = GoodScores::new(&others) else { return 0.0 };
    let difference = f64::from(scores[index]) - others.median();
    if difference == 0.0 { 0.0 } else { difference / (NORMAL * others.median_deviation()) }
}

/// How many of the highest scores lie beyond a gap that chance does not explain.
fn block(scores: &GoodScores, level: f64) -> usize {
    let ascending = scores.ascending();
    let tested = ascending.len() / TESTED_SHARE;
    let compared = (ascending.len() / COMPARED_SHARE).clamp(LEAST_COMPARED, MOST_COMPARED);
    let median = scores.median();
    let log = |rank: usize| (f64::from(ascending[ascending.len() - rank]) - median).ln();
    // Small sets: the tail must not reach the median.
    if tested + compared + 1 > ascending.len() / 2 {
        return 0;
    }
    let separates = |outside: &usize| {
        let anchor = log(outside + 1 + compared);
        let gap = log(*outside) - log(outside + 1);
        let excesses: f64 = (1..=compared).map(|below| log(outside + below) - anchor).sum();
        // The same as the sum of r d(r).
        let sum = excesses + *outside as f64 * (log(outside + 1) - anchor);
        let chance = if anchor.is_finite() && sum > 0.0 {
            (1.0 + *outside as f64 * gap / sum).powi(-(compared as i32))
        } else if gap > 0.0 {
            // All others are equal, so any gap is one.
            0.0
        } else {
            1.0
        };
        // A few are more likely than many. The shares of all sizes add up to less than the level.
        chance < level / (outside * (outside + 1)) as f64
    };
    (1..=tested).rev().find(separates).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_distr::{Distribution, Exp, LogNormal, Normal, Pareto, StudentT};
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;

    fn level() -> Rate {
        Rate::new(USUAL_LEVEL).unwrap()
    }

    fn outliers(scores: &[f32]) -> Vec<usize> {
        let found = suspects(scores, level(), 3).unwrap();
        found.iter().filter(|suspect| suspect.standing == Standing::Outlier).map(|suspect| suspect.index).collect()
    }

    fn normal(count: usize, seed: u64) -> Vec<f32> {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let normal = Normal::new(10.0_f64, 1.0).unwrap();
        (0..count).map(|_| normal.sample(&mut random) as f32).collect()
    }

    #[test]
    fn a_single_defect_is_found_among_many() {
        for (count, seed) in [(200, 2), (400, 3), (2000, 4)] {
            let mut scores = normal(count, seed);
            scores[17] = 40.0;
            assert_eq!(outliers(&scores), [17], "of {count}");
        }
    }

    #[test]
    fn several_defects_do_not_hide_each_other() {
        let mut scores = normal(200, 3);
        scores[17] = 30.0;
        scores[60] = 29.5;
        scores[61] = 31.0;
        assert_eq!(outliers(&scores), [61, 17, 60]);
        let worst = suspects(&scores, level(), 1).unwrap();
        assert_eq!(worst.len(), 3);
        assert!(worst[0].distance > 15.0 && worst[0].distance < 30.0, "{worst:?}");
    }

    #[test]
    fn good_pictures_alone_are_seldom_accused_however_heavy_their_tail() {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(5);
        let mut share = |draw: &dyn Fn(&mut Xoshiro256PlusPlus) -> f64| {
            let accused = (0..1000).filter(|at| {
                let scores: Vec<f32> =
                    (0..if at % 2 == 0 { 100 } else { 400 }).map(|_| draw(&mut random) as f32).collect();
                !outliers(&scores).is_empty()
            });
            accused.count()
        };
        let found = [
            share(&|random| Normal::new(10.0, 1.0).unwrap().sample(random)),
            share(&|random| LogNormal::new(0.0, 1.0).unwrap().sample(random)),
            share(&|random| Exp::new(1.0).unwrap().sample(random)),
            share(&|random| StudentT::new(3.0).unwrap().sample(random)),
            share(&|random| Pareto::new(1.0, 2.0).unwrap().sample(random)),
        ];
        // 10 of 1000 at most; 25 would be four standard deviations more.
        assert!(found.iter().all(|accused| *accused < 25), "{found:?}");
    }

    #[test]
    fn few_or_equal_scores_accuse_nobody() {
        assert!(outliers(&[1.0]).is_empty());
        assert!(outliers(&[2.0; 200]).is_empty());
        assert_eq!(suspects(&[1.0], level(), 3).unwrap()[0].distance, 0.0);
        let mut scores = [2.0; 200];
        scores[9] = 3.0;
        assert_eq!(outliers(&scores), [9]);
    }
}
