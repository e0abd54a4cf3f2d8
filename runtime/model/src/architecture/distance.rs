//! How unusual a token is, given what of it was not rebuilt.

use std::fmt;
use std::str::FromStr;

use super::ArchitectureError;

/// The distance of each token. Its residual r is the features (in the form that is rebuilt) minus their reconstruction, C numbers.
///
/// Statistics are those of the residuals of good pictures, at each place by itself; [`Distance::Euclidean`] needs none and is the published one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distance {
    /// `l2`: the length of r.
    Euclidean,
    /// `position-std`: the length of (r - m) / s, with m and s the mean and the deviation of each place and channel.
    PositionStd,
    /// `position-cov:K`: the length of W (A r - m). The rows of A are the K leading axes of the covariance of all places together; m is the mean
    /// of A r at the place, and W, lower triangular, the inverse of the factor L of its covariance S = L Lᵀ.
    PositionCov {
        /// K, from 1 to the number of channels and [`Distance::MOST_AXES`].
        axes: usize,
    },
}

/// A text that names no distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected l2, position-std or position-cov:K with K from 1 to {}", Distance::MOST_AXES)]
pub struct UnknownDistance;

impl Distance {
    /// Each place has a matrix of its own: with so many axes, at 14 x 14 places, half of them are 26 MB. Accuracy levels off below 100.
    pub const MOST_AXES: usize = 256;

    pub(super) fn validate(self, channels: usize) -> Result<(), ArchitectureError> {
        let most = channels.min(Self::MOST_AXES);
        match self {
            Self::PositionCov { axes } if !(1..=most).contains(&axes) => {
                Err(ArchitectureError::DistanceAxes { axes, most })
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Distance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Euclidean => f.write_str("l2"),
            Self::PositionStd => f.write_str("position-std"),
            Self::PositionCov { axes } => write!(f, "position-cov:{axes}"),
        }
    }
}

impl FromStr for Distance {
    type Err = UnknownDistance;

    fn from_str(text: &str) -> Result<Self, UnknownDistance> {
        let distance = match (text, text.strip_prefix("position-cov:")) {
            ("l2", _) => Self::Euclidean,
            ("position-std", _) => Self::PositionStd,
            (_, Some(axes)) => Self::PositionCov { axes: axes.parse().map_err(|_| UnknownDistance)? },
            _ => return Err(UnknownDistance),
        };
        // One spelling each: no sign and no zeros in front.
        let is_possible = distance.validate(Self::MOST_AXES).is_ok() && distance.to_string() == text;
        if is_possible { Ok(distance) } else { Err(UnknownDistance) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_there_and_back() {
        for text in ["l2", "position-std", "position-cov:1", "position-cov:256"] {
            assert_eq!(text.parse::<Distance>().map(|distance| distance.to_string()).as_deref(), Ok(text));
        }
        for text in [
            "",
            "L2",
            "position-cov",
            "position-cov:",
            "position-cov:0",
            "position-cov:257",
            "position-cov:064",
            "position-cov:+64",
            "position-cov:-1",
            "position-cov:6.4",
            "position-cov:99999999999999999999999",
            "position-std:64",
        ] {
            assert_eq!(text.parse::<Distance>(), Err(UnknownDistance), "{text}");
        }
    }

    #[test]
    fn there_are_no_more_axes_than_channels() {
        assert_eq!(Distance::PositionCov { axes: 16 }.validate(16), Ok(()));
        let error = Distance::PositionCov { axes: 17 }.validate(16).unwrap_err();
        assert_eq!(error.to_string(), "distance position-cov:17: expected 1 to 16 axes");
    }
}
