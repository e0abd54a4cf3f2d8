//! Comparing tensors, with a message that helps.

/// The largest |found - expected|, relative to the largest |expected|; infinite where a number is missing or not a number.
pub fn relative_error(expected: &[f64], found: &[f64]) -> f64 {
    if expected.len() != found.len() {
        return f64::INFINITY;
    }
    let largest = expected.iter().fold(f64::MIN_POSITIVE, |largest, value| largest.max(value.abs()));
    let difference = |(expected, found): (&f64, &f64)| {
        let difference = (expected - found).abs();
        if difference.is_nan() { f64::INFINITY } else { difference }
    };
    expected.iter().zip(found).map(difference).fold(0.0, f64::max) / largest
}

/// Collects what fails, so that one run shows all of it.
#[derive(Debug, Default)]
pub struct Failures(Vec<String>);

impl Failures {
    /// Notes a failure unless `found` is within `tolerance` of `expected`; returns the relative error.
    pub fn check(&mut self, what: &str, expected: &[f64], found: &[f64], tolerance: f64) -> f64 {
        let error = relative_error(expected, found);
        if error > tolerance {
            let (expected_length, found_length) = (expected.len(), found.len());
            self.add(format!(
                "{what}: relative error {error:.2e}, at most {tolerance:.1e} is allowed ({expected_length} numbers \
                 expected, {found_length} found)"
            ));
        }
        error
    }

    /// Notes a failure.
    pub fn add(&mut self, failure: impl Into<String>) {
        self.0.push(failure.into());
    }

    /// Whether nothing was noted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Fails the test if anything was noted.
    pub fn finish(self) {
        assert!(self.0.is_empty(), "{} failures:\n{}", self.0.len(), self.0.join("\n"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_relative_to_the_largest_value() {
        assert_eq!(relative_error(&[0.0, -4.0], &[1.0, -4.0]), 0.25);
        assert_eq!(relative_error(&[1.0], &[f64::NAN]), f64::INFINITY);
        assert_eq!(relative_error(&[1.0], &[]), f64::INFINITY);
    }
}
