//! What remains of many times.

use serde::Serialize;

/// Median and quartiles.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quartiles {
    /// A quarter of the values lies below.
    pub low: f64,
    /// Half of them.
    pub median: f64,
    /// Three quarters.
    pub high: f64,
}

impl Quartiles {
    /// Of these values; `None` when there are none.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().checked_sub(1)?;
        let at = |quarter: usize| sorted[last * quarter / 4];
        Some(Self { low: at(1), median: at(2), high: at(3) })
    }

    /// Of the ratios of two contenders, round by round: what slowed a round down slowed both.
    pub fn of_ratios(own: &[f64], base: &[f64]) -> Option<Self> {
        Self::of(own.iter().zip(base).map(|(own, base)| own / base))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_are_values_that_were_measured() {
        let quartiles = Quartiles::of([5.0, 1.0, 4.0, 2.0, 3.0]).unwrap();
        assert_eq!(quartiles, Quartiles { low: 2.0, median: 3.0, high: 4.0 });
        assert_eq!(Quartiles::of([7.0]).unwrap().high, 7.0);
        assert_eq!(Quartiles::of([]), None);
    }

    #[test]
    fn a_slow_round_does_not_change_a_ratio() {
        let ratios = Quartiles::of_ratios(&[2.0, 20.0, 2.0], &[1.0, 10.0, 1.0]).unwrap();
        assert_eq!(ratios, Quartiles { low: 2.0, median: 2.0, high: 2.0 });
    }
}
