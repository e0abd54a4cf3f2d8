//! Positions of tokens: constants that never reach the device by themselves, only folded into projections.

use moead_model::architecture::{PositionKind, Reconstruction, TokenGrid};

use super::GraphError;
use crate::weights::Weights;

/// The positions of a grid of tokens, kept as the sum they are: `p(y, x) = rows[y] + columns[x]`, each D wide with one half
/// zero. Whatever is linear in p splits the same way, so h + w rows are multiplied and stored instead of h * w.
/// f64, because they are multiplied with weights before they are rounded.
pub(super) struct Positions {
    grid: TokenGrid,
    hidden: usize,
    /// h x D.
    pub(super) rows: Vec<f64>,
    /// w x D.
    pub(super) columns: Vec<f64>,
}

impl Positions {
    /// Reads or computes the positions of `reconstruction`.
    pub(super) fn new(
        weights: &dyn Weights,
        reconstruction: &Reconstruction,
        grid: TokenGrid,
    ) -> Result<Self, GraphError> {
        let hidden = reconstruction.hidden;
        let half = hidden / 2;
        let zeros = || std::iter::repeat_n(0.0, half);
        let (mut rows, mut columns) = (Vec::new(), Vec::new());
        match reconstruction.position {
            PositionKind::Learned => {
                // The column's half comes first.
                for row in weights.read("reconstruction.pos_embed.row_embed.weight")?.chunks_exact(half) {
                    rows.extend(zeros().chain(row.iter().map(|&value| f64::from(value))));
                }
                for column in weights.read("reconstruction.pos_embed.col_embed.weight")?.chunks_exact(half) {
                    columns.extend(column.iter().map(|&value| f64::from(value)).chain(zeros()));
                }
            }
            PositionKind::Sine => {
                // The row's half comes first.
                for row in 0..grid.rows {
                    rows.extend(sine(row, grid.rows, half).chain(zeros()));
                }
                for column in 0..grid.columns {
                    columns.extend(zeros().chain(sine(column, grid.columns, half)));
                }
            }
        }
        Ok(Self { grid, hidden, rows, columns })
    }

    /// `tokens` (T x D) with their positions added.
    pub(super) fn added_to(&self, tokens: &[f64]) -> Vec<f64> {
        let places = self.rows.chunks_exact(self.hidden).flat_map(|row| {
            self.columns.chunks_exact(self.hidden).flat_map(move |column| row.iter().zip(column).map(|(r, c)| r + c))
        });
        tokens.iter().zip(places).map(|(token, place)| token + place).collect()
    }

    /// h x w.
    pub(super) fn grid(&self) -> TokenGrid {
        self.grid
    }
}

/// One axis of the sine positions (Carion et al. 2020, arXiv 2005.12872): places are scaled to (0, 2π].
fn sine(index: usize, count: usize, half: usize) -> impl Iterator<Item = f64> {
    let place = (index + 1) as f64 / (count as f64 + 1e-6) * std::f64::consts::TAU;
    (0..half).map(move |j| {
        let angle = place / 10_000f64.powf((2 * (j / 2)) as f64 / half as f64);
        if j % 2 == 0 { angle.sin() } else { angle.cos() }
    })
}
