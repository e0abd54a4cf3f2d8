//! What texts of flags mean, where a library's own words would not help.

/// A whole number.
///
/// # Errors
/// What was expected; clap names the flag and what it found.
pub fn count(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "expected a whole number".to_owned())
}
