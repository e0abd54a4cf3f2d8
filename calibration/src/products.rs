//! What a product's good pictures look like as embeddings, so that a running program knows which product it sees.
//!
//! Mean and standard deviation of each feature, and a refusal distance. The standard deviations of few pictures are noisy, and one that
//! is too small would refuse everything: each variance is drawn towards the mean variance of all features as if [`PRIOR`] more pictures had
//! shown it. The refusal distance comes from leave-one-out distances: each picture is measured by what the others say, as a new
//! picture will be.

use moead_model::calibration::Embedding;
use moead_runtime::score::product::distance;

use crate::metrics::interval::Confidence;
use crate::threshold::good_scores::{GoodScores, GoodScoresError};
use crate::threshold::{self, Rate, Target, ThresholdError};

/// Pictures' worth of belief that features vary alike.
pub const PRIOR: f64 = 4.0;

/// A variance is never below this share of the mean variance: a feature that never changed may still change a little.
const LEAST_VARIANCE: f64 = 1e-3;

/// Why a product has no statistics.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddingError {
    /// Embeddings of different lengths.
    #[error("embedding {index}: expected {expected} features, found {found}")]
    Length {
        /// Picture, from 0.
        index: usize,
        /// As the first has.
        expected: usize,
        /// Features.
        found: usize,
    },
    /// A feature is no finite number.
    #[error("embedding {index}, feature {feature}: expected a finite number, found {found}")]
    NotFinite {
        /// Picture, from 0.
        index: usize,
        /// From 0.
        feature: usize,
        /// The value.
        found: f32,
    },
    /// All pictures have the same embedding.
    #[error("the embeddings of {images} images do not differ")]
    NoSpread {
        /// Pictures.
        images: usize,
    },
    /// There is none, or they have no features.
    #[error("expected embeddings of good images, found none")]
    Empty,
    /// Fewer pictures than a window of drift needs.
    #[error("{found} images are too few for windows of {window}: expected at least {least}")]
    Window {
        /// Pictures.
        found: usize,
        /// Pictures of a window.
        window: usize,
        /// Pictures.
        least: usize,
    },
    /// Too few pictures for a refusal distance.
    #[error(transparent)]
    Refusal(#[from] ThresholdError),
    /// Distances that are no numbers: features that overflow.
    #[error(transparent)]
    Distances(#[from] GoodScoresError),
}

/// Sums over embeddings that one can be taken out of.
struct Sums {
    images: f64,
    /// The first embedding is subtracted from all, so that large means cost no digits.
    origin: Vec<f64>,
    sum: Vec<f64>,
    squares: Vec<f64>,
}

impl Sums {
    fn of(embeddings: &[Vec<f32>]) -> Result<Self, EmbeddingError> {
        let first = embeddings.first().filter(|first| !first.is_empty()).ok_or(EmbeddingError::Empty)?;
        let features = first.len();
        let origin = first.iter().copied().map(f64::from).collect();
        let mut sums = Self { images: 0.0, origin, sum: vec![0.0; features], squares: vec![0.0; features] };
        for (index, embedding) in embeddings.iter().enumerate() {
            if embedding.len() != features {
                return Err(EmbeddingError::Length { index, expected: features, found: embedding.len() });
            }
            if let Some(feature) = embedding.iter().position(|value| !value.is_finite()) {
                return Err(EmbeddingError::NotFinite { index, feature, found: embedding[feature] });
            }
            sums.add(embedding, 1.0);
        }
        Ok(sums)
    }

    fn add(&mut self, embedding: &[f32], sign: f64) {
        self.images += sign;
        for (at, value) in embedding.iter().enumerate() {
            let value = f64::from(*value) - self.origin[at];
            self.sum[at] += sign * value;
            self.squares[at] += sign * value * value;
        }
    }

    /// Mean, and standard deviation drawn towards the others'. `None` when nothing varies.
    fn statistics(&self) -> Option<Embedding> {
        let freedom = self.images - 1.0;
        let variances: Vec<f64> = self
            .sum
            .iter()
            .zip(&self.squares)
            .map(|(sum, squares)| ((squares - sum * sum / self.images) / freedom).max(0.0))
            .collect();
        let common = variances.iter().sum::<f64>() / variances.len() as f64;
        if !common.is_finite() || common <= 0.0 {
            return None;
        }
        let drawn = |variance: &f64| {
            let drawn = (freedom * variance + PRIOR * common) / (freedom + PRIOR);
            drawn.max(LEAST_VARIANCE * common).sqrt() as f32
        };
        let mean = self.origin.iter().zip(&self.sum).map(|(origin, sum)| (origin + sum / self.images) as f32);
        Some(Embedding { mean: mean.collect(), std: variances.iter().map(drawn).collect(), ..Embedding::default() })
    }
}

/// Statistics of one product's good pictures.
///
/// * `embeddings`: one for each picture, equally long.
/// * `refusals`: the share of its good pictures that may be refused. Expected, not promised: its confidence is a half.
///
/// O(pictures * features); the pictures' embeddings are all in memory, 4 bytes a feature.
///
/// # Errors
/// [`EmbeddingError`]
pub fn fit(embeddings: &[Vec<f32>], refusals: Rate) -> Result<Embedding, EmbeddingError> {
    let mut sums = Sums::of(embeddings)?;
    let no_spread = EmbeddingError::NoSpread { images: embeddings.len() };
    let mut product = sums.statistics().ok_or(no_spread)?;
    let mut distances = Vec::with_capacity(embeddings.len());
    for embedding in embeddings {
        sums.add(embedding, -1.0);
        let others = sums.statistics().ok_or(no_spread)?;
        distances.push(distance(embedding, &others) as f32);
        sums.add(embedding, 1.0);
    }
    let half = Confidence::new(0.5).expect("lies between 0 and 1");
    let target = Target { false_alarms: refusals, confidence: half };
    product.refusal = f64::from(threshold::fit(&GoodScores::new(&distances)?, target)?.threshold);
    Ok(product)
}

#[cfg(test)]
mod tests {
    use moead_runtime::score::product::{Recognised, recognise};
    use rand::SeedableRng;
    use rand_distr::{Distribution, Normal};
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;

    /// Pictures of a product: features around `level`, of different spreads, all moved together by a common part (as light does).
    fn pictures(level: f64, count: usize, seed: u64) -> Vec<Vec<f32>> {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let normal = Normal::new(0.0, 1.0).unwrap();
        let picture = |_| {
            let common: f64 = normal.sample(&mut random);
            (0..60)
                .map(|at| {
                    let spread = 0.1 + 0.01 * f64::from(at);
                    (level + spread * (0.5 * common + normal.sample(&mut random))) as f32
                })
                .collect()
        };
        (0..count).map(picture).collect()
    }

    fn rate(value: f64) -> Rate {
        Rate::new(value).unwrap()
    }

    #[test]
    fn products_are_told_apart_and_strangers_refused() {
        let fitted =
            [("a", 1.0), ("b", 2.0)].map(|(name, level)| (name, fit(&pictures(level, 200, 1), rate(0.01)).unwrap()));
        let products = || fitted.iter().map(|(name, product)| (*name, product));
        let seen = |level, name| {
            let new = pictures(level, 2000, 2);
            new.iter().filter(|picture| matches!(recognise(picture, products()), Recognised::Product { name: found, .. } if found == name)).count()
        };
        // 1 % refused is expected, twice as much tolerated.
        assert!(seen(1.0, "a") > 1960 && seen(2.0, "b") > 1960, "{} {}", seen(1.0, "a"), seen(2.0, "b"));
        assert_eq!((seen(1.0, "b"), seen(4.0, "b")), (0, 0));
        let nothing = recognise(&[f32::NAN; 60], products());
        assert!(matches!(nothing, Recognised::Unknown { .. }), "{nothing:?}");
    }

    #[test]
    fn a_feature_that_never_changes_refuses_nobody_for_a_trifle() {
        let mut embeddings = pictures(1.0, 100, 3);
        embeddings.iter_mut().for_each(|embedding| embedding[0] = 5.0);
        let product = fit(&embeddings, rate(0.01)).unwrap();
        assert!(product.std[0] > 0.01 && product.std[0] < product.std[1], "{:?}", &product.std[..2]);
    }

    #[test]
    fn leaving_one_out_is_as_counting_without_it() {
        let embeddings = pictures(100.0, 60, 4);
        let mut sums = Sums::of(&embeddings).unwrap();
        sums.add(&embeddings[7], -1.0);
        let mut others = embeddings.clone();
        others.remove(7);
        let (found, expected) = (sums.statistics().unwrap(), Sums::of(&others).unwrap().statistics().unwrap());
        for (found, expected) in found.std.iter().zip(&expected.std) {
            assert!((found / expected - 1.0).abs() < 1e-5, "{found} {expected}");
        }
    }

    #[test]
    fn the_refusal_distance_is_that_of_pictures_that_were_left_out() {
        let embeddings = pictures(1.0, 70, 6);
        let left_out = |at: usize| {
            let mut others = embeddings.clone();
            let picture = others.remove(at);
            distance(&picture, &fit(&others, rate(0.01)).unwrap()) as f32
        };
        let largest = (0..70).map(left_out).fold(0.0, f32::max);
        // With 70 pictures and a confidence of a half, the largest distance is the promise for 1 %.
        let refusal = fit(&embeddings, rate(0.01)).unwrap().refusal;
        assert!((refusal / f64::from(largest) - 1.0).abs() < 1e-5, "{refusal} {largest}");
    }

    #[test]
    fn what_has_no_statistics_is_named() {
        let message = |embeddings: &[Vec<f32>]| fit(embeddings, rate(0.01)).unwrap_err().to_string();
        assert_eq!(message(&[]), "expected embeddings of good images, found none");
        assert_eq!(message(&[vec![1.0], vec![]]), "embedding 1: expected 1 features, found 0");
        assert_eq!(message(&[vec![1.0, f32::INFINITY]]), "embedding 0, feature 1: expected a finite number, found inf");
        assert_eq!(message(&vec![vec![1.0]; 60]), "the embeddings of 60 images do not differ");
        assert!(message(&pictures(1.0, 10, 5)).starts_with("10 good images cannot promise 0.01"));
    }
}
