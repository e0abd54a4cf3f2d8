//! Statistics from pictures: one look at them for means and deviations, two more for covariances.

use nalgebra::linalg::{Cholesky, SymmetricEigen};
use nalgebra::{DMatrix, Dyn};

use super::{Form, Pictures, Statistics, StatisticsError, projected};
use crate::product::{Matrix, MatrixMut, Mode, product};

/// Of the largest deviation.
const LEAST_DEVIATION: f64 = 1e-3;
/// Of the mean eigenvalue.
const REGULARIZATION: f64 = 0.02;

/// What the first look tells.
pub(super) struct Moments {
    sides: [usize; 2],
    pictures: usize,
    /// Tokens x channels.
    mean: Vec<f64>,
    /// Sums of squared differences from it.
    squares: Vec<f64>,
}

impl Moments {
    pub(super) fn of(sides: [usize; 2], pictures: Pictures<'_>) -> Result<Self, StatisticsError> {
        let [tokens, channels] = sides;
        let (mut count, mut mean, mut squares) = (0, vec![0.0; tokens * channels], vec![0.0; tokens * channels]);
        pictures(&mut |picture| {
            count += 1;
            for ((x, mean), squares) in picture.iter().zip(&mut mean).zip(&mut squares) {
                let before = f64::from(*x) - *mean;
                *mean += before / count as f64;
                *squares += before * (f64::from(*x) - *mean);
            }
        })?;
        if count < 2 {
            return Err(StatisticsError::TooFew { found: count });
        }
        // The search for eigenvectors need not end where something is not a number.
        if let Some(at) = mean.iter().position(|mean| !mean.is_finite()) {
            return Err(StatisticsError::NotFinite { place: at / channels, mean: mean[at] });
        }
        Ok(Self { sides, pictures: count, mean, squares })
    }

    fn freedom(&self) -> f64 {
        (self.pictures - 1) as f64
    }

    pub(super) fn deviations(self) -> Result<Statistics, StatisticsError> {
        let deviations: Vec<f64> = self.squares.iter().map(|sum| (sum / self.freedom()).sqrt()).collect();
        let least = LEAST_DEVIATION * deviations.iter().copied().fold(0.0, f64::max);
        if least == 0.0 {
            return Err(StatisticsError::Constant { pictures: self.pictures });
        }
        let scale = deviations.iter().map(|deviation| deviation.max(least).recip() as f32).collect();
        let mean = self.mean.iter().map(|mean| *mean as f32).collect();
        Ok(Statistics { places: self.sides[0], form: Form::Deviations { mean, scale } })
    }

    pub(super) fn covariances(self, count: usize, pictures: Pictures<'_>) -> Result<Statistics, StatisticsError> {
        let [tokens, channels] = self.sides;
        if !(1..=channels).contains(&count) {
            return Err(StatisticsError::Axes { channels, axes: count });
        }
        // Without this the first place would be blamed.
        if self.squares.iter().all(|sum| *sum == 0.0) {
            return Err(StatisticsError::Constant { pictures: self.pictures });
        }
        let centre: Vec<f32> = self.mean.iter().map(|mean| *mean as f32).collect();
        let axes = self.axes(count, &centre, pictures)?;
        let mut sums = vec![DMatrix::<f64>::zeros(count, count); tokens];
        pictures(&mut |picture| {
            let along = projected(&centred(picture, &centre), &axes, count);
            for (y, sum) in along.chunks_exact(count).zip(&mut sums) {
                for (column, right) in y.iter().enumerate() {
                    for (row, left) in y.iter().enumerate().skip(column) {
                        sum[(row, column)] += f64::from(*left) * f64::from(*right);
                    }
                }
            }
        })?;
        let mut whitening = Vec::with_capacity(tokens * count * (count + 1) / 2);
        for (place, sum) in sums.into_iter().enumerate() {
            let inverse = inverse_factor(sum / self.freedom()).ok_or(StatisticsError::Indefinite { place })?;
            whitening.extend(
                (0..count).flat_map(|row| (0..=row).map(move |column| (row, column))).map(|at| inverse[at] as f32),
            );
        }
        // A number that 32 bits do not hold is as bad as none.
        match whitening.iter().position(|number| !number.is_finite()) {
            Some(at) => Err(StatisticsError::Indefinite { place: at / (count * (count + 1) / 2) }),
            None => {
                let mean = projected(&centre, &axes, count);
                Ok(Statistics { places: tokens, form: Form::Covariances { axes, mean, whitening } })
            }
        }
    }

    /// Leading eigenvectors of the covariance of all places together: K x channels.
    fn axes(&self, count: usize, centre: &[f32], pictures: Pictures<'_>) -> Result<Vec<f32>, StatisticsError> {
        let [_, channels] = self.sides;
        let mut pooled = DMatrix::<f64>::zeros(channels, channels);
        let mut of_picture = vec![0.0_f32; channels * channels];
        pictures(&mut |picture| {
            let rows = centred(picture, centre);
            let rows = Matrix::new(&rows, channels);
            product(rows.transposed(), rows, MatrixMut::new(&mut of_picture, channels), Mode::Replace);
            // A picture's sum in 32 bits, the sum over pictures in 64.
            pooled.iter_mut().zip(&of_picture).for_each(|(sum, of_picture)| *sum += f64::from(*of_picture));
        })?;
        if pooled.iter().any(|number| !number.is_finite()) {
            return Err(StatisticsError::Indefinite { place: 0 });
        }
        let eigen = SymmetricEigen::new(pooled);
        let mut order: Vec<usize> = (0..channels).collect();
        order.sort_by(|a, b| eigen.eigenvalues[*b].total_cmp(&eigen.eigenvalues[*a]));
        let axes =
            order[..count].iter().flat_map(|axis| eigen.eigenvectors.column(*axis).iter().copied().collect::<Vec<_>>());
        Ok(axes.map(|number| number as f32).collect())
    }
}

fn centred(picture: &[f32], centre: &[f32]) -> Vec<f32> {
    picture.iter().zip(centre).map(|(x, mean)| x - mean).collect()
}

/// L^-1 of a covariance L L^T with its regularization; reads the lower triangle alone.
fn inverse_factor(mut covariance: DMatrix<f64>) -> Option<DMatrix<f64>> {
    let count = covariance.nrows();
    let more = REGULARIZATION * covariance.trace() / count as f64;
    (0..count).for_each(|at| covariance[(at, at)] += more);
    let factor: Cholesky<f64, Dyn> = Cholesky::new(covariance)?;
    factor.l().solve_lower_triangular(&DMatrix::identity(count, count))
}
