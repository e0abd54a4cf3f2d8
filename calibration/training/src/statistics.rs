//! How far vectors are from what is usual at their place: statistics of good pictures, without any network.
//!
//! Of the vectors x of a place over all pictures, m their mean:
//!
//! ```text
//! position-std     sqrt(sum over channels of ((x - m) / s)^2), s their deviation, at least 0.001 of the largest of all
//! position-cov:K   sqrt(y^T (covariance of y + 0.02 e I)^-1 y), y = x - m along the K leading axes of the covariance of all places together,
//!                  e the mean eigenvalue of the place's covariance
//! ```

use std::io;

use nalgebra::linalg::{Cholesky, SymmetricEigen};
use nalgebra::{DMatrix, Dyn};

use crate::product::{Matrix, MatrixMut, Mode, product};

/// Of the largest deviation.
const LEAST_DEVIATION: f64 = 1e-3;
/// Of the mean eigenvalue.
const REGULARIZATION: f64 = 0.02;

/// Good pictures, to be looked at several times: each call shows all of them, tokens x channels.
pub type Pictures<'a> = &'a dyn Fn(&mut dyn FnMut(&[f32])) -> io::Result<()>;

/// Which statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A deviation for each place and channel.
    PositionStd,
    /// A covariance for each place, along so many axes.
    PositionCov(usize),
}

/// Fitted to good pictures.
#[derive(Debug, Clone)]
pub struct Statistics {
    channels: usize,
    /// Tokens x channels.
    mean: Vec<f32>,
    scale: Scale,
}

#[derive(Debug, Clone)]
enum Scale {
    /// 1 / deviation, tokens x channels.
    Deviations(Vec<f32>),
    /// Channels x axes, and the factor L of each place's covariance = L L^T.
    Covariances { axes: Vec<f32>, factors: Vec<DMatrix<f32>> },
}

/// Why there are no statistics.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StatisticsError {
    /// A picture cannot be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// A deviation needs two.
    #[error("expected at least 2 good pictures, found {found}")]
    TooFew {
        /// As given.
        found: usize,
    },
    /// More axes than channels, or none.
    #[error("expected 1 to {channels} axes, found {axes}")]
    Axes {
        /// Of a vector.
        channels: usize,
        /// As asked for.
        axes: usize,
    },
    /// Vectors that are the same in all pictures, or so large that their squares are no numbers.
    #[error("place {place}: the covariance of its vectors is not positive definite")]
    Indefinite {
        /// From 0, row-major.
        place: usize,
    },
}

impl Statistics {
    /// Fits them.
    ///
    /// * `sides`: tokens and channels.
    ///
    /// # Errors
    /// [`StatisticsError`]
    pub fn fit(kind: Kind, sides: [usize; 2], pictures: Pictures<'_>) -> Result<Self, StatisticsError> {
        let [tokens, channels] = sides;
        let (mut count, mut mean, mut squares) = (0, vec![0.0; tokens * channels], vec![0.0; tokens * channels]);
        pictures(&mut |picture| {
            count += 1;
            for ((x, mean), squares) in picture.iter().zip(&mut mean).zip(&mut squares) {
                let before = f64::from(*x) - *mean;
                *mean += before / f64::from(count);
                *squares += before * (f64::from(*x) - *mean);
            }
        })?;
        if count < 2 {
            return Err(StatisticsError::TooFew { found: count as usize });
        }
        let mean: Vec<f32> = mean.iter().map(|mean| *mean as f32).collect();
        let scale = match kind {
            Kind::PositionStd => {
                let deviations: Vec<f64> = squares.iter().map(|sum| (sum / f64::from(count - 1)).sqrt()).collect();
                let least = LEAST_DEVIATION * deviations.iter().copied().fold(0.0, f64::max);
                let inverse = |deviation: &f64| if least > 0.0 { deviation.max(least).recip() as f32 } else { 0.0 };
                Scale::Deviations(deviations.iter().map(inverse).collect())
            }
            Kind::PositionCov(axes) if (1..=channels).contains(&axes) => {
                covariances(sides, axes, &mean, pictures, f64::from(count - 1))?
            }
            Kind::PositionCov(axes) => return Err(StatisticsError::Axes { channels, axes }),
        };
        Ok(Self { channels, mean, scale })
    }

    /// The distance at each place of a picture, or of several.
    ///
    /// * `vectors`: tokens x channels each.
    pub fn distances(&self, vectors: &[f32]) -> Vec<f32> {
        let mut distances = Vec::with_capacity(vectors.len() / self.channels);
        for picture in vectors.chunks_exact(self.mean.len()) {
            let centred: Vec<f32> = picture.iter().zip(&self.mean).map(|(x, mean)| x - mean).collect();
            match &self.scale {
                Scale::Deviations(inverse) => {
                    let rows = centred.chunks_exact(self.channels).zip(inverse.chunks_exact(self.channels));
                    distances.extend(rows.map(|(x, inverse)| {
                        x.iter().zip(inverse).map(|(x, inverse)| (x * inverse).powi(2)).sum::<f32>().sqrt()
                    }));
                }
                Scale::Covariances { axes, factors } => {
                    let count = axes.len() / self.channels;
                    let along = projected(&centred, self.channels, axes, count);
                    for (y, factor) in along.chunks_exact(count).zip(factors) {
                        let mut solved = DMatrix::from_column_slice(count, 1, y);
                        // Its diagonal has no zero: it came out of Cholesky's decomposition.
                        factor.solve_lower_triangular_mut(&mut solved);
                        distances.push(solved.norm());
                    }
                }
            }
        }
        distances
    }
}

/// Rows of channels times channels x axes.
fn projected(rows: &[f32], channels: usize, axes: &[f32], count: usize) -> Vec<f32> {
    let mut along = vec![0.0; rows.len() / channels * count];
    let out = MatrixMut::new(&mut along, count);
    product(Matrix::new(rows, channels), Matrix::new(axes, count), out, Mode::Replace);
    along
}

fn covariances(
    [tokens, channels]: [usize; 2],
    count: usize,
    mean: &[f32],
    pictures: Pictures<'_>,
    freedom: f64,
) -> Result<Scale, StatisticsError> {
    let centred = |picture: &[f32]| -> Vec<f32> { picture.iter().zip(mean).map(|(x, mean)| x - mean).collect() };
    let mut pooled = DMatrix::<f64>::zeros(channels, channels);
    let mut of_picture = vec![0.0_f32; channels * channels];
    pictures(&mut |picture| {
        let rows = centred(picture);
        let rows = Matrix::new(&rows, channels);
        product(rows.transposed(), rows, MatrixMut::new(&mut of_picture, channels), Mode::Replace);
        // A picture's sum in 32 bits, the sum over pictures in 64.
        pooled.iter_mut().zip(&of_picture).for_each(|(sum, of_picture)| *sum += f64::from(*of_picture));
    })?;
    let eigen = SymmetricEigen::new(pooled);
    let mut order: Vec<usize> = (0..channels).collect();
    order.sort_by(|a, b| eigen.eigenvalues[*b].total_cmp(&eigen.eigenvalues[*a]));
    let axes: Vec<f32> = (0..channels)
        .flat_map(|channel| order[..count].iter().map(move |axis| (channel, *axis)))
        .map(|(channel, axis)| eigen.eigenvectors[(channel, axis)] as f32)
        .collect();
    let mut sums = vec![DMatrix::<f64>::zeros(count, count); tokens];
    pictures(&mut |picture| {
        let along = projected(&centred(picture), channels, &axes, count);
        for (y, sum) in along.chunks_exact(count).zip(&mut sums) {
            for (column, right) in y.iter().enumerate() {
                for (row, left) in y.iter().enumerate().skip(column) {
                    sum[(row, column)] += f64::from(*left) * f64::from(*right);
                }
            }
        }
    })?;
    let mut factors = Vec::with_capacity(tokens);
    for (place, sum) in sums.into_iter().enumerate() {
        let mut covariance = sum / freedom;
        let more = REGULARIZATION * covariance.trace() / count as f64;
        (0..count).for_each(|at| covariance[(at, at)] += more);
        // Reads the lower triangle alone.
        let factor: Option<Cholesky<f64, Dyn>> = Cholesky::new(covariance);
        let factor = factor.ok_or(StatisticsError::Indefinite { place })?;
        factors.push(factor.l().map(|x| x as f32));
    }
    Ok(Scale::Covariances { axes, factors })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Seed};

    const SIDES: [usize; 2] = [3, 5];

    /// Channels that hang together, at each place otherwise.
    fn pictures(count: usize, seed: u64) -> Vec<Vec<f32>> {
        let mut random = Seed(seed).stream(Purpose::Order, &[]);
        (0..count)
            .map(|_| {
                let common = random.normals()[0];
                let value = |at: usize| {
                    let own = random.normals()[0];
                    (at as f64 + own * (1.0 + (at % 5) as f64) + common * (at / 5) as f64) as f32
                };
                (0..15).map(value).collect()
            })
            .collect()
    }

    fn fit(kind: Kind, pictures: &[Vec<f32>]) -> Statistics {
        let show = |visit: &mut dyn FnMut(&[f32])| {
            pictures.iter().for_each(|picture| visit(picture));
            Ok(())
        };
        Statistics::fit(kind, SIDES, &show).unwrap()
    }

    /// Mean of squared distances over the pictures that they were fitted to: N - 1 over N of the channels.
    fn mean_square(statistics: &Statistics, pictures: &[Vec<f32>]) -> f64 {
        let all: Vec<f32> = pictures.iter().flat_map(|picture| statistics.distances(picture)).collect();
        all.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / all.len() as f64
    }

    #[test]
    fn distances_are_in_deviations() {
        let pictures = pictures(200, 1);
        let square = mean_square(&fit(Kind::PositionStd, &pictures), &pictures);
        assert!((square - 5.0 * 199.0 / 200.0).abs() < 1e-3, "{square}");
    }

    #[test]
    fn all_axes_whiten_whatever_hangs_together() {
        let pictures = pictures(200, 1);
        let statistics = fit(Kind::PositionCov(5), &pictures);
        // Without what is added to the variances it would be 5 again.
        let square = mean_square(&statistics, &pictures);
        assert!((4.2..4.975).contains(&square), "{square}");
        // The inverse by another way: a distance is what solving with the covariance itself gives.
        let (place, count) = (1, pictures.len() as f64);
        let mean: Vec<f64> =
            (0..5).map(|c| pictures.iter().map(|p| f64::from(p[5 * place + c])).sum::<f64>() / count).collect();
        let mut covariance = DMatrix::<f64>::from_fn(5, 5, |a, b| {
            let term = |p: &Vec<f32>| (f64::from(p[5 * place + a]) - mean[a]) * (f64::from(p[5 * place + b]) - mean[b]);
            pictures.iter().map(term).sum::<f64>() / (count - 1.0)
        });
        let more = 0.02 * covariance.trace() / 5.0;
        (0..5).for_each(|at| covariance[(at, at)] += more);
        let x = DMatrix::from_fn(5, 1, |c, _| f64::from(pictures[7][5 * place + c]) - mean[c]);
        let wanted = (x.transpose() * covariance.try_inverse().unwrap() * &x)[(0, 0)].sqrt();
        let found = f64::from(statistics.distances(&pictures[7])[place]);
        assert!((found - wanted).abs() < 1e-4 * wanted, "{found} instead of {wanted}");
    }

    #[test]
    fn what_cannot_be_fitted_is_named() {
        let same = vec![vec![1.0_f32; 15]; 4];
        let fit = |kind, pictures: &[Vec<f32>]| {
            let show = |visit: &mut dyn FnMut(&[f32])| {
                pictures.iter().for_each(|picture| visit(picture));
                Ok(())
            };
            Statistics::fit(kind, SIDES, &show)
        };
        let error = |kind, pictures: &[Vec<f32>]| fit(kind, pictures).unwrap_err().to_string();
        assert_eq!(error(Kind::PositionStd, &same[..1]), "expected at least 2 good pictures, found 1");
        assert_eq!(error(Kind::PositionCov(6), &same), "expected 1 to 5 axes, found 6");
        let expected = "place 0: the covariance of its vectors is not positive definite";
        assert_eq!(error(Kind::PositionCov(2), &same), expected);
        // Deviations of 0 say nothing: no distance is far.
        assert!(fit(Kind::PositionStd, &same).unwrap().distances(&[5.0; 15]).iter().all(|x| *x == 0.0));
    }
}
