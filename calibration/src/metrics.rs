//! How well scores tell defective from good: AUROC, average precision, F1max, AUPRO, and how sure they are.
//!
//! Scores, higher = more unusual, become a [`ranking::Ranking`] (of pictures) or a [`pixels::PixelScores`] (of pixels, any
//! number of them in bounded memory); each metric is a function of that. A picture is called defective when `score >=
//! threshold`. Equal scores are never told apart. Nothing is flipped: an AUROC below 0.5 is reported as it is.

pub mod average_precision;
pub mod bootstrap;
pub mod f1;
pub mod interval;
pub mod pixels;
pub mod pro;
pub mod ranking;
pub mod regions;
pub mod roc;

use std::fmt;

/// A metric's value. Between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// The metric.
    pub value: f64,
    /// It differs from the exact value by at most this much. 0 where scores were kept one by one.
    pub error: f64,
}

/// Why a metric has no value.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Absent {
    /// Neither good nor defective ones.
    Empty,
    /// Nothing good to compare with.
    NoGood,
    /// Nothing defective to find.
    NoDefective,
    /// Too many pixels of too similar scores for the memory: the value would be uncertain by more than is allowed.
    Uncertain {
        /// Guaranteed bound of the error.
        error: f64,
        /// [`pixels::ALLOWED_ERROR`].
        allowed: f64,
    },
}

impl fmt::Display for Absent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("nothing was scored"),
            Self::NoGood => f.write_str("nothing good among what was scored"),
            Self::NoDefective => f.write_str("nothing defective among what was scored"),
            Self::Uncertain { error, allowed } => write!(f, "uncertain by {error:.1e}, allowed are {allowed:.0e}"),
        }
    }
}

#[cfg(test)]
mod golden;
#[cfg(test)]
mod twin;
