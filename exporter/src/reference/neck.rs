//! From layers to tokens: resizing, concatenation, and the turn between maps and tokens.

use moead_model::architecture::TokenGrid;

use super::tensor::{Scope, Tensor};
use crate::checkpoint::TensorError;

/// Where one output pixel looks along an axis: two inputs and the share of the second.
fn taps(inputs: usize, outputs: usize) -> Vec<(usize, usize, f64)> {
    // Corners on corners; a single output looks at the first input.
    let scale = if outputs > 1 { (inputs - 1) as f64 / (outputs - 1) as f64 } else { 0.0 };
    (0..outputs)
        .map(|at| {
            let source = at as f64 * scale;
            let first = (source as usize).min(inputs - 1);
            (first, (first + 1).min(inputs - 1), source - first as f64)
        })
        .collect()
}

/// Bilinear with aligned corners; shrinking does not average.
pub(super) fn resize(input: &Tensor, height: usize, width: usize) -> Tensor {
    let (channels, rows, columns) = input.map_sides();
    let (ys, xs) = (taps(rows, height), taps(columns, width));
    let mut data = Vec::with_capacity(channels * height * width);
    for plane in input.data.chunks_exact(rows * columns) {
        for &(above, below, down) in &ys {
            let (above, below) = (&plane[above * columns..][..columns], &plane[below * columns..][..columns]);
            for &(left, right, across) in &xs {
                let mix = |row: &[f64]| row[left] * (1.0 - across) + row[right] * across;
                data.push(mix(above) * (1.0 - down) + mix(below) * down);
            }
        }
    }
    Tensor::new(&[1, channels, height, width], data)
}

/// Every layer brought to the token grid, channels one layer after the other.
pub(super) fn align(layers: &[Tensor], grid: TokenGrid) -> Tensor {
    let data: Vec<f64> = layers.iter().flat_map(|layer| resize(layer, grid.rows, grid.columns).data).collect();
    let channels = data.len() / grid.tokens();
    Tensor::new(&[1, channels, grid.rows, grid.columns], data)
}

/// 1 x C x h x w becomes T x C.
pub(super) fn tokens_of(map: &Tensor) -> Tensor {
    let (channels, rows, columns) = map.map_sides();
    Tensor::new(&[channels, rows * columns], map.data.clone()).transposed()
}

/// (x - mean) * scale of T x C tokens.
pub(super) fn normalized(tokens: &Tensor, scope: &Scope<'_>) -> Result<Tensor, TensorError> {
    let mean = scope.read("mean", &tokens.shape)?;
    let scale = scope.read("scale", &[tokens.columns()])?;
    let differences = tokens.data.iter().zip(&mean.data).map(|(x, mean)| x - mean);
    let data = differences.zip(scale.data.iter().cycle()).map(|(difference, scale)| difference * scale).collect();
    Ok(Tensor::new(&tokens.shape, data))
}

/// T x C becomes 1 x C x h x w.
pub(super) fn map_of(tokens: &Tensor, grid: TokenGrid) -> Tensor {
    let channels = tokens.columns();
    Tensor::new(&[1, channels, grid.rows, grid.columns], tokens.transposed().data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_stay_and_shrinking_picks() {
        let row = Tensor::new(&[1, 1, 1, 5], vec![0.0, 10.0, 20.0, 30.0, 50.0]);
        assert_eq!(resize(&row, 1, 3).data, [0.0, 20.0, 50.0]);
        assert_eq!(resize(&row, 1, 9).data, [0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0]);
        assert_eq!(resize(&row, 1, 1).data, [0.0]);
    }

    #[test]
    fn tokens_and_maps_go_there_and_back() {
        let map = Tensor::new(&[1, 3, 2, 2], (0..12).map(f64::from).collect());
        let tokens = tokens_of(&map);
        assert_eq!(tokens.rows().next(), Some(&[0.0, 4.0, 8.0][..]));
        assert_eq!(map_of(&tokens, TokenGrid { rows: 2, columns: 2 }), map);
    }
}
