//! Where a token stands, as numbers that are added to it: learned, or waves.

use moead_model::architecture::{PositionKind, TokenGrid};

use crate::number::Number;
use crate::parameters::{Layout, Place};
use crate::vectors::add;

/// Positions of all tokens.
#[derive(Debug, Clone)]
pub(super) struct Positions {
    grid: TokenGrid,
    width: usize,
    /// Of rows and of columns.
    tables: Option<[Place; 2]>,
}

impl Positions {
    pub(super) fn new(layout: &mut Layout, kind: PositionKind, grid: TokenGrid, width: usize) -> Self {
        let mut table =
            |name: &str, count| layout.push(format!("pos_embed.{name}_embed.weight"), &[count, width / 2], true);
        let tables = match kind {
            PositionKind::Sine => None,
            PositionKind::Learned => Some([table("row", grid.rows), table("col", grid.columns)]),
        };
        Self { grid, width, tables }
    }

    /// Tokens x width.
    pub(super) fn forward<T: Number>(&self, parameters: &[T]) -> Vec<T> {
        let half = self.width / 2;
        let mut positions = Vec::with_capacity(self.grid.tokens() * self.width);
        for (row, column) in self.tokens() {
            match &self.tables {
                Some([rows, columns]) => {
                    positions.extend_from_slice(&parameters[columns.clone()][column * half..][..half]);
                    positions.extend_from_slice(&parameters[rows.clone()][row * half..][..half]);
                }
                None => {
                    positions.extend(waves::<T>(row, self.grid.rows, half));
                    positions.extend(waves::<T>(column, self.grid.columns, half));
                }
            }
        }
        positions
    }

    /// Adds the gradients of what is learned.
    pub(super) fn backward<T: Number>(&self, gradients: &mut [T], d_positions: &[T]) {
        let Some([rows, columns]) = &self.tables else { return };
        let half = self.width / 2;
        for ((row, column), d) in self.tokens().zip(d_positions.chunks_exact(self.width)) {
            add(&mut gradients[columns.clone()][column * half..][..half], &d[..half]);
            add(&mut gradients[rows.clone()][row * half..][..half], &d[half..]);
        }
    }

    fn tokens(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let TokenGrid { rows, columns } = self.grid;
        (0..rows).flat_map(move |row| (0..columns).map(move |column| (row, column)))
    }
}

/// v / 10000^(2 floor(j / 2) / half), v = 2 pi (index + 1) / (count + 1e-6); the sine for even j, the cosine for odd j.
fn waves<T: Number>(index: usize, count: usize, half: usize) -> impl Iterator<Item = T> {
    let value = (index + 1) as f64 / (count as f64 + 1e-6) * std::f64::consts::TAU;
    (0..half).map(move |j| {
        let angle = value / 10_000_f64.powf((2 * (j / 2)) as f64 / half as f64);
        T::from_f64(if j % 2 == 0 { angle.sin() } else { angle.cos() })
    })
}
