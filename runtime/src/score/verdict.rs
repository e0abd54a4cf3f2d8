//! `ok` or `defect`: a score against a threshold.

use std::fmt;

/// How unusual a picture is: the network's `pred_score`, in units of feature distance, 0 or more.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Score(pub f32);

/// The score from which on a picture counts as defective. Finite and above 0.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Threshold(f32);

/// Not a threshold.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("expected a finite number above 0, found {0}")]
pub struct ThresholdError(pub f32);

impl Threshold {
    /// A threshold of that height.
    ///
    /// # Errors
    /// [`ThresholdError`] when it is not finite or not above 0.
    pub fn new(value: f32) -> Result<Self, ThresholdError> {
        if value.is_finite() && value > 0.0 { Ok(Self(value)) } else { Err(ThresholdError(value)) }
    }

    /// The number.
    pub fn value(self) -> f32 {
        self.0
    }
}

/// What a judged picture is. There is no third value and no default: a picture that was not judged has no verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The score lies below the threshold.
    Ok,
    /// The score reaches the threshold.
    Defect,
}

impl Verdict {
    /// Judges a score. A score that is not a number is never judged.
    pub fn of(score: Score, threshold: Threshold) -> Option<Self> {
        let defect = score.0.partial_cmp(&threshold.0)?.is_ge();
        Some(if defect { Self::Defect } else { Self::Ok })
    }

    /// As in result lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Defect => "defect",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_itself_is_defective() {
        let threshold = Threshold::new(2.0).unwrap();
        assert_eq!(Verdict::of(Score(1.999), threshold), Some(Verdict::Ok));
        assert_eq!(Verdict::of(Score(2.0), threshold), Some(Verdict::Defect));
        assert_eq!(Verdict::of(Score(f32::NAN), threshold), None);
    }

    #[test]
    fn a_threshold_is_finite_and_above_zero() {
        for value in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            assert!(Threshold::new(value).is_err(), "{value}");
        }
    }
}
