//! Scores of good pictures, in order.

/// Scores of good pictures: finite, ascending.
#[derive(Debug, Clone, PartialEq)]
pub struct GoodScores(Vec<f32>);

/// Not the score of a picture.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GoodScoresError {
    /// A score is no finite number.
    #[error("score {index}: expected a finite number, found {found}")]
    NotFinite {
        /// From 0.
        index: usize,
        /// The score.
        found: f32,
    },
    /// There is none.
    #[error("expected scores of good images, found none")]
    Empty,
}

impl GoodScores {
    /// Checks and sorts.
    ///
    /// # Errors
    /// [`GoodScoresError`]
    pub fn new(scores: &[f32]) -> Result<Self, GoodScoresError> {
        if scores.is_empty() {
            return Err(GoodScoresError::Empty);
        }
        if let Some((index, &found)) = scores.iter().enumerate().find(|(_, score)| !score.is_finite()) {
            return Err(GoodScoresError::NotFinite { index, found });
        }
        let mut scores = scores.to_vec();
        scores.sort_unstable_by(f32::total_cmp);
        Ok(Self(scores))
    }

    /// Ascending, at least one.
    pub fn ascending(&self) -> &[f32] {
        &self.0
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// The `rank`-th largest, from 1.
    pub(super) fn largest(&self, rank: u64) -> f32 {
        self.0[self.0.len() - rank as usize]
    }

    /// The middle score, or the mean of the two in the middle.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The quantile at `share` (0 to 1), straight lines between neighbours, as numpy's default (Hyndman and Fan's type 7).
    pub fn quantile(&self, share: f64) -> f64 {
        let place = share.clamp(0.0, 1.0) * (self.0.len() - 1) as f64;
        let below = place.floor() as usize;
        let [low, high] = [below, (below + 1).min(self.0.len() - 1)].map(|at| f64::from(self.0[at]));
        low + (high - low) * (place - below as f64)
    }

    /// The median absolute difference to the median.
    pub fn median_deviation(&self) -> f64 {
        let median = self.median();
        let differences: Vec<f32> = self.0.iter().map(|score| (f64::from(*score) - median).abs() as f32).collect();
        Self::new(&differences).map_or(0.0, |differences| differences.median())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn middle_and_spread() {
        let scores = GoodScores::new(&[5.0, 1.0, 2.0, 100.0]).unwrap();
        assert_eq!(scores.median(), 3.5);
        assert_eq!(scores.median_deviation(), 2.0);
        assert_eq!(scores.quantile(1.0), 100.0);
        assert_eq!(scores.largest(1), 100.0);
    }

    #[test]
    fn what_is_no_score_is_named() {
        assert_eq!(GoodScores::new(&[]).unwrap_err().to_string(), "expected scores of good images, found none");
        let error = GoodScores::new(&[1.0, f32::INFINITY]).unwrap_err();
        assert_eq!(error.to_string(), "score 1: expected a finite number, found inf");
    }
}
