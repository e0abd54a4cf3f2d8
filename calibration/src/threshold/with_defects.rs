//! A threshold from good and defective pictures: by best F1, or by a wanted recall.
//!
//! It is chosen on the same pictures that its error rates are counted on, so on new pictures expect somewhat more errors than
//! these: with few pictures, trust the upper ends of the intervals.

use super::Rate;
use crate::metrics::interval::{Confidence, Interval, rate};
use crate::metrics::ranking::Ranking;
use crate::metrics::{Absent, f1};

/// What the threshold is to achieve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Wish {
    /// The best F1.
    BestF1,
    /// At least this share of defective pictures found, with as few false alarms as that allows.
    Recall(Rate),
}

/// An error rate, as counted and as far as it can be known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ErrorRate {
    /// Pictures judged wrongly.
    pub errors: u64,
    /// Pictures of that class.
    pub images: u64,
    /// Clopper and Pearson's.
    pub interval: Interval,
}

/// A threshold and what it does on the pictures that it was chosen on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chosen {
    /// `score >= threshold` is a defect: in the middle between the lowest score that is called a defect and the next below it.
    pub threshold: f32,
    /// Good pictures called defective.
    pub false_alarms: ErrorRate,
    /// Defective pictures called good.
    pub misses: ErrorRate,
}

/// Chooses a threshold.
///
/// # Errors
/// [`Absent`] when one class is missing.
pub fn choose(ranking: &Ranking, wish: Wish, confidence: Confidence) -> Result<Chosen, Absent> {
    let best = f1::f1_max(ranking)?;
    let defective = ranking.defective();
    let needed = match wish {
        Wish::BestF1 => 0,
        // A recall of exactly 0.9 of 10 must not be missed by a rounding.
        Wish::Recall(recall) => (recall.value() * defective as f64 - 1e-9).ceil() as u64,
    };
    let (mut alarms, mut found, mut chosen, mut next) = (0, 0, None, None);
    ranking.steps(|step| {
        if chosen.is_some() {
            next = next.or(Some(step.score));
            return;
        }
        alarms += step.good;
        found += step.defective;
        let reached = match wish {
            Wish::BestF1 => step.score <= best.threshold,
            Wish::Recall(_) => found >= needed,
        };
        chosen = reached.then_some(step.score);
    });
    let lowest = chosen.unwrap_or(best.threshold);
    let error_rate = |errors, images| ErrorRate { errors, images, interval: rate(errors, images, confidence) };
    Ok(Chosen {
        threshold: next.map_or(lowest, |next| between(next, lowest)),
        false_alarms: error_rate(alarms, ranking.good()),
        misses: error_rate(defective - found, defective),
    })
}

/// In the middle, above `low` and at most `high`.
fn between(low: f32, high: f32) -> f32 {
    let middle = (f64::midpoint(low.into(), high.into())) as f32;
    if middle > low && middle <= high { middle } else { high }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::ranking::Truth::{Defective, Good};

    fn ranking() -> Ranking {
        let scores = [1.0, 2.0, 3.0, 2.5, 5.0, 6.0, 7.0];
        Ranking::new(&scores, &[Good, Good, Good, Defective, Defective, Defective, Defective]).unwrap()
    }

    #[test]
    fn the_best_f1_lies_in_the_middle_of_its_gap() {
        // At 2.5: 4 found, 1 alarm, F1 = 8/9. At 5: 3 found, F1 = 6/7.
        let chosen = choose(&ranking(), Wish::BestF1, Confidence::USUAL).unwrap();
        assert_eq!((chosen.threshold, chosen.false_alarms.errors, chosen.misses.errors), (2.25, 1, 0));
        assert!(chosen.misses.interval.high > 0.5, "{chosen:?}");
    }

    #[test]
    fn a_wanted_recall_is_reached_with_the_fewest_alarms() {
        let wish = |recall| Wish::Recall(Rate::new(recall).unwrap());
        let chosen = |recall| choose(&ranking(), wish(recall), Confidence::USUAL).unwrap();
        assert_eq!((chosen(0.75).threshold, chosen(0.75).misses.errors, chosen(0.75).false_alarms.errors), (4.0, 1, 0));
        assert_eq!(
            (chosen(0.76).threshold, chosen(0.76).misses.errors, chosen(0.76).false_alarms.errors),
            (2.25, 0, 1)
        );
    }

    #[test]
    fn neighbouring_numbers_have_no_middle() {
        assert_eq!(between(1.0, 1.0_f32.next_up()), 1.0_f32.next_up());
    }

    #[test]
    fn without_defects_there_is_nothing_to_choose() {
        let ranking = Ranking::new(&[1.0], &[Good]).unwrap();
        assert_eq!(choose(&ranking, Wish::BestF1, Confidence::USUAL), Err(Absent::NoDefective));
    }
}
