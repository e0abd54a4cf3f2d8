//! How far a token's residual is from what is usual at its place.

use moead_model::architecture::Distance;

use super::tensor::{Scope, Tensor};
use crate::checkpoint::TensorError;

/// The distance of each of T tokens.
///
/// * `features`, `rebuilt`: T x C. * `scope`: where the statistics are.
pub(super) fn distances(
    distance: Distance,
    scope: &Scope<'_>,
    features: &Tensor,
    rebuilt: &Tensor,
) -> Result<Vec<f64>, TensorError> {
    let (places, channels) = (features.shape[0], features.columns());
    let residuals: Vec<f64> =
        features.data.iter().zip(&rebuilt.data).map(|(feature, rebuilt)| feature - rebuilt).collect();
    let residuals = residuals.chunks_exact(channels);
    Ok(match distance {
        Distance::Euclidean => residuals.map(|residual| length(residual.iter().copied())).collect(),
        Distance::PositionStd => {
            let mean = scope.read("mean", &[places, channels])?;
            let scale = scope.read("scale", &[places, channels])?;
            let places = residuals.zip(mean.rows().zip(scale.rows()));
            let scaled = |((residual, mean), scale): ((&f64, &f64), &f64)| (residual - mean) * scale;
            places.map(|(residual, (mean, scale))| length(residual.iter().zip(mean).zip(scale).map(scaled))).collect()
        }
        Distance::PositionCov { axes: count } => {
            let axes = scope.read("axes", &[count, channels])?;
            let mean = scope.read("mean", &[places, count])?;
            let whitening = scope.read("whitening", &[places, count * (count + 1) / 2])?;
            let places = residuals.zip(mean.rows().zip(whitening.rows()));
            places
                .map(|(residual, (mean, whitening))| {
                    let centred: Vec<f64> =
                        axes.rows().zip(mean).map(|(axis, mean)| dot(axis, residual) - mean).collect();
                    // The rows of the triangle, one behind the other, each one number longer.
                    let mut rest = whitening;
                    length((1..=count).map(|columns| {
                        let (row, behind) = rest.split_at(columns);
                        rest = behind;
                        dot(row, &centred[..columns])
                    }))
                })
                .collect()
        }
    })
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

fn length(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.map(|number| number * number).sum::<f64>().sqrt()
}
