//! Matrix products, linear layers and layer norms over the rows of a matrix.

use super::tensor::{Scope, Tensor};
use crate::checkpoint::TensorError;

/// As many columns at once as keep a few hundred rows of the right matrix in a core's own cache.
const BLOCK: usize = 256;

/// `left` (m x `inner`) times `right` (`inner` x `columns`), both row-major.
///
/// The innermost loop runs along rows of `right` and of the result: contiguous, and vectorised without reordering sums.
pub(super) fn product(left: &[f64], right: &[f64], inner: usize, columns: usize) -> Vec<f64> {
    let mut result = vec![0.0; left.len() / inner * columns];
    for start in (0..columns).step_by(BLOCK) {
        let end = (start + BLOCK).min(columns);
        let piece = |row: usize| &right[row * columns + start..row * columns + end];
        for (factors, sums) in left.chunks_exact(inner).zip(result.chunks_exact_mut(columns)) {
            let sums = &mut sums[start..end];
            // Four rows in one pass: the sums are fetched and stored once for four products.
            let (fours, rest) = factors.as_chunks::<4>();
            for (index, &[a, b, c, d]) in fours.iter().enumerate() {
                let at = 4 * index;
                let products = piece(at).iter().zip(piece(at + 1)).zip(piece(at + 2)).zip(piece(at + 3));
                for (sum, (((e, f), g), h)) in sums.iter_mut().zip(products) {
                    *sum += a * e + b * f + c * g + d * h;
                }
            }
            for (index, factor) in rest.iter().enumerate() {
                for (sum, value) in sums.iter_mut().zip(piece(4 * fours.len() + index)) {
                    *sum += factor * value;
                }
            }
        }
    }
    result
}

/// y = x Wᵀ + b.
pub(super) struct Linear {
    /// Wᵀ, inputs x outputs.
    weight: Tensor,
    bias: Vec<f64>,
}

impl Linear {
    /// `weight` (`outputs` x `inputs`) and `bias` of `scope`.
    pub(super) fn read(scope: &Scope<'_>, inputs: usize, outputs: usize) -> Result<Self, TensorError> {
        let weight = scope.read("weight", &[outputs, inputs])?;
        Ok(Self::new(&weight, scope.read("bias", &[outputs])?.data))
    }

    /// The same with an expert's extra side of 1 in front.
    pub(super) fn read_expert(scope: &Scope<'_>, inputs: usize, outputs: usize) -> Result<Self, TensorError> {
        let weight = scope.read("weight", &[1, outputs, inputs])?;
        Ok(Self::new(&Tensor::new(&[outputs, inputs], weight.data), scope.read("bias", &[1, outputs])?.data))
    }

    /// From W, outputs x inputs.
    pub(super) fn new(weight: &Tensor, bias: Vec<f64>) -> Self {
        Self { weight: weight.transposed(), bias }
    }

    pub(super) fn apply(&self, input: &Tensor) -> Tensor {
        let (inputs, outputs) = (self.weight.shape[0], self.weight.shape[1]);
        let mut data = product(&input.data, &self.weight.data, inputs, outputs);
        for row in data.chunks_exact_mut(outputs) {
            row.iter_mut().zip(&self.bias).for_each(|(value, bias)| *value += bias);
        }
        Tensor::new(&[input.shape[0], outputs], data)
    }
}

/// Brings every row to mean 0 and variance 1 (biased, eps 1e-5), then scales and shifts it.
pub(super) struct LayerNorm {
    weight: Vec<f64>,
    bias: Vec<f64>,
}

impl LayerNorm {
    pub(super) fn read(scope: &Scope<'_>, columns: usize) -> Result<Self, TensorError> {
        Ok(Self { weight: scope.read("weight", &[columns])?.data, bias: scope.read("bias", &[columns])?.data })
    }

    pub(super) fn apply(&self, input: &Tensor) -> Tensor {
        let mut output = input.clone();
        for row in output.data.chunks_exact_mut(self.weight.len()) {
            let count = row.len() as f64;
            let mean = row.iter().sum::<f64>() / count;
            let variance = row.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
            let deviation = (variance + 1e-5).sqrt();
            for ((value, weight), bias) in row.iter_mut().zip(&self.weight).zip(&self.bias) {
                *value = (*value - mean) / deviation * weight + bias;
            }
        }
        output
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_of_more_than_four_terms_and_one_block() {
        let (inner, columns) = (6, BLOCK + 3);
        let left: Vec<f64> = (0..2 * inner).map(|at| at as f64 - 3.0).collect();
        let right: Vec<f64> = (0..inner * columns).map(|at| (at % 7) as f64).collect();
        let result = product(&left, &right, inner, columns);
        for (row, column) in [(0, 0), (1, 5), (0, BLOCK), (1, columns - 1)] {
            let sum: f64 = (0..inner).map(|at| left[row * inner + at] * right[at * columns + column]).sum();
            assert_eq!(result[row * columns + column], sum);
        }
    }

    #[test]
    fn the_variance_of_a_layer_norm_is_biased() {
        let norm = LayerNorm { weight: vec![2.0, 2.0], bias: vec![1.0, 0.0] };
        let output = norm.apply(&Tensor::new(&[1, 2], vec![3.0, 5.0]));
        let one = 1.0 / (1.0_f64 + 1e-5).sqrt();
        assert_eq!(output.data, [1.0 - 2.0 * one, 2.0 * one]);
    }
}
