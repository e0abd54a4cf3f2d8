//! Why a profile cannot be used.

use std::io;

/// Why a profile cannot be used. What it says holds for the profile that was read, which it does not name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// No such board.
    #[error("no profile {name:?}")]
    Unknown {
        /// As it was asked for.
        name: String,
        /// What was perhaps meant.
        closest: Option<String>,
    },
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// Larger than any honest one.
    #[error("more than {limit} bytes")]
    TooLarge {
        /// Bytes.
        limit: u64,
    },
    /// Not TOML, or a value of another type.
    #[error("line {line}: {message}")]
    Toml {
        /// Counted from 1.
        line: usize,
        /// The parser's words.
        message: String,
    },
    /// A key that means nothing.
    #[error("unknown key {key:?}")]
    UnknownKey {
        /// With the tables that it is in.
        key: String,
        /// What was perhaps meant.
        closest: Option<String>,
    },
    /// A profile that it inherits from does not exist.
    #[error("inherits: no profile {name:?}")]
    UnknownBase {
        /// As it was written.
        name: String,
        /// What was perhaps meant.
        closest: Option<String>,
    },
    /// It inherits from itself.
    #[error("inherits from itself: {}", chain.join(", then "))]
    Cycle {
        /// From one to the next.
        chain: Vec<String>,
    },
    /// Neither it nor what it inherits from says it.
    #[error("{key} is missing, and nothing that it inherits from has it")]
    Missing {
        /// With the tables that it is in.
        key: &'static str,
    },
    /// A value that makes no sense.
    #[error("{key}: expected {expected}, found {found}")]
    Value {
        /// With the tables that it is in.
        key: &'static str,
        /// In words.
        expected: &'static str,
        /// As it was written.
        found: String,
    },
    /// A part of other profiles.
    #[error("a part of other profiles, not a board")]
    Abstract,
}
