//! What is told while a model is loaded.
#![forbid(unsafe_code)]

use std::fmt;

use super::Candidate;

/// What is going on while a model is loaded: for people who wait.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// The engine reads and optimises the model: a second.
    Loading(Candidate),
    /// TensorRT compiles the model: minutes. `reason` is what was wrong with the engine that there was.
    Building {
        /// Why not the old one.
        reason: Option<String>,
    },
    /// TensorRT did not like the engine that it got, and compiled the model on its own.
    RebuiltByProvider,
}

impl Step {
    /// Whether it is worth a line, also where nobody watches: it takes minutes, or took them.
    pub fn is_long(&self) -> bool {
        !matches!(self, Self::Loading(_))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loading(candidate) => write!(f, "loading the model on {candidate}"),
            Self::Building { reason: None } => f.write_str("building the TensorRT engine, once: this takes minutes"),
            Self::Building { reason: Some(reason) } => {
                write!(f, "building the TensorRT engine anew ({reason}): this takes minutes")
            }
            Self::RebuiltByProvider => {
                f.write_str("TensorRT built its engine anew: it could not use the one that was kept")
            }
        }
    }
}
