//! Bilinear resizing with aligned corners, as two products with constant matrices.
//!
//! ONNX's `Resize` would do, but its engines disagree at the edges: a scale that is not exactly representable can lose a
//! pixel, `sizes` freezes the batch in one engine, and a side of 1 divides by zero in the formula. A matrix has none of
//! that, gives the same digits, and costs nothing here (below 0.5 % of the network's arithmetic).

use super::builder::{GraphBuilder, Wire};

/// Height and width of a feature map.
type Sides = (usize, usize);

/// `output` x `input` weights of `align_corners = true`: source = i * (input - 1) / (output - 1).
fn matrix(input: usize, output: usize) -> Vec<f32> {
    let mut weights = vec![0.0; output * input];
    for (i, row) in weights.chunks_exact_mut(input).enumerate() {
        // torch's area_pixel_compute_scale: an output of one pixel reads the first.
        let source = if output > 1 { (i * (input - 1)) as f64 / (output - 1) as f64 } else { 0.0 };
        let low = (source.floor() as usize).min(input - 1);
        let high = (low + 1).min(input - 1);
        let part = source - low as f64;
        row[low] += (1.0 - part) as f32;
        row[high] += part as f32;
    }
    weights
}

/// Resizes the last two axes of `x` (N x c x h x w) from `from` to `to`; the result is called `name`.
pub(super) fn resize(graph: &mut GraphBuilder, name: &str, x: &Wire, from: Sides, to: Sides) -> Wire {
    let mut columns = matrix(from.1, to.1);
    transpose(&mut columns, to.1, from.1);
    let columns = graph.constant(&format!("{name}.columns.weight"), &[from.1, to.1], &columns);
    let rows = graph.constant(&format!("{name}.rows.weight"), &[to.0, from.0], &matrix(from.0, to.0));
    let x = graph.node("MatMul", &format!("{name}.columns"), &[x, &columns], &[]);
    graph.node("MatMul", name, &[&rows, &x], &[])
}

/// rows x columns becomes columns x rows.
pub(super) fn transpose<T: Copy>(values: &mut Vec<T>, rows: usize, columns: usize) {
    let mut turned = Vec::with_capacity(values.len());
    for column in 0..columns {
        turned.extend((0..rows).map(|row| values[row * columns + column]));
    }
    *values = turned;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_stay_where_they_are_and_weights_sum_to_one() {
        for (input, output) in [(14, 224), (56, 14), (7, 7), (1, 16), (16, 1), (2, 3)] {
            let weights = matrix(input, output);
            for row in weights.chunks_exact(input) {
                assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6);
            }
            assert_eq!(weights[0], 1.0);
            if output > 1 {
                assert_eq!(weights[weights.len() - 1], 1.0);
            }
        }
    }
}
