//! How far vectors are from what is usual at their place: statistics of good pictures, of a network's residuals or of features without any network.
//!
//! Of the vectors x of a place over all pictures, m their mean:
//!
//! ```text
//! position-std     sqrt(sum over channels of ((x - m) / s)^2), s their deviation, at least 0.001 of the largest of all
//! position-cov:K   sqrt(y^T (covariance of y + 0.02 e I)^-1 y), y = x - m along the K leading axes of the covariance of all places together,
//!                  e the mean eigenvalue of the place's covariance
//! ```

use std::io;

use moead_model::architecture::Distance;

use crate::product::{Matrix, MatrixMut, Mode, product};

mod fit;

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
#[derive(Debug, Clone, PartialEq)]
pub struct Statistics {
    /// T.
    places: usize,
    form: Form,
}

#[derive(Debug, Clone, PartialEq)]
enum Form {
    /// T x C each; the scale is 1 / deviation.
    Deviations { mean: Vec<f32>, scale: Vec<f32> },
    Covariances {
        /// K x C, rows of length 1.
        axes: Vec<f32>,
        /// Along the axes, T x K.
        mean: Vec<f32>,
        /// T x K (K + 1) / 2: the rows of the lower triangle L^-1 of each place's covariance L L^T, one behind the other.
        whitening: Vec<f32>,
    },
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
    /// A number that is none.
    #[error("place {place}: expected finite vectors, found a mean of {mean}")]
    NotFinite {
        /// From 0, row-major.
        place: usize,
        /// Over pictures, of a channel.
        mean: f64,
    },
    /// Vectors that are the same in all pictures.
    #[error("expected vectors that differ from picture to picture, found the same in all {pictures}")]
    Constant {
        /// How many.
        pictures: usize,
    },
    /// Vectors that are the same in all pictures at one place, or so large that their squares are no numbers.
    #[error("place {place}: the covariance of its vectors is not positive definite")]
    Indefinite {
        /// From 0, row-major.
        place: usize,
    },
}

impl Kind {
    /// What a distance needs; none where it needs nothing.
    pub fn of(distance: Distance) -> Option<Self> {
        match distance {
            Distance::Euclidean => None,
            Distance::PositionStd => Some(Self::PositionStd),
            Distance::PositionCov { axes } => Some(Self::PositionCov(axes)),
        }
    }

    /// The distance that it is for.
    pub fn distance(self) -> Distance {
        match self {
            Self::PositionStd => Distance::PositionStd,
            Self::PositionCov(axes) => Distance::PositionCov { axes },
        }
    }
}

impl Statistics {
    /// Fits them.
    ///
    /// * `sides`: tokens and channels.
    ///
    /// # Errors
    /// [`StatisticsError`]
    pub fn fit(kind: Kind, sides: [usize; 2], pictures: Pictures<'_>) -> Result<Self, StatisticsError> {
        let moments = fit::Moments::of(sides, pictures)?;
        match kind {
            Kind::PositionStd => moments.deviations(),
            Kind::PositionCov(axes) => moments.covariances(axes, pictures),
        }
    }

    /// The distance at each place of a picture, or of several.
    ///
    /// * `vectors`: tokens x channels each.
    pub fn distances(&self, vectors: &[f32]) -> Vec<f32> {
        match &self.form {
            Form::Deviations { mean, scale } => {
                let channels = mean.len() / self.places;
                let places = mean.chunks_exact(channels).zip(scale.chunks_exact(channels)).cycle();
                let scaled = |((x, mean), scale): ((&f32, &f32), &f32)| ((x - mean) * scale).powi(2);
                let vectors = vectors.chunks_exact(channels).zip(places);
                vectors
                    .map(|(x, (mean, scale))| x.iter().zip(mean).zip(scale).map(scaled).sum::<f32>().sqrt())
                    .collect()
            }
            Form::Covariances { axes, mean, whitening } => {
                let count = mean.len() / self.places;
                let places =
                    mean.chunks_exact(count).zip(whitening.chunks_exact(whitening.len() / self.places)).cycle();
                let along = projected(vectors, axes, count);
                along.chunks_exact(count).zip(places).map(|(y, (mean, triangle))| whitened(y, mean, triangle)).collect()
            }
        }
    }

    /// As a checkpoint holds them: name, shape and numbers.
    pub fn tensors(&self) -> Vec<(&'static str, [usize; 2], &[f32])> {
        let of_places = |numbers: &[f32]| [self.places, numbers.len() / self.places];
        match &self.form {
            Form::Deviations { mean, scale } => {
                vec![("mean", of_places(mean), mean), ("scale", of_places(scale), scale)]
            }
            Form::Covariances { axes, mean, whitening } => {
                let [_, count] = of_places(mean);
                let whitening = ("whitening", of_places(whitening), &whitening[..]);
                vec![("axes", [count, axes.len() / count], axes), ("mean", of_places(mean), mean), whitening]
            }
        }
    }
}

/// The length of a triangle times what is left of the mean.
fn whitened(y: &[f32], mean: &[f32], triangle: &[f32]) -> f32 {
    let centred: Vec<f32> = y.iter().zip(mean).map(|(y, mean)| y - mean).collect();
    let (mut rest, mut squares) = (triangle, 0.0);
    for columns in 1..=centred.len() {
        let (row, behind) = rest.split_at(columns);
        rest = behind;
        squares += row.iter().zip(&centred).map(|(factor, y)| factor * y).sum::<f32>().powi(2);
    }
    squares.sqrt()
}

/// The length of each vector: what [`Distance::Euclidean`] takes.
pub fn lengths(vectors: &[f32], channels: usize) -> Vec<f32> {
    vectors.chunks_exact(channels).map(|x| x.iter().map(|x| x * x).sum::<f32>().sqrt()).collect()
}

/// Rows of channels along K axes.
fn projected(rows: &[f32], axes: &[f32], count: usize) -> Vec<f32> {
    let channels = axes.len() / count;
    let mut along = vec![0.0; rows.len() / channels * count];
    let out = MatrixMut::new(&mut along, count);
    product(Matrix::new(rows, channels), Matrix::new(axes, channels).transposed(), out, Mode::Replace);
    along
}

#[cfg(test)]
mod tests;
