//! The positions of tokens: learned tables, or sines.

use std::f64::consts::TAU;

use moead_model::architecture::{PositionKind, TokenGrid};

use super::tensor::{Scope, Tensor};
use crate::checkpoint::TensorError;

/// T x D, the same for every image; `scope` holds the tables of learned positions.
pub(super) fn positions(
    kind: PositionKind,
    scope: &Scope<'_>,
    grid: TokenGrid,
    hidden: usize,
) -> Result<Tensor, TensorError> {
    let half = hidden / 2;
    Ok(match kind {
        PositionKind::Learned => {
            let rows = scope.read("row_embed.weight", &[grid.rows, half])?;
            let columns = scope.read("col_embed.weight", &[grid.columns, half])?;
            // The column's half comes first.
            join(grid, hidden, |y, x| [row(&columns, x), row(&rows, y)].concat())
        }
        PositionKind::Sine => {
            join(grid, hidden, |y, x| [sines(y, grid.rows, half), sines(x, grid.columns, half)].concat())
        }
    })
}

fn row(table: &Tensor, index: usize) -> Vec<f64> {
    let columns = table.columns();
    table.data[index * columns..][..columns].to_vec()
}

fn join(grid: TokenGrid, hidden: usize, token: impl Fn(usize, usize) -> Vec<f64>) -> Tensor {
    let data = (0..grid.tokens()).flat_map(|at| token(at / grid.columns, at % grid.columns)).collect();
    Tensor::new(&[grid.tokens(), hidden], data)
}

/// Place `index` of `count` as `length` sines and cosines in turn, slower and slower.
fn sines(index: usize, count: usize, length: usize) -> Vec<f64> {
    let angle = (index + 1) as f64 / (count as f64 + 1e-6) * TAU;
    (0..length)
        .map(|at| {
            let turned = angle / 10_000_f64.powf((at / 2 * 2) as f64 / length as f64);
            if at % 2 == 0 { turned.sin() } else { turned.cos() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::Weights;

    /// Column x is x everywhere, row y is 10 y.
    struct Tables;

    impl Weights for Tables {
        fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
            Box::new(["p.row_embed.weight", "p.col_embed.weight"].into_iter())
        }

        fn shape(&self, name: &str) -> Option<&[usize]> {
            Some(if name.contains("row") { &[2, 2] } else { &[3, 2] })
        }

        fn read(&self, name: &str) -> Result<Vec<f32>, TensorError> {
            let table: &[f32] =
                if name.contains("row") { &[0.0, 0.0, 10.0, 10.0] } else { &[0.0, 0.0, 1.0, 1.0, 2.0, 2.0] };
            Ok(table.to_vec())
        }
    }

    const GRID: TokenGrid = TokenGrid { rows: 2, columns: 3 };

    #[test]
    fn a_learned_position_is_column_then_row() {
        let positions = positions(PositionKind::Learned, &Scope::new(&Tables, "p"), GRID, 4).unwrap();
        assert_eq!(positions.rows().nth(5), Some(&[2.0, 2.0, 10.0, 10.0][..]));
    }

    #[test]
    fn a_table_of_another_grid_is_refused() {
        let larger = TokenGrid { rows: 3, columns: 3 };
        let error = positions(PositionKind::Learned, &Scope::new(&Tables, "p"), larger, 4).unwrap_err();
        assert_eq!(error.to_string(), "tensor p.row_embed.weight: expected 3x2, found 2x2");
    }

    #[test]
    fn a_sine_position_is_row_then_column() {
        let positions = positions(PositionKind::Sine, &Scope::new(&Tables, "p"), GRID, 8).unwrap();
        // Token (0, 2): half a turn down, a whole turn across; the second pair turns a hundred times slower.
        let expected = [0.0, -1.0, 0.0314108, 0.9995066, 0.0, 1.0, 0.0627905, 0.9980267];
        let token = positions.rows().nth(2).unwrap();
        assert!(token.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-5), "{token:?}");
    }
}
