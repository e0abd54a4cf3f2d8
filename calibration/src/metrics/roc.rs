//! The receiver operating characteristic and the area under it.

use super::ranking::Ranking;
use super::{Absent, Measured};

/// One point of the curve: what a threshold would do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RocPoint {
    /// `score >= threshold` is called defective. Infinite at the first point, where nothing is.
    pub threshold: f32,
    /// Share of good ones that are called defective.
    pub false_positives: f64,
    /// Share of defective ones that are called defective.
    pub true_positives: f64,
}

/// Area under the ROC curve: the probability that a defective one scores higher than a good one, equal scores counted half
/// (Mann and Whitney's U over the number of pairs), as scikit-learn's `roc_auc_score`.
///
/// Where a step is an interval of scores, its pairs count half too; each of them can be wrong by a half, and their number
/// is the stated error.
///
/// # Errors
/// [`Absent`] when one class is missing.
pub fn auroc(ranking: &Ranking) -> Result<Measured, Absent> {
    let (good, defective) = ranking.both_classes()?;
    // Twice the pairs that are in order, in whole numbers: 2^64 pixels of each class would fit.
    let (mut doubled, mut unknown, mut found) = (0_u128, 0_u128, 0_u64);
    ranking.steps(|step| {
        let together = u128::from(step.good) * u128::from(step.defective);
        doubled += 2 * u128::from(step.good) * u128::from(found) + together;
        unknown += if step.is_exact { 0 } else { together };
        found += step.defective;
    });
    let pairs = 2.0 * good * defective;
    Ok(Measured { value: doubled as f64 / pairs, error: unknown as f64 / pairs })
}

/// The curve from (0, 0) to (1, 1), thinned to at most about `2 * most` points: between two kept ones neither axis moves by more
/// than 1 / `most` beyond a single step.
///
/// # Errors
/// [`Absent`] when one class is missing.
pub fn curve(ranking: &Ranking, most: usize) -> Result<Vec<RocPoint>, Absent> {
    let (good, defective) = ranking.both_classes()?;
    let mut points = vec![RocPoint { threshold: f32::INFINITY, false_positives: 0.0, true_positives: 0.0 }];
    let (mut alarms, mut found, mut waiting) = (0_u64, 0_u64, None);
    ranking.steps(|step| {
        alarms += step.good;
        found += step.defective;
        let point = RocPoint {
            threshold: step.score,
            false_positives: alarms as f64 / good,
            true_positives: found as f64 / defective,
        };
        let last = points[points.len() - 1];
        let moved = (point.false_positives - last.false_positives).max(point.true_positives - last.true_positives);
        waiting = Some(point);
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
    fn a_missing_class_leaves_no_area() {
        let of = |truths: &[_]| auroc(&Ranking::new(&vec![1.0; truths.len()], truths).unwrap()).unwrap_err();
        assert_eq!(of(&[]), Absent::Empty);
        assert_eq!(of(&[Good]), Absent::NoDefective);
        assert_eq!(of(&[Defective]), Absent::NoGood);
    }

    #[test]
    fn what_is_worse_than_chance_stays_so() {
        let ranking = Ranking::new(&[2.0, 1.0], &[Good, Defective]).unwrap();
        assert_eq!(auroc(&ranking).unwrap(), Measured { value: 0.0, error: 0.0 });
    }

    #[test]
    fn a_thinned_curve_keeps_its_ends() {
        let scores: Vec<f32> = (0..1000).map(|at| at as f32).collect();
        let truths: Vec<_> = (0..1000).map(|at| if at % 3 == 0 { Defective } else { Good }).collect();
        let ranking = Ranking::new(&scores, &truths).unwrap();
        let points = curve(&ranking, 20).unwrap();
        assert!((21..=41).contains(&points.len()), "{}", points.len());
        let ends = [points[0], points[points.len() - 1]].map(|point| (point.false_positives, point.true_positives));
        assert_eq!(ends, [(0.0, 0.0), (1.0, 1.0)]);
        assert_eq!(curve(&ranking, 10_000).unwrap().len(), 1001);
    }
}
