//! How often a number lay where: what a monitoring system makes quantiles of.

/// In seconds; from what an accelerator takes for a picture to what a small board takes for a large one.
pub(super) const DURATIONS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// In units of the score; thresholds of trained networks lie in the middle of it.
pub(super) const SCORES: &[f64] =
    &[0.1, 0.2, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0, 50.0, 100.0, 1000.0];

/// Counts of numbers, by classes that are chosen once.
#[derive(Debug, Clone)]
pub(super) struct Histogram {
    /// Upper ends, which belong to their class, ascending.
    bounds: &'static [f64],
    /// One more than bounds: the last is what lies above all of them.
    counts: Vec<u64>,
    sum: f64,
}

impl Histogram {
    pub(super) fn new(bounds: &'static [f64]) -> Self {
        Self { bounds, counts: vec![0; bounds.len() + 1], sum: 0.0 }
    }

    /// Counts a number. What is not finite is left out, since no sum could hold it.
    pub(super) fn add(&mut self, value: f64) {
        if value.is_finite() {
            let class = self.bounds.partition_point(|&bound| bound < value);
            self.counts[class] += 1;
            self.sum += value;
        }
    }

    /// Each upper end with the count of what does not exceed it; the last end is infinite.
    pub(super) fn cumulated(&self) -> impl Iterator<Item = (f64, u64)> {
        let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
        bounds.zip(&self.counts).scan(0, |below, (bound, count)| {
            *below += count;
            Some((bound, *below))
        })
    }

    pub(super) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    pub(super) fn sum(&self) -> f64 {
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_on_a_bound_belongs_below_it() {
        let mut histogram = Histogram::new(&[1.0, 2.0]);
        for value in [0.5, 1.0, 1.5, 2.0, 2.5, f64::NAN, f64::INFINITY] {
            histogram.add(value);
        }
        assert_eq!(histogram.cumulated().collect::<Vec<_>>(), [(1.0, 2), (2.0, 4), (f64::INFINITY, 5)]);
        assert_eq!((histogram.count(), histogram.sum()), (5, 7.5));
    }

    #[test]
    fn bounds_ascend() {
        for bounds in [DURATIONS, SCORES] {
            assert!(bounds.is_sorted_by(|a, b| a < b));
        }
    }
}
