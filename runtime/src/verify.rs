//! Whether an engine's numbers are right: against what the exporter computed, and against another engine.
//!
//! * [`self_test`]: the picture that every model file carries the answer to.
//! * [`comparison`]: two answers to the same pictures.
#![forbid(unsafe_code)]

pub mod comparison;
mod enlarge;
pub mod self_test;

/// The largest |found - expected| relative to the largest |expected|. Infinite where a number is missing or is none, so
/// that it exceeds every tolerance.
fn relative_error(expected: impl ExactSizeIterator<Item = f64> + Clone, found: &[f32]) -> f64 {
    if expected.len() != found.len() {
        return f64::INFINITY;
    }
    let largest = expected.clone().fold(f64::MIN_POSITIVE, |largest, value| largest.max(value.abs()));
    let mut worst = 0.0_f64;
    for (expected, &found) in expected.zip(found) {
        let difference = (f64::from(found) - expected).abs();
        if difference.is_nan() {
            return f64::INFINITY;
        }
        worst = worst.max(difference);
    }
    worst / largest
}

/// The largest difference of two maps, relative to the first one's largest value.
pub fn map_error(first: &[f32], second: &[f32]) -> f64 {
    relative_error(first.iter().map(|&value| f64::from(value)), second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(expected: &[f64], found: &[f32]) -> f64 {
        relative_error(expected.iter().copied(), found)
    }

    #[test]
    fn errors_are_relative_to_the_largest_expected_value() {
        assert_eq!(error(&[1.0, -4.0], &[1.0, -4.0]), 0.0);
        assert_eq!(error(&[1.0, -4.0], &[1.5, -4.0]), 0.125);
    }

    #[test]
    fn what_is_no_number_exceeds_every_tolerance() {
        assert_eq!(error(&[1.0, 2.0], &[1.0]), f64::INFINITY);
        assert_eq!(error(&[1.0, 2.0], &[1.0, f32::NAN]), f64::INFINITY);
        assert_eq!(error(&[1.0, 2.0], &[f32::INFINITY, 2.0]), f64::INFINITY);
    }
}
