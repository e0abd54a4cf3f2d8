//! When a calibration was made, as it is written into the model file.

use jiff::Timestamp;
use moead_runtime::stream::clock::{Clock as _, SystemClock, WallClock};

/// The variable that stands for the time of a build: <https://reproducible-builds.org/specs/source-date-epoch/>.
pub(super) const VARIABLE: &str = "SOURCE_DATE_EPOCH";

/// It is set to something else than a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{VARIABLE}: expected seconds since 1970, found {found:?}")]
pub(super) struct NoTime {
    found: String,
}

/// Now; or the time that [`VARIABLE`] names, so that the same pictures give the same bytes.
///
/// # Errors
/// [`NoTime`]
pub(super) fn date() -> Result<WallClock, NoTime> {
    match std::env::var_os(VARIABLE) {
        None => Ok(SystemClock.wall()),
        Some(value) => named(&value.to_string_lossy()),
    }
}

fn named(text: &str) -> Result<WallClock, NoTime> {
    let seconds = text.parse::<u32>().ok().map(i64::from);
    let time = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map(WallClock::new).ok_or_else(|| NoTime { found: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_a_date() {
        assert_eq!(named("1767323045").unwrap().to_string(), "2026-01-02T03:04:05.000Z");
        for text in ["", "-1", "yesterday", "1767323045.5", "99999999999999999999"] {
            let error = named(text).unwrap_err();
            assert_eq!(error.to_string(), format!("SOURCE_DATE_EPOCH: expected seconds since 1970, found {text:?}"));
        }
    }
}
