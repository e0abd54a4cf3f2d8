//! A threshold beyond all good scores, extrapolated from the largest of them.
//!
//! Let m be the median, z = score - m, and a the z of the (k + 1)-th largest. When the tail beyond a is Pareto's, the k values
//! ln(z / a) above it are exponential with one unknown mean; their sum G is that mean times a Gamma(k) variable, and the share U of
//! scores above a is Beta(k + 1, n - k), independent of G. The threshold that is exceeded with probability p lies at
//! ln z = ln a + mean * ln(U / p), so
//!
//! ```text
//! threshold = m + a * exp(w G),   w = the confidence's quantile of  ln(U / p) / Gamma(k)
//! ```
//!
//! keeps the promise exactly for a Pareto tail, known parameters none. This is Weissman's extrapolation ("Estimation of Parameters and Large
//! Quantiles Based on the k Largest Observations", Journal of the American Statistical Association 73, 1978) with Hill's slope, and with
//! the uncertainty of both taken into account instead of estimated. For lighter tails (normal, log-normal, gamma, Student's t, uniform: all
//! whose ln z has a hazard rate that does not fall) the slope overestimates what follows, and the threshold is safe and
//! higher than needed. It is not safe for a kind of good pictures that is rarer than the pictures seen could show: nothing is.

use statrs::function::beta::beta_reg;
use statrs::function::gamma::ln_gamma;

use super::good_scores::GoodScores;
use super::order_statistic;
use super::{Method, Promised, Target, ThresholdError, too_few};

/// Fewest good pictures to extrapolate from: below, the bound is many times what is needed, or the tail begins at the median.
const LEAST_IMAGES: u64 = 50;
/// One picture in so many belongs to the tail.
const TAIL_SHARE: u64 = 20;
/// Fewest pictures of a tail.
const LEAST_EXCEEDANCES: u64 = 5;
/// Simpson's rule over the gamma variable.
const INTERVALS: u32 = 400;

/// How many good pictures can promise `target` by extrapolation: 1 / p, so that one is expected beyond the threshold that is
/// looked for, and at least 50.
pub fn images_needed(target: Target) -> u64 {
    let one_beyond = (1.0 / target.false_alarms.value() - 1e-9).ceil() as u64;
    one_beyond.max(LEAST_IMAGES).min(order_statistic::images_needed(target))
}

/// What extrapolates from so many scores. It depends on their number alone, and takes longer to find than all the rest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extrapolation {
    images: u64,
    exceedances: u64,
    factor: f64,
}

impl Extrapolation {
    /// For that many good pictures.
    ///
    /// # Errors
    /// [`ThresholdError::TooFew`]
    pub fn of(images: u64, target: Target) -> Result<Self, ThresholdError> {
        if images < images_needed(target).max(LEAST_IMAGES) {
            return Err(too_few(images, target));
        }
        let exceedances = (images / TAIL_SHARE).max(LEAST_EXCEEDANCES);
        Ok(Self { images, exceedances, factor: factor(images, exceedances, target) })
    }

    /// The threshold, rounded up to f32.
    ///
    /// # Errors
    /// [`ThresholdError`]
    pub fn fit(&self, scores: &GoodScores) -> Result<Promised, ThresholdError> {
        let Self { images, exceedances, factor } = *self;
        if scores.count() != images {
            return Err(ThresholdError::Number { expected: images, found: scores.count() });
        }
        let threshold = extrapolate(scores, exceedances, factor);
        let threshold = threshold.ok_or(ThresholdError::NoTail { exceedances, images })?;
        let rounded = threshold as f32;
        let rounded = if f64::from(rounded) < threshold { rounded.next_up() } else { rounded };
        if !rounded.is_finite() {
            return Err(ThresholdError::OutOfRange { found: threshold });
        }
        Ok(Promised { threshold: rounded, method: Method::Tail { exceedances }, images })
    }
}

/// The extrapolated threshold, rounded up to f32.
///
/// # Errors
/// [`ThresholdError`]
pub fn fit(scores: &GoodScores, target: Target) -> Result<Promised, ThresholdError> {
    Extrapolation::of(scores.count(), target)?.fit(scores)
}

/// `None` when the largest scores do not differ.
fn extrapolate(scores: &GoodScores, exceedances: u64, factor: f64) -> Option<f64> {
    let median = scores.median();
    let anchor = f64::from(scores.largest(exceedances + 1)) - median;
    let beyond = (1..=exceedances).map(|rank| ((f64::from(scores.largest(rank)) - median) / anchor).ln());
    let sum: f64 = if anchor > 0.0 { beyond.sum() } else { 0.0 };
    (sum > 0.0).then(|| median + anchor * (factor * sum).exp())
}

/// The `target.confidence` quantile of ln(U / p) / Gamma(k), at least 0, for k exceedances of n images.
fn factor(images: u64, exceedances: u64, target: Target) -> f64 {
    let confidence = |factor: f64| confidence(images, exceedances, target.false_alarms.value(), factor);
    let wanted = target.confidence.value();
    let (mut low, mut high) = (0.0, 1.0);
    if confidence(low) >= wanted {
        return 0.0;
    }
    // U is at most 1 and the gamma variable has a lowest quantile, so some factor is large enough.
    while confidence(high) < wanted && high < 1e6 {
        (low, high) = (high, 2.0 * high);
    }
    for _ in 0..50 {
        let middle = f64::midpoint(low, high);
        if confidence(middle) >= wanted { high = middle } else { low = middle }
    }
    high
}

/// P(ln(U / p) <= factor * Gamma(k)): over the density of the gamma variable, the chance that U <= p exp(factor g).
fn confidence(images: u64, exceedances: u64, p: f64, factor: f64) -> f64 {
    let (k, n) = (exceedances as f64, images as f64);
    let end = k + 12.0 * k.sqrt() + 20.0;
    let width = end / f64::from(INTERVALS);
    let integrand = |at: u32| {
        let g = f64::from(at) * width;
        let density = if g > 0.0 { ((k - 1.0) * g.ln() - g - ln_gamma(k)).exp() } else { 0.0 };
        let below = p * (factor * g).exp();
        density * if below >= 1.0 { 1.0 } else { beta_reg(k + 1.0, n - k, below) }
    };
    let weight = |at: u32| if at == 0 || at == INTERVALS { 1.0 } else { 2.0 + 2.0 * f64::from(at % 2) };
    (0..=INTERVALS).map(|at| weight(at) * integrand(at)).sum::<f64>() * width / 3.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quantiles of 400,000 draws of numpy: `log(beta(k + 1, n - k) / 0.01) / gamma(k)` at 95 %.
    #[test]
    fn factors_are_quantiles_of_draws() {
        for (images, exceedances, drawn) in [(100, 5, 0.912), (150, 8, 0.457), (200, 10, 0.321), (298, 15, 0.187)] {
            let found = factor(images, exceedances, Target::USUAL);
            assert!((found / drawn - 1.0).abs() < 0.02, "{images} {exceedances}: {found}");
        }
    }

    #[test]
    fn a_worked_example() {
        // Median 3. Above the third largest (4, at 1 above the median): e and e^2 above it, so logarithms 1 and 2.
        let e = std::f32::consts::E;
        let scores = GoodScores::new(&[1.0, 2.0, 3.0, 3.0, 4.0, 3.0 + e, 3.0 + e * e]).unwrap();
        let threshold = extrapolate(&scores, 2, 0.5).unwrap();
        assert!((threshold - (3.0 + 1.5_f64.exp())).abs() < 1e-5, "{threshold}");
    }

    #[test]
    fn the_whole_integral_is_one() {
        for exceedances in [5, 50, 500] {
            let whole = confidence(20 * exceedances, exceedances, 0.01, 1e9);
            assert!((whole - 1.0).abs() < 1e-6, "{exceedances}: {whole}");
        }
    }

    #[test]
    fn an_extrapolation_is_for_its_number_of_scores() {
        let extrapolation = Extrapolation::of(101, Target::USUAL).unwrap();
        let error = extrapolation.fit(&GoodScores::new(&[1.0; 100]).unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "expected 101 good scores, found 100");
    }

    #[test]
    fn equal_scores_show_no_tail() {
        let mut scores = vec![1.0; 100];
        let error = fit(&GoodScores::new(&scores).unwrap(), Target::USUAL).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the 5 largest of 100 good scores do not differ, so nothing can be extrapolated from them"
        );
        scores[98..].fill(f32::MAX);
        scores[..50].fill(0.0);
        let error = fit(&GoodScores::new(&scores).unwrap(), Target::USUAL).unwrap_err();
        assert!(matches!(error, ThresholdError::OutOfRange { .. }), "{error}");
    }
}
