//! Positions of tokens: constants that never reach the device by themselves, only folded into projections.

use moead_model::architecture::{PositionKind, Reconstruction, TokenGrid};

use super::GraphError;
use crate::weights::Weights;

/// T x D, one for all pictures; f64 because it is multiplied with weights before it is rounded.
pub(super) fn positions(
    weights: &dyn Weights,
    reconstruction: &Reconstruction,
    grid: TokenGrid,
) -> Result<Vec<f64>, GraphError> {
    let half = reconstruction.hidden / 2;
    let mut tokens = Vec::with_capacity(grid.tokens() * reconstruction.hidden);
    match reconstruction.position {
        PositionKind::Learned => {
            let rows = weights.read("reconstruction.pos_embed.row_embed.weight")?;
            let columns = weights.read("reconstruction.pos_embed.col_embed.weight")?;
            for row in rows.chunks_exact(half).take(grid.rows) {
                for column in columns.chunks_exact(half).take(grid.columns) {
                    // The column's half comes first.
                    tokens.extend(column.iter().chain(row).map(|&value| f64::from(value)));
                }
            }
        }
        PositionKind::Sine => {
            for row in 0..grid.rows {
                for column in 0..grid.columns {
                    // The row's half comes first.
                    tokens.extend(sine(row, grid.rows, half));
                    tokens.extend(sine(column, grid.columns, half));
                }
            }
        }
    }
    Ok(tokens)
}

/// One axis of the sine positions (Carion et al. 2020, arXiv 2005.12872): places are scaled to (0, 2π].
fn sine(index: usize, count: usize, half: usize) -> impl Iterator<Item = f64> {
    let place = (index + 1) as f64 / (count as f64 + 1e-6) * std::f64::consts::TAU;
    (0..half).map(move |j| {
        let angle = place / 10_000f64.powf((2 * (j / 2)) as f64 / half as f64);
        if j % 2 == 0 { angle.sin() } else { angle.cos() }
    })
}
