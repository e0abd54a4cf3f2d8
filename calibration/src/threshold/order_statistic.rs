//! A threshold above one of the good scores: a one-sided tolerance bound that assumes no distribution.
//!
//! Of n good pictures, the chance that a new one scores above the r-th largest is distributed as Beta(r, n - r + 1), whatever the
//! distribution of scores (Wilks, "Determination of Sample Sizes for Setting Tolerance Limits", Annals of Mathematical Statistics 12, 1941);
//! with ties it is smaller. So it is at most p with confidence P(Binomial(n, p) >= r), and r = 1 needs (1 - p)^n <= 1 - c.

use super::good_scores::GoodScores;
use super::{Method, Promised, Target};
use crate::metrics::interval::binomial_at_most;

/// How many good pictures promise `target` whatever the distribution: 299 for 1 % at 95 %.
pub fn images_needed(target: Target) -> u64 {
    let needed = (-target.confidence.value()).ln_1p() / (-target.false_alarms.value()).ln_1p();
    // A confidence that n pictures reach exactly must not be missed by a rounding.
    (needed - 1e-9).ceil().max(1.0) as u64
}

/// The largest `rank` such that the `rank`-th largest of `images` good scores promises `target`; `None` when even the largest
/// does not.
pub fn rank(images: u64, target: Target) -> Option<u64> {
    if images < images_needed(target) {
        return None;
    }
    let confidence = |rank: u64| 1.0 - binomial_at_most(rank - 1, images, target.false_alarms.value());
    // Confidence falls with the rank; the ranks that keep it are the first ones.
    let (mut kept, mut lost) = (1, images + 1);
    while lost - kept > 1 {
        let middle = kept + (lost - kept) / 2;
        if confidence(middle) >= target.confidence.value() { kept = middle } else { lost = middle }
    }
    Some(kept)
}

/// The least number above the chosen good score. `None` when there are too few.
pub fn fit(scores: &GoodScores, target: Target) -> Option<Promised> {
    let images = scores.count();
    let rank = rank(images, target)?;
    Some(Promised { threshold: scores.largest(rank).next_up(), method: Method::OrderStatistic { rank }, images })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::interval::Confidence;
    use crate::threshold::Rate;

    fn target(false_alarms: f64, confidence: f64) -> Target {
        Target { false_alarms: Rate::new(false_alarms).unwrap(), confidence: Confidence::new(confidence).unwrap() }
    }

    /// The classical table (Wilks; NIST/SEMATECH e-Handbook, section 7.2.6.4): smallest samples for one-sided limits.
    #[test]
    fn sample_sizes_are_the_classical_ones() {
        for (p, c, images) in
            [(0.01, 0.95, 299), (0.05, 0.95, 59), (0.1, 0.95, 29), (0.01, 0.99, 459), (0.1, 0.9, 22), (0.5, 0.5, 1)]
        {
            assert_eq!(images_needed(target(p, c)), images, "{p} {c}");
            assert_eq!(rank(images - 1, target(p, c)), None);
            assert_eq!(rank(images, target(p, c)), Some(1));
        }
    }

    /// Somerville's table of 1958: for 95 % at 95 %, the second largest from 93 on, the third from 124, the fourth from 153.
    #[test]
    fn ranks_grow_where_the_table_says() {
        for (images, expected) in [(92, 1), (93, 2), (123, 2), (124, 3), (152, 3), (153, 4)] {
            assert_eq!(rank(images, target(0.05, 0.95)), Some(expected), "{images}");
        }
    }

    #[test]
    fn the_chosen_score_itself_is_no_alarm() {
        let scores = GoodScores::new(&vec![2.0; 299]).unwrap();
        let promised = fit(&scores, Target::USUAL).unwrap();
        assert!(promised.threshold > 2.0 && promised.threshold < 2.000_001);
    }
}
