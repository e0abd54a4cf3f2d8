//! How sure a rate or an AUROC is: confidence intervals.

use statrs::distribution::{ContinuousCDF, Normal};
use statrs::function::beta::beta_reg;

/// Between which values the truth lies, at a stated confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// A probability of being right, strictly between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Confidence(f64);

/// Not a probability that leaves room for doubt.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("expected a number above 0 and below 1, found {0}")]
pub struct ProbabilityError(pub f64);

impl Confidence {
    /// 95 %.
    pub const USUAL: Self = Self(0.95);

    /// A confidence.
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

/// Two-sided interval of a rate after `hits` of `trials`, by Clopper and Pearson (Biometrika 26, 1934): exact, so its
/// confidence is at least the stated one whatever the rate. 0 to 1 without trials.
pub fn rate(hits: u64, trials: u64, confidence: Confidence) -> Interval {
    let tail = (1.0 - confidence.0) / 2.0;
    let low = if hits == 0 { 0.0 } else { 1.0 - upper_rate(trials - hits.min(trials), trials, tail) };
    let high = upper_rate(hits, trials, tail);
    Interval { low, high }
}

/// The rate at which `hits` or fewer of `trials` have the probability `tail`. 1 when all trials hit.
pub(crate) fn upper_rate(hits: u64, trials: u64, tail: f64) -> f64 {
    if hits >= trials {
        return 1.0;
    }
    // P(X <= hits | rate) falls with the rate.
    bisect(|rate| binomial_at_most(hits, trials, rate) <= tail)
}

/// P(X <= `hits`) for X binomial with `trials` and `rate`: a regularised incomplete beta function.
pub(crate) fn binomial_at_most(hits: u64, trials: u64, rate: f64) -> f64 {
    match rate {
        _ if hits >= trials || rate <= 0.0 => 1.0,
        _ if rate >= 1.0 => 0.0,
        _ => beta_reg((trials - hits) as f64, hits as f64 + 1.0, 1.0 - rate),
    }
}

/// Two-sided interval of an AUROC, by method 5 of Newcombe, "Confidence intervals for an effect size measure based on the
/// Mann-Whitney statistic, part 2" (Statistics in Medicine 25, 2006): the AUROCs that the observed one does not contradict, with Hanley
/// and McNeil's variance taken at the assumed value. It does not collapse at 0 and 1 as intervals from the observed variance do.
///
/// * `auroc`: 0 to 1. `good`, `defective`: how many, at least 1 each.
pub fn auroc(auroc: f64, good: u64, defective: u64, confidence: Confidence) -> Interval {
    let z = normal_quantile(f64::midpoint(1.0, confidence.0));
    let (m, n) = (good as f64, defective as f64);
    let halved = f64::midpoint(m, n) - 1.0;
    let deviation = |theta: f64| {
        let spread = 1.0 + halved * (1.0 - theta) / (2.0 - theta) + halved * theta / (1.0 + theta);
        (theta * (1.0 - theta) * spread / (m * n)).sqrt()
    };
    // |auroc - theta| - z deviation(theta) changes its sign once on either side.
    let high = bisect(|theta| theta > auroc && theta - auroc >= z * deviation(theta));
    let low = bisect(|theta| !(theta < auroc && auroc - theta >= z * deviation(theta)));
    Interval { low, high }
}

pub(crate) fn normal_quantile(probability: f64) -> f64 {
    Normal::standard().inverse_cdf(probability)
}

/// Where in 0 to 1 a condition begins to hold.
fn bisect(holds: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if holds(middle) { high = middle } else { low = middle }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From scipy 1.17: `scipy.stats.binomtest(hits, trials).proportion_ci(0.95, "exact")`.
    #[test]
    fn rates_as_scipy_has_them() {
        for (hits, trials, low, high) in [
            (0, 299, 0.0, 0.012_261_695_9),
            (3, 20, 0.032_070_937_132_9, 0.378_926_829_6),
            (20, 20, 0.831_566_528_0, 1.0),
            (480, 1000, 0.448_632_942_7, 0.511_485_117_5),
        ] {
            let found = rate(hits, trials, Confidence::USUAL);
            assert!((found.low - low).abs() < 1e-6 && (found.high - high).abs() < 1e-6, "{hits}/{trials}: {found:?}");
        }
        assert_eq!(rate(0, 0, Confidence::USUAL), Interval { low: 0.0, high: 1.0 });
    }

    #[test]
    fn a_perfect_auroc_of_few_pictures_is_not_certain() {
        let few = auroc(1.0, 10, 10, Confidence::USUAL);
        let many = auroc(1.0, 1000, 1000, Confidence::USUAL);
        assert!(few.low < 0.9 && few.low > 0.6 && few.high > 1.0 - 1e-12, "{few:?}");
        assert!(many.low > 0.997, "{many:?}");
        let half = auroc(0.5, 50, 50, Confidence::USUAL);
        assert!((half.low + half.high - 1.0).abs() < 1e-9 && half.low > 0.38 && half.low < 0.4, "{half:?}");
    }

    #[test]
    fn a_confidence_leaves_room_for_doubt() {
        for value in [0.0, 1.0, -0.5, f64::NAN] {
            assert!(Confidence::new(value).is_err(), "{value}");
        }
    }
}
