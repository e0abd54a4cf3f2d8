//! From the values of an anomaly map to shares of the colour scale.

use crate::score::verdict::Threshold;

/// What the colours mean, in units of the anomaly map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scale {
    /// The same in every picture: from `low` (and below) to `high` (and above). As [`Scale::OwnRange`] unless both are
    /// finite and `low` is below `high`.
    Fixed {
        /// Where the colours begin.
        low: f32,
        /// Where they end.
        high: f32,
    },
    /// From the smallest to the largest value of this picture: shows the most, and shows it in normal pictures too.
    OwnRange,
}

impl Scale {
    /// From 0 to twice the threshold, which so lies in the middle of the colours of every picture; the picture's own
    /// range when there is no threshold.
    pub fn around(threshold: Option<Threshold>) -> Self {
        threshold.map_or(Self::OwnRange, |threshold| Self::Fixed { low: 0.0, high: 2.0 * threshold.value() })
    }
}

/// The values between which the colours run; `low` is below `high`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Range {
    pub(super) low: f64,
    pub(super) high: f64,
    /// Whether they were taken from the picture itself.
    pub(super) own: bool,
    /// The smallest and largest finite value of the map, if it has any.
    pub(super) extremes: Option<(f32, f32)>,
    /// Whether the map has values that are not finite.
    pub(super) gaps: bool,
}

impl Range {
    /// What a scale means for these values.
    pub(super) fn of(scale: Scale, map: &[f32]) -> Self {
        let finite = map.iter().copied().filter(|value| value.is_finite());
        let extremes = finite.fold(None, |extremes: Option<(f32, f32)>, value| {
            let (smallest, largest) = extremes.unwrap_or((value, value));
            Some((smallest.min(value), largest.max(value)))
        });
        let fixed = match scale {
            Scale::Fixed { low, high } if low.is_finite() && high.is_finite() && low < high => {
                Some((f64::from(low), f64::from(high)))
            }
            _ => None,
        };
        let (low, high) = fixed.unwrap_or_else(|| {
            let (smallest, largest) = extremes.map_or((0.0, 1.0), |(low, high)| (f64::from(low), f64::from(high)));
            // One value everywhere: nothing stands out, so all of it lies at the lower end.
            (smallest, if smallest < largest { largest } else { smallest + smallest.abs().max(1.0) })
        });
        let gaps = map.iter().any(|value| !value.is_finite());
        Self { low, high, own: fixed.is_none(), extremes, gaps }
    }

    /// Where a value lies: 0 at `low`, 1 at `high`, not clipped.
    pub(super) fn share(self, value: f32) -> f32 {
        ((f64::from(value) - self.low) / (self.high - self.low)) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_lies_in_the_middle_of_its_scale() {
        let threshold = Threshold::new(20.5).unwrap();
        let range = Range::of(Scale::around(Some(threshold)), &[-1.0, 50.0]);
        assert_eq!(range.share(threshold.value()), 0.5);
        assert!(!range.own && !range.gaps);
        assert_eq!(Scale::around(None), Scale::OwnRange);
    }

    #[test]
    fn an_own_range_runs_over_the_finite_values() {
        let range = Range::of(Scale::OwnRange, &[f32::NAN, 2.0, f32::INFINITY, 6.0]);
        assert_eq!((range.low, range.high, range.gaps), (2.0, 6.0, true));
        assert!(range.own);
    }

    #[test]
    fn a_range_is_never_empty() {
        for map in [&[][..], &[f32::NAN], &[3.0, 3.0], &[f32::MAX; 2], &[f32::MIN, f32::MAX]] {
            for scale in
                [Scale::OwnRange, Scale::Fixed { low: 1.0, high: 1.0 }, Scale::Fixed { low: 0.0, high: f32::INFINITY }]
            {
                let range = Range::of(scale, map);
                assert!(range.low < range.high && range.own, "{map:?} {scale:?}");
                assert!(range.share(range.low as f32).is_finite());
            }
        }
    }
}
