//! Precision over recall, and its mean.

use super::ranking::{Ranking, Step};
use super::{Absent, Measured};

/// One point of the curve: what a threshold would do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PrecisionPoint {
    /// `score >= threshold` is called defective.
    pub threshold: f32,
    /// Share of defective ones that are called defective.
    pub recall: f64,
    /// Share of those called defective that are.
    pub precision: f64,
}

/// Up to so many defective ones in an interval, its lowest contribution is summed one by one; above, bounded.
const SUMMED: u64 = 256;

/// Average precision: the sum over thresholds of precision times gain in recall, without interpolation, as scikit-learn's
/// `average_precision_score`.
///
/// Where a step is an interval of scores, the value is the middle between its defective ones all leading and all trailing.
///
/// # Errors
/// [`Absent`] when one class is missing.
pub fn average_precision(ranking: &Ranking) -> Result<Measured, Absent> {
    let (_, defective) = ranking.both_classes()?;
    let (mut low, mut high) = (0.0, 0.0);
    let (mut alarms, mut found) = (0_u64, 0_u64);
    ranking.steps(|step| {
        if step.defective > 0 {
            let precision = |found: u64, alarms: u64| found as f64 / (found + alarms) as f64;
            let tied = |alarms| step.defective as f64 * precision(found + step.defective, alarms);
            if step.is_exact || step.good == 0 && step.defective == 1 {
                let both = tied(alarms + step.good);
                low += both;
                high += both;
            } else {
                low += trailing(step, found, alarms, precision);
                high += tied(alarms);
            }
        }
        alarms += step.good;
        found += step.defective;
    });
    let (low, high) = (low / defective, high / defective);
    Ok(Measured { value: f64::midpoint(low, high), error: (high - low) / 2.0 })
}

/// The least that an interval can contribute: its good ones first, then its defective ones one by one.
fn trailing(step: Step, found: u64, alarms: u64, precision: impl Fn(u64, u64) -> f64) -> f64 {
    let alarms = alarms + step.good;
    if step.defective <= SUMMED {
        (1..=step.defective).map(|at| precision(found + at, alarms)).sum()
    } else {
        // Precision grows along the way: what the first of each part has, all of the part have at least.
        let part = step.defective.div_ceil(SUMMED);
        let starts = (0..step.defective).step_by(usize::try_from(part).unwrap_or(usize::MAX));
        starts.map(|at| part.min(step.defective - at) as f64 * precision(found + at + 1, alarms)).sum()
    }
}

/// The curve by falling threshold, thinned as [`super::roc::curve`].
///
/// # Errors
/// [`Absent`] when one class is missing.
pub fn curve(ranking: &Ranking, most: usize) -> Result<Vec<PrecisionPoint>, Absent> {
    let (_, defective) = ranking.both_classes()?;
    let mut points: Vec<PrecisionPoint> = Vec::new();
    let (mut alarms, mut found, mut waiting) = (0_u64, 0_u64, None);
    ranking.steps(|step| {
        alarms += step.good;
        found += step.defective;
        let (recall, precision) = (found as f64 / defective, found as f64 / (found + alarms) as f64);
        waiting = Some(PrecisionPoint { threshold: step.score, recall, precision });
        let moved =
            points.last().map_or(f64::INFINITY, |last| (recall - last.recall).max((precision - last.precision).abs()));
        if moved * most as f64 >= 1.0 {
            points.extend(waiting.take());
        }
    });
    points.extend(waiting);
    Ok(points)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::ranking::Truth::{Defective, Good};

    #[test]
    fn a_worked_example() {
        // Precision 1 at recall 1/2, 2/3 at recall 1.
        let ranking = Ranking::new(&[4.0, 3.0, 2.0, 1.0], &[Defective, Good, Defective, Good]).unwrap();
        let found = average_precision(&ranking).unwrap();
        assert!((found.value - (0.5 + 0.5 * 2.0 / 3.0)).abs() < 1e-15, "{found:?}");
        let points = curve(&ranking, 100).unwrap();
        let last = points[points.len() - 1];
        assert_eq!((last.threshold, last.recall, last.precision), (1.0, 1.0, 0.5));
    }

    #[test]
    fn the_bound_by_parts_stays_below_the_sum() {
        let step = Step { score: 0.0, good: 700, defective: 5000, weight: 0.0, is_exact: false };
        let precision = |found: u64, alarms: u64| found as f64 / (found + alarms) as f64;
        let sum: f64 = (1..=step.defective).map(|at| precision(10 + at, 3 + step.good)).sum();
        let bound = trailing(step, 10, 3, precision);
        assert!(bound <= sum && bound > 0.99 * sum, "{bound} {sum}");
    }
}
