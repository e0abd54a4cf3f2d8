//! Counting: what was received, judged, found; how long it took.

use std::time::Duration;

use crate::score::verdict::Verdict;

/// Counters of one source. Received = judged + corrupt.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Pictures that the network answered.
    pub judged: u64,
    /// Pictures that could not be read.
    pub corrupt: u64,
    /// Verdicts `ok`.
    pub ok: u64,
    /// Verdicts `defect`.
    pub defects: u64,
    /// Judged without a verdict: there is no threshold, or the score is no number.
    pub no_verdict: u64,
    ages: Ages,
}

impl Tally {
    /// Counts a picture that the network answered, `age` after it was received.
    pub fn judged(&mut self, verdict: Option<Verdict>, age: Duration) {
        self.judged += 1;
        match verdict {
            Some(Verdict::Ok) => self.ok += 1,
            Some(Verdict::Defect) => self.defects += 1,
            None => self.no_verdict += 1,
        }
        self.ages.add(age);
    }

    /// Counts a picture that could not be read.
    pub fn corrupt(&mut self) {
        self.corrupt += 1;
    }

    /// All pictures.
    pub fn received(&self) -> u64 {
        self.judged + self.corrupt
    }

    /// The age that `share` (0 to 1) of the results did not exceed; none without results. At most 3.2 % too high.
    pub fn age_quantile(&self, share: f64) -> Option<Duration> {
        self.ages.quantile(share)
    }

    /// The oldest result's age, exact.
    pub fn age_max(&self) -> Option<Duration> {
        (self.judged > 0).then_some(self.ages.max)
    }
}

/// Ages in classes, each 1/32 wider than the last: bounded memory for runs of months.
#[derive(Debug, Clone)]
struct Ages {
    classes: Vec<u64>,
    count: u64,
    max: Duration,
}

/// Classes per doubling.
const STEPS: u32 = 22;
/// 1 µs to 2^40 µs, 13 days.
const CLASSES: usize = 40 * STEPS as usize;

impl Default for Ages {
    fn default() -> Self {
        Self { classes: vec![0; CLASSES], count: 0, max: Duration::ZERO }
    }
}

impl Ages {
    fn add(&mut self, age: Duration) {
        let class = (age.as_secs_f64() * 1e6).max(1.0).log2() * f64::from(STEPS);
        self.classes[(class as usize).min(CLASSES - 1)] += 1;
        self.count += 1;
        self.max = self.max.max(age);
    }

    fn quantile(&self, share: f64) -> Option<Duration> {
        let rank = ((share * self.count as f64).ceil() as u64).max(1);
        let mut below = 0;
        let class = self.classes.iter().position(|count| {
            below += count;
            below >= rank
        })?;
        let upper = 2_f64.powf((class + 1) as f64 / f64::from(STEPS)) / 1e6;
        Some(Duration::from_secs_f64(upper).min(self.max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_within_a_class() {
        let mut tally = Tally::default();
        for milliseconds in 1..=1000 {
            tally.judged(Some(Verdict::Ok), Duration::from_millis(milliseconds));
        }
        for (share, expected) in [(0.5, 0.5), (0.99, 0.99), (1.0, 1.0)] {
            let found = tally.age_quantile(share).unwrap().as_secs_f64();
            assert!((expected..=expected * 1.033).contains(&found), "{share}: {found}");
        }
        assert_eq!(tally.age_max(), Some(Duration::from_secs(1)));
        assert_eq!((tally.received(), tally.ok), (1000, 1000));
    }

    #[test]
    fn without_results_there_are_no_ages() {
        let mut tally = Tally::default();
        tally.corrupt();
        assert_eq!((tally.age_quantile(0.5), tally.age_max(), tally.received()), (None, None, 1));
    }
}
