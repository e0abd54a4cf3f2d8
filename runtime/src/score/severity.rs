//! How bad a score is, on a scale that is the same for every product.

use super::verdict::{Score, Threshold};

/// 0 at the median of good pictures, 1 at the threshold; below 0 for a picture that is better than most good ones.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Severity(pub f64);

/// Straight between the two fixed points and beyond; not clipped. `threshold` is the one that the verdict comes from, wherever that came
/// from: so 1 is always where a picture becomes defective.
///
/// `None` when the threshold does not lie above the median: then there is no scale.
pub fn severity(score: Score, median: f64, threshold: Threshold) -> Option<Severity> {
    let unit = unit(median, threshold)?;
    Some(Severity((f64::from(score.0) - median) / unit))
}

/// How far the severity of a picture at the threshold is off when scores are off by the share `relative_score_error`.
pub fn error(relative_score_error: f64, median: f64, threshold: Threshold) -> Option<f64> {
    let unit = unit(median, threshold)?;
    Some(relative_score_error.abs() * f64::from(threshold.value()) / unit)
}

/// Of severity, in units of the score.
fn unit(median: f64, threshold: Threshold) -> Option<f64> {
    Some(f64::from(threshold.value()) - median).filter(|&unit| unit > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(threshold: f32) -> Threshold {
        Threshold::new(threshold).unwrap()
    }

    #[test]
    fn the_scale_has_two_fixed_points() {
        assert_eq!(
            [1.0, 3.0, 5.0, 0.0].map(|score| severity(Score(score), 1.0, at(3.0))),
            [0.0, 1.0, 2.0, -0.5].map(|value| Some(Severity(value)))
        );
        assert_eq!(severity(Score(1.0), 3.0, at(3.0)), None);
    }

    #[test]
    fn an_error_of_scores_weighs_more_where_the_threshold_is_close() {
        // A thousandth of 4 is 0.004: of the 2 up to the threshold, and of 0.04.
        assert!((error(1e-3, 2.0, at(4.0)).unwrap() - 0.002).abs() < 1e-9);
        assert!((error(1e-3, 3.96, at(4.0)).unwrap() - 0.1).abs() < 1e-6);
        assert_eq!(error(1e-3, 4.0, at(4.0)), None);
    }
}
