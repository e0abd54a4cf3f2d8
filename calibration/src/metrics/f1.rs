//! The best F1 over all thresholds.

use super::ranking::Ranking;
use super::{Absent, Measured};

/// The best F1 and where it is reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BestF1 {
    /// The largest F1. Where a step is an interval of scores, the true maximum may be larger by the error.
    pub f1: Measured,
    /// The lowest `score >= threshold` that reaches it.
    pub threshold: f32,
}

/// F1max: the largest harmonic mean of precision and recall, `2 TP / (2 TP + FP + FN)`, over thresholds at every score.
///
/// Fractions are compared in whole numbers, so of equal F1 the lowest threshold is found, whatever rounding says.
///
/// # Errors
/// [`Absent`] when one class is missing.
pub fn f1_max(ranking: &Ranking) -> Result<BestF1, Absent> {
    ranking.both_classes()?;
    let defective = ranking.defective();
    // F1 = 2 TP / (P + TP + FP), as numerator and denominator.
    let (mut best, mut threshold, mut possible) = ((0_u64, 1_u64), f32::INFINITY, 0.0_f64);
    let (mut alarms, mut found) = (0_u64, 0_u64);
    ranking.steps(|step| {
        if !step.is_exact {
            let leading = found + step.defective;
            possible = possible.max(fraction((2 * leading, defective + leading + alarms)));
        }
        alarms += step.good;
        found += step.defective;
        let here = (2 * found, defective + found + alarms);
        if u128::from(here.0) * u128::from(best.1) >= u128::from(best.0) * u128::from(here.1) {
            (best, threshold) = (here, step.score);
        }
    });
    let value = fraction(best);
    Ok(BestF1 { f1: Measured { value, error: (possible - value).max(0.0) }, threshold })
}

fn fraction((numerator, denominator): (u64, u64)) -> f64 {
    numerator as f64 / denominator as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::ranking::Truth::{Defective, Good};

    #[test]
    fn of_equal_ones_the_lowest_threshold() {
        // At 4: TP 1, F1 = 2/3. At 3 and 2: worse. At 1: TP 2, FP 2, F1 = 4/6.
        let ranking = Ranking::new(&[4.0, 3.0, 2.0, 1.0], &[Defective, Good, Good, Defective]).unwrap();
        let best = f1_max(&ranking).unwrap();
        assert_eq!(best.threshold, 1.0);
        assert!((best.f1.value - 2.0 / 3.0).abs() < 1e-15);
    }
}
