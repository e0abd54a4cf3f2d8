//! Versions of releases: what is newer.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One to four numbers with points between them, as in `1.4.0`; compared number by number, missing ones are 0.
///
/// Words are no part of it: which of `1.4-rc` and `1.4` is newer is not for a board to guess.
#[derive(Debug, Clone, Copy)]
pub struct Version {
    numbers: [u32; MOST],
    written: usize,
}

const MOST: usize = 4;

impl Version {
    /// Reads `1`, `1.4`, `1.4.0` or `1.4.0.7`. No signs, no leading zeros.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut version = Self { numbers: [0; MOST], written: 0 };
        for part in text.split('.') {
            let is_plain = part.bytes().all(|byte| byte.is_ascii_digit()) && (part == "0" || !part.starts_with('0'));
            *version.numbers.get_mut(version.written)? = part.parse().ok().filter(|_| is_plain)?;
            version.written += 1;
        }
        Some(version)
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Version {}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, number) in self.numbers.iter().take(self.written).enumerate() {
            let point = if index == 0 { "" } else { "." };
            write!(formatter, "{point}{number}")?;
        }
        Ok(())
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let expected = "expected one to four numbers with points between them, as in 1.4.0";
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format_args!("version {text:?}: {expected}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        let ordered = ["0", "1", "1.0.1", "1.2", "1.9", "1.10", "1.10.0.1", "2"];
        for pair in ordered.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{pair:?}");
        }
        assert_eq!(version("1.2"), version("1.2.0.0"));
    }

    #[test]
    fn a_version_is_written_as_it_was_read() {
        for text in ["1", "1.0", "1.4.0", "0.0.0.7"] {
            assert_eq!(version(text).to_string(), text);
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for wrong in ["", ".", "1.", ".1", "1..2", "1.2.3.4.5", "1.2-rc1", "v1", "01", "+1", "4294967296", "1 "] {
            assert!(Version::parse(wrong).is_none(), "{wrong}");
        }
    }
}
