//! What texts of flags mean, where a library's own words would not help.

/// A whole number.
///
/// # Errors
/// What was expected; clap names the flag and what it found.
pub fn count(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "expected a whole number".to_owned())
}

/// How many of what there is at least one of.
///
/// # Errors
/// As of [`count`].
pub fn at_least_one(text: &str) -> Result<u64, String> {
    text.parse().ok().filter(|&count| count > 0).ok_or_else(|| "expected a whole number, at least 1".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_at_least_one_of_is_counted_from_one() {
        assert_eq!(at_least_one("2"), Ok(2));
        for wrong in ["0", "-1", "1.5", "", "x"] {
            assert!(at_least_one(wrong).is_err(), "{wrong}");
        }
    }
}
