//! Multi-head attention, with or without a hidden neighbourhood.

use moead_model::architecture::{NeighborMask, TokenGrid};

use super::linear::{Linear, product};
use super::tensor::{Scope, Tensor};
use crate::checkpoint::TensorError;

/// As many queries at once: scores of all tokens for all tokens would be T² numbers.
const QUERIES: usize = 64;

/// `nn.MultiheadAttention`.
pub(super) struct Attention {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    heads: usize,
}

impl Attention {
    pub(super) fn read(scope: &Scope<'_>, hidden: usize, heads: usize) -> Result<Self, TensorError> {
        let weight = scope.read("in_proj_weight", &[3 * hidden, hidden])?;
        let bias = scope.read("in_proj_bias", &[3 * hidden])?;
        let third = |index: usize| {
            let rows = &weight.data[index * hidden * hidden..][..hidden * hidden];
            Linear::new(&Tensor::new(&[hidden, hidden], rows.to_vec()), bias.data[index * hidden..][..hidden].to_vec())
        };
        let output = Linear::read(&scope.under("out_proj"), hidden, hidden)?;
        Ok(Self { query: third(0), key: third(1), value: third(2), output, heads })
    }

    /// What every token of `query` takes from `value`, by its likeness to `key`; `mask` hides tokens of `grid`.
    pub(super) fn apply(
        &self,
        query: &Tensor,
        key: &Tensor,
        value: &Tensor,
        mask: Option<&NeighborMask>,
        grid: TokenGrid,
    ) -> Tensor {
        let (query, key, value) = (self.query.apply(query), self.key.apply(key), self.value.apply(value));
        let (tokens, hidden) = (key.shape[0], key.columns());
        let width = hidden / self.heads;
        let mut joined = Tensor::zeros(&[query.shape[0], hidden]);
        for head in 0..self.heads {
            let of = |tensor: &Tensor| {
                let data = tensor.rows().flat_map(|row| &row[head * width..][..width]).copied().collect();
                Tensor::new(&[tensor.shape[0], width], data)
            };
            let (query, key, value) = (of(&query), of(&key).transposed(), of(&value));
            for first in (0..query.shape[0]).step_by(QUERIES) {
                let end = (first + QUERIES).min(query.shape[0]);
                let mut scores = product(&query.data[first * width..end * width], &key.data, width, tokens);
                for (token, scores) in (first..).zip(scores.chunks_exact_mut(tokens)) {
                    scores.iter_mut().for_each(|score| *score /= (width as f64).sqrt());
                    if let Some(mask) = mask {
                        hide(scores, mask, token, grid);
                    }
                    softmax(scores);
                }
                let taken = product(&scores, &value.data, tokens, width);
                for (token, taken) in (first..).zip(taken.chunks_exact(width)) {
                    joined.data[token * hidden + head * width..][..width].copy_from_slice(taken);
                }
            }
        }
        self.output.apply(&joined)
    }
}

/// Takes what `token` must not look at out of the softmax.
fn hide(scores: &mut [f64], mask: &NeighborMask, token: usize, grid: TokenGrid) {
    let place = |token: usize| (token / grid.columns, token % grid.columns);
    let (row, column) = place(token);
    for (other, score) in scores.iter_mut().enumerate() {
        let (other_row, other_column) = place(other);
        if row.abs_diff(other_row) <= mask.rows / 2 && column.abs_diff(other_column) <= mask.columns / 2 {
            *score = f64::NEG_INFINITY;
        }
    }
}

/// Shares of a whole, by e to the score.
pub(super) fn softmax(scores: &mut [f64]) {
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    scores.iter_mut().for_each(|score| *score = (*score - largest).exp());
    let sum: f64 = scores.iter().sum();
    scores.iter_mut().for_each(|score| *score /= sum);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_hides_the_neighbourhood_and_the_token_itself() {
        let grid = TokenGrid { rows: 3, columns: 4 };
        let mask = NeighborMask { rows: 3, columns: 2, on: [true; 3] };
        let mut scores = vec![0.0; 12];
        hide(&mut scores, &mask, 1, grid);
        let hidden: Vec<usize> = (0..12).filter(|&token| scores[token] != 0.0).collect();
        assert_eq!(hidden, [0, 1, 2, 4, 5, 6]);
    }

    #[test]
    fn what_is_hidden_has_no_share() {
        let mut scores = vec![1000.0, f64::NEG_INFINITY, 1000.0];
        softmax(&mut scores);
        assert_eq!(scores, [0.5, 0.0, 0.5]);
    }
}
