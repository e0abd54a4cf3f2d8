//! Counting: what was received, judged, found; how long it took.

use std::time::Duration;

use crate::score::verdict::Verdict;

/// Counters of one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Frames that the network answered.
    pub judged: u64,
    /// Frames that were dropped because the engine was busy.
    pub policy: u64,
    /// Frames that the driver lost: gaps in its numbers. They were never received.
    pub driver: u64,
    /// Results that were dropped because a sink was slow. Their frames were judged.
    pub sink: u64,
    /// Frames that were broken, pictures that could not be read, answers that an engine could not give.
    pub corrupt: u64,
    /// Frames with the number of the frame before: the driver handed it out again. Not received again, not judged.
    pub repeated: u64,
    /// Results that were older than one frame interval and 1.3 times their inference. Of sources that state an interval.
    pub late: u64,
    /// Verdicts `ok`.
    pub ok: u64,
    /// Verdicts `defect`.
    pub defects: u64,
    /// Judged without a verdict: there is no threshold, the product is unknown, or the camera shows nothing.
    pub no_verdict: u64,
    /// Times that the source delivered again after it was lost.
    pub reconnects: u64,
    /// Times that a slow change began.
    pub drifts: u64,
}

impl Counts {
    /// Frames that were received.
    pub fn received(&self) -> u64 {
        self.judged + self.policy + self.corrupt
    }
}

/// Counters of one source, and how old its results were.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// The counters.
    pub counts: Counts,
    /// Why the latest of the broken ones was that.
    pub last_problem: Option<String>,
    ages: Ages,
}

impl Tally {
    /// Counts a frame that the network answered, `age` after it was captured.
    pub fn judged(&mut self, verdict: Option<Verdict>, age: Duration) {
        let counts = &mut self.counts;
        counts.judged += 1;
        match verdict {
            Some(Verdict::Ok) => counts.ok += 1,
            Some(Verdict::Defect) => counts.defects += 1,
            None => counts.no_verdict += 1,
        }
        self.ages.add(age);
    }

    /// The age that `share` (0 to 1) of the results did not exceed; none without results. At most 3.2 % too high.
    pub fn age_quantile(&self, share: f64) -> Option<Duration> {
        self.ages.quantile(share)
    }

    /// The oldest result's age, exact.
    pub fn age_max(&self) -> Option<Duration> {
        (self.counts.judged > 0).then_some(self.ages.max)
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
        assert_eq!((tally.counts.received(), tally.counts.ok), (1000, 1000));
    }

    #[test]
    fn without_results_there_are_no_ages() {
        let mut tally = Tally::default();
        tally.counts.corrupt += 1;
        assert_eq!((tally.age_quantile(0.5), tally.age_max(), tally.counts.received()), (None, None, 1));
    }
}
