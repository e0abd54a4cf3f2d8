//! PaDiM: a Gaussian for each place of the feature grid.
//!
//! Defard and others, "PaDiM: a Patch Distribution Modeling Framework for Anomaly Detection and Localization" (ICPR 2020 workshops), section 3.
//! For each place (i, j) of the grid, over N good pictures:
//!
//! ```text
//! covariance = 1 / (N - 1) * sum (x - mean)(x - mean)^T + 0.01 I
//! distance(x) = sqrt((x - mean)^T covariance^-1 (x - mean))
//! ```
//!
//! The paper draws some of the features at random ([`draw_features`]), enlarges the grid of distances to the picture and smooths it; the score is the
//! largest value. Here [`super::head`] makes map and score, as the models' own heads do. Pictures pass one by one: memory is that of the covariances,
//! [`bytes`], whatever their number.

use nalgebra::{Cholesky, DMatrix};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Added to each variance, as in the paper.
pub const REGULARIZATION: f64 = 0.01;

/// Covariances take at most this: 58 MB are needed for 272 features of a grid of 14 x 14, 233 MB for one of 28 x 28. The 3,840 features of a ResNet-50
/// would take 11.6 GB.
pub const MOST_BYTES: u64 = 1 << 30;

/// Memory of means and covariances: 8 bytes times places times d (d + 3) / 2 for d features.
pub fn bytes(features: usize, places: usize) -> u64 {
    let (features, places) = (features as u64, places as u64);
    // A triangle of pairs, and the mean.
    let of_place = features.saturating_mul(features.saturating_add(3)) / 2;
    of_place.saturating_mul(places).saturating_mul(size_of::<f64>() as u64)
}

/// Why features cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PadimError {
    /// Covariances of so many features would take more than [`MOST_BYTES`].
    #[error("covariances of {features} features at {places} places take {} MB, at most {} MB are allowed", bytes(*.features, *.places) >> 20, MOST_BYTES >> 20)]
    TooLarge {
        /// That are used.
        features: usize,
        /// Of the grid.
        places: usize,
    },
    /// Features of another number.
    #[error("features: expected {channels} x {places} numbers, found {found}")]
    Length {
        /// Features of each place, before any are drawn.
        channels: usize,
        /// Places of the grid.
        places: usize,
        /// Numbers.
        found: usize,
    },
    /// A feature is no finite number.
    #[error("feature {channel}, place {place}: expected a finite number, found {found}")]
    NotFinite {
        /// From 0.
        channel: usize,
        /// From 0, row-major.
        place: usize,
        /// The value.
        found: f32,
    },
    /// A covariance needs two.
    #[error("expected at least 2 good images, found {found}")]
    TooFew {
        /// Pictures.
        found: u64,
    },
    /// Features so large that their squares are no numbers any more.
    #[error("place {place}: the covariance of its features is not positive definite")]
    Indefinite {
        /// From 0, row-major.
        place: usize,
    },
}

/// Some of `channels` features, drawn at random, ascending. The same seed draws the same on every machine.
pub fn draw_features(channels: usize, count: usize, seed: u64) -> Vec<usize> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut features: Vec<usize> = (0..channels).collect();
    let count = count.min(channels);
    for at in 0..count {
        let other = random.random_range(at..channels);
        features.swap(at, other);
    }
    features.truncate(count);
    features.sort_unstable();
    features
}

/// Good pictures as they are being collected.
#[derive(Debug, Clone)]
pub struct Padim {
    channels: usize,
    features: Vec<usize>,
    images: u64,
    /// By place: mean, and the lower triangle of the sum of outer products around it, row by row.
    places: Vec<(Vec<f64>, Vec<f64>)>,
}

impl Padim {
    /// * `channels`: features of each place; `places`: of the grid, height times width.
    /// * `features`: those of them that are used, each below `channels`; all others are dropped.
    ///
    /// # Errors
    /// [`PadimError::TooLarge`], before memory is taken.
    pub fn new(channels: usize, places: usize, features: Vec<usize>) -> Result<Self, PadimError> {
        let features: Vec<_> = features.into_iter().filter(|feature| *feature < channels).collect();
        let count = features.len();
        if bytes(count, places) > MOST_BYTES {
            return Err(PadimError::TooLarge { features: count, places });
        }
        let empty = (vec![0.0; count], vec![0.0; count * (count + 1) / 2]);
        Ok(Self { channels, features, images: 0, places: vec![empty; places] })
    }

    /// Good pictures so far.
    pub fn images(&self) -> u64 {
        self.images
    }

    /// Adds a good picture by Welford's update, in 64 bits.
    ///
    /// * `features`: channels x places, row-major (C x h x w).
    ///
    /// # Errors
    /// [`PadimError`]; the picture is not counted then.
    pub fn add(&mut self, features: &[f32]) -> Result<(), PadimError> {
        check(features, self.channels, self.places.len())?;
        self.images += 1;
        let (images, places) = (self.images as f64, self.places.len());
        let mut before = vec![0.0; self.features.len()];
        for (place, (mean, products)) in self.places.iter_mut().enumerate() {
            for ((before, mean), channel) in before.iter_mut().zip(mean).zip(&self.features) {
                *before = f64::from(features[channel * places + place]) - *mean;
                *mean += *before / images;
            }
            // (x - old mean)(x - new mean)^T, where x - new mean is (1 - 1 / n) of x - old mean.
            let share = 1.0 - 1.0 / images;
            let mut row = &mut products[..];
            for (at, left) in before.iter().enumerate() {
                let (columns, rest) = row.split_at_mut(at + 1);
                let left = share * left;
                columns.iter_mut().zip(&before).for_each(|(sum, right)| *sum += left * right);
                row = rest;
            }
        }
        Ok(())
    }

    /// The fitted detector.
    ///
    /// # Errors
    /// [`PadimError`]
    pub fn finish(self) -> Result<Fitted, PadimError> {
        if self.images < 2 {
            return Err(PadimError::TooFew { found: self.images });
        }
        let freedom = (self.images - 1) as f64;
        let count = self.features.len();
        let mut places = self.places;
        for (place, (_, triangle)) in places.iter_mut().enumerate() {
            let mut covariance = DMatrix::zeros(count, count);
            for row in 0..count {
                for column in 0..=row {
                    covariance[(row, column)] = triangle[entry(row, column)] / freedom;
                }
                covariance[(row, row)] += REGULARIZATION;
            }
            // Reads the lower triangle alone.
            let factor = Cholesky::new(covariance).ok_or(PadimError::Indefinite { place })?;
            // In the place of the sums: a detector takes no more memory than its fit.
            for row in 0..count {
                for column in 0..=row {
                    triangle[entry(row, column)] = factor.l_dirty()[(row, column)];
                }
            }
        }
        Ok(Fitted { channels: self.channels, features: self.features, images: self.images, places })
    }
}

/// Where a lower triangle, row by row, has an entry.
fn entry(row: usize, column: usize) -> usize {
    row * (row + 1) / 2 + column
}

/// A detector.
#[derive(Debug, Clone)]
pub struct Fitted {
    channels: usize,
    features: Vec<usize>,
    images: u64,
    /// By place: mean, and the lower triangle L of covariance = L L^T, row by row.
    places: Vec<(Vec<f64>, Vec<f64>)>,
}

impl Fitted {
    /// Good pictures that it was fitted to.
    pub fn images(&self) -> u64 {
        self.images
    }

    /// Features that it uses.
    pub fn features(&self) -> usize {
        self.features.len()
    }

    /// Mahalanobis' distance at each place of the grid, row-major. O(places * d^2).
    ///
    /// * `features`: channels x places, row-major (C x h x w).
    ///
    /// # Errors
    /// [`PadimError`]
    pub fn distances(&self, features: &[f32]) -> Result<Vec<f32>, PadimError> {
        check(features, self.channels, self.places.len())?;
        let places = self.places.len();
        // Solves L y = x - mean from the top, since |y| is the distance.
        let mut solved = Vec::with_capacity(self.features.len());
        let distance = |(place, (mean, triangle)): (usize, &(Vec<f64>, Vec<f64>))| {
            solved.clear();
            for (row, (channel, mean)) in self.features.iter().zip(mean).enumerate() {
                let value = f64::from(features[channel * places + place]) - mean;
                let (left, diagonal) = (&triangle[entry(row, 0)..entry(row, row)], triangle[entry(row, row)]);
                solved.push((value - product(left, &solved)) / diagonal);
            }
            product(&solved, &solved).sqrt() as f32
        };
        Ok(self.places.iter().enumerate().map(distance).collect())
    }
}

/// Sum of products, in four sums side by side, since additions wait for each other.
fn product(a: &[f64], b: &[f64]) -> f64 {
    let (a, a_rest) = a.as_chunks::<4>();
    let (b, b_rest) = b.as_chunks::<4>();
    let mut sums = [0.0; 4];
    for (a, b) in a.iter().zip(b) {
        for at in 0..4 {
            sums[at] += a[at] * b[at];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}

fn check(features: &[f32], channels: usize, places: usize) -> Result<(), PadimError> {
    if features.len() != channels * places {
        return Err(PadimError::Length { channels, places, found: features.len() });
    }
    match features.iter().position(|value| !value.is_finite()) {
        Some(at) => Err(PadimError::NotFinite { channel: at / places, place: at % places, found: features[at] }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use rand_distr::{Distribution, Normal};

    use super::*;

    /// C x places, features of a place hanging together.
    fn pictures(count: usize, channels: usize, places: usize) -> Vec<Vec<f32>> {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(9);
        let normal = Normal::new(0.0, 1.0).unwrap();
        let picture = |_| {
            let common: Vec<f64> = (0..places).map(|_| normal.sample(&mut random)).collect();
            let value =
                |at: usize| 1000.0 + common[at % places] + 0.5 * normal.sample(&mut random) * (at / places) as f64;
            (0..channels * places).map(value).map(|value| value as f32).collect()
        };
        (0..count).map(picture).collect()
    }

    /// Two passes, and an inverse by Gauss and Jordan.
    fn naive(pictures: &[Vec<f32>], place: usize, places: usize, features: &[usize], picture: &[f32]) -> f64 {
        let value = |picture: &[f32], feature: usize| f64::from(picture[feature * places + place]);
        let count = pictures.len() as f64;
        let mean: Vec<f64> =
            features.iter().map(|f| pictures.iter().map(|p| value(p, *f)).sum::<f64>() / count).collect();
        let d = features.len();
        let mut rows: Vec<Vec<f64>> = (0..d)
            .map(|a| {
                let entry = |b: usize| {
                    let products =
                        pictures.iter().map(|p| (value(p, features[a]) - mean[a]) * (value(p, features[b]) - mean[b]));
                    products.sum::<f64>() / (count - 1.0) + if a == b { 0.01 } else { 0.0 }
                };
                (0..d).map(entry).chain([value(picture, features[a]) - mean[a]]).collect()
            })
            .collect();
        let difference: Vec<f64> = rows.iter().map(|row| row[d]).collect();
        for pivot in 0..d {
            let scale = rows[pivot][pivot];
            rows[pivot].iter_mut().for_each(|value| *value /= scale);
            let pivot_row = rows[pivot].clone();
            for (_, row) in rows.iter_mut().enumerate().filter(|(at, _)| *at != pivot) {
                let factor = row[pivot];
                row.iter_mut().zip(&pivot_row).for_each(|(value, pivot)| *value -= factor * pivot);
            }
        }
        rows.iter().zip(&difference).map(|(row, difference)| row[d] * difference).sum::<f64>().sqrt()
    }

    #[test]
    fn the_naive_twin_agrees() {
        let good = pictures(30, 8, 6);
        let features = draw_features(8, 5, 1);
        assert_eq!(features.len(), 5);
        let mut padim = Padim::new(8, 6, features.clone()).unwrap();
        good.iter().for_each(|picture| padim.add(picture).unwrap());
        let (means, triangles): (Vec<_>, Vec<_>) = padim.places.iter().cloned().unzip();
        assert_eq!(bytes(5, 6), 8 * (means.concat().len() + triangles.concat().len()) as u64);
        let fitted = padim.finish().unwrap();
        for picture in pictures(33, 8, 6).iter().skip(30) {
            for (place, distance) in fitted.distances(picture).unwrap().into_iter().enumerate() {
                let expected = naive(&good, place, 6, &features, picture);
                // f32 at the end, f64 before.
                assert!((f64::from(distance) / expected - 1.0).abs() < 1e-5, "{place}: {distance} {expected}");
            }
        }
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let error = Padim::new(3840, 196, (0..3840).collect()).unwrap_err();
        let expected = "covariances of 3840 features at 196 places take 11033 MB, at most 1024 MB are allowed";
        assert_eq!(error.to_string(), expected);
        assert_eq!(bytes(usize::MAX, usize::MAX), u64::MAX);
        let mut padim = Padim::new(2, 3, vec![0, 1]).unwrap();
        assert_eq!(padim.add(&[0.0]).unwrap_err().to_string(), "features: expected 2 x 3 numbers, found 1");
        let error = padim.add(&[0.0, 0.0, 0.0, 0.0, f32::NAN, 0.0]).unwrap_err();
        assert_eq!(error.to_string(), "feature 1, place 1: expected a finite number, found NaN");
        padim.add(&[0.0; 6]).unwrap();
        assert_eq!(padim.clone().finish().unwrap_err().to_string(), "expected at least 2 good images, found 1");
        padim.add(&[f32::MAX; 6]).unwrap();
        padim.add(&[0.0; 6]).unwrap();
        assert!(padim.finish().is_ok(), "f64 holds the squares of every f32");
    }
}
