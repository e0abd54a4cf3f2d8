//! Attention with several heads, as PyTorch's `nn.MultiheadAttention` computes it.
//!
//! Queries, keys and values come from thirds of `in_proj`; a head is some columns of each. Scores are q k / sqrt(columns of a head); tokens
//! that must not be looked at are left out of the softmax.

use rayon::prelude::*;

use super::dropout::Dropout;
use super::linear::Linear;
use crate::number::Number;
use crate::parameters::Layout;
use crate::product::{Matrix, MatrixMut, Mode};
use crate::vectors::{add_each, sum_of, sum_of_pairs, vectorized};

/// An attention.
#[derive(Debug, Clone)]
pub(super) struct Attention {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    width: usize,
    heads: usize,
}

/// What an attention looks at, all in rows of tokens.
pub(super) struct Inputs<T> {
    /// Of each image; or of one, for all of them.
    pub(super) query: Vec<T>,
    /// Of each image.
    pub(super) key: Vec<T>,
    /// Of each image.
    pub(super) value: Vec<T>,
}

/// What the way back needs.
pub(super) struct Attended<T> {
    inputs: Inputs<T>,
    projected: Inputs<T>,
    /// Images x heads x tokens x tokens, the softmax.
    weights: Vec<T>,
    /// The same after dropout, where there is any.
    dropped: Option<Vec<T>>,
    /// What the heads found, side by side.
    joined: Vec<T>,
}

impl Attention {
    pub(super) fn new(layout: &mut Layout, name: &str, width: usize, heads: usize) -> Self {
        let weight = layout.push(format!("{name}.in_proj_weight"), &[3 * width, width], true);
        let bias = layout.push(format!("{name}.in_proj_bias"), &[3 * width], true);
        let third = |index: usize| Linear::part(&weight, &bias, width, index * width..(index + 1) * width);
        let [query, key, value] = [third(0), third(1), third(2)];
        let output = Linear::new(layout, &format!("{name}.out_proj"), &[], [width, width]);
        Self { query, key, value, output, width, heads }
    }

    /// * `tokens`: of an image.
    /// * `hidden`: tokens x tokens, minus infinity where the first must not look at the second, else 0.
    pub(super) fn forward<T: Number>(
        &self,
        parameters: &[T],
        inputs: Inputs<T>,
        tokens: usize,
        hidden: Option<&[T]>,
        dropout: Dropout,
    ) -> (Vec<T>, Attended<T>) {
        let projected = Inputs {
            query: self.query.forward(parameters, &inputs.query),
            key: self.key.forward(parameters, &inputs.key),
            value: self.value.forward(parameters, &inputs.value),
        };
        let image = tokens * self.width;
        let square = tokens * tokens;
        let images = inputs.key.len() / image;
        let mut weights = vec![T::ZERO; images * self.heads * square];
        let mut dropped = dropout.is_on().then(|| weights.clone());
        let mut joined = vec![T::ZERO; inputs.key.len()];
        let of_head = self.heads * square;
        let scale = T::from_f64(((self.width / self.heads) as f64).sqrt().recip());
        // Of each image, where anything is dropped.
        let parts: Vec<Option<&mut [T]>> = match &mut dropped {
            None => (0..images).map(|_| None).collect(),
            Some(dropped) => dropped.chunks_exact_mut(of_head).map(Some).collect(),
        };
        let each = joined.par_chunks_exact_mut(image).zip(weights.par_chunks_exact_mut(of_head)).zip(parts);
        each.enumerate().for_each(|(index, ((joined, weights), mut dropped))| {
            let (query, key, value) = self.image(&projected, index, image);
            for head in 0..self.heads {
                let weights = &mut weights[head * square..][..square];
                let out = MatrixMut::new(weights, tokens);
                T::product(self.head(query, head), self.head(key, head).transposed(), out, Mode::Replace);
                softmax(weights, tokens, scale, hidden);
                let used: &[T] = match &mut dropped {
                    None => weights,
                    Some(dropped) => {
                        let dropped = &mut dropped[head * square..][..square];
                        dropped.copy_from_slice(weights);
                        dropout.apply(dropped, &[index as u64, head as u64]);
                        dropped
                    }
                };
                let columns = self.width / self.heads;
                let out = MatrixMut::new(joined, self.width).columns(head * columns, columns);
                T::product(Matrix::new(used, tokens), self.head(value, head), out, Mode::Replace);
            }
        });
        let output = self.output.forward(parameters, &joined);
        (output, Attended { inputs, projected, weights, dropped, joined })
    }

    /// Adds the gradients of all weights, and gives those of the inputs.
    pub(super) fn backward<T: Number>(
        &self,
        parameters: &[T],
        gradients: &mut [T],
        attended: &Attended<T>,
        tokens: usize,
        dy: &[T],
    ) -> Inputs<T> {
        let Attended { inputs, projected, weights, dropped, joined } = attended;
        let d_joined = self.output.backward(parameters, gradients, joined, dy);
        let (image, square) = (tokens * self.width, tokens * tokens);
        let of_head = self.heads * square;
        let columns = self.width / self.heads;
        let scale = T::from_f64((columns as f64).sqrt().recip());
        // Of each image, also where all images have the same queries.
        let [mut d_query, mut d_key, mut d_value] = [(); 3].map(|()| vec![T::ZERO; joined.len()]);
        let used = dropped.as_ref().unwrap_or(weights);
        let each = d_query.par_chunks_mut(image).zip(d_key.par_chunks_mut(image)).zip(d_value.par_chunks_mut(image));
        each.enumerate().for_each(|(index, ((d_query, d_key), d_value))| {
            let (query, key, value) = self.image(projected, index, image);
            let d_joined = &d_joined[index * image..][..image];
            let mut d_scores = vec![T::ZERO; square];
            for head in 0..self.heads {
                let at = index * of_head + head * square;
                let (weights, used) = (&weights[at..][..square], &used[at..][..square]);
                let out = |numbers| MatrixMut::new(numbers, self.width).columns(head * columns, columns);
                let d_found = self.head(d_joined, head);
                T::product(Matrix::new(used, tokens).transposed(), d_found, out(&mut *d_value), Mode::Replace);
                let to = MatrixMut::new(&mut d_scores, tokens);
                T::product(d_found, self.head(value, head).transposed(), to, Mode::Replace);
                softmax_backward(&mut d_scores, weights, used, tokens, scale);
                let d_scores = Matrix::new(&d_scores, tokens);
                T::product(d_scores, self.head(key, head), out(&mut *d_query), Mode::Replace);
                T::product(d_scores.transposed(), self.head(query, head), out(&mut *d_key), Mode::Replace);
            }
        });
        if projected.query.len() < d_query.len() {
            let (first, others) = d_query.split_at_mut(image);
            add_each(first, others);
            d_query.truncate(image);
        }
        Inputs {
            query: self.query.backward(parameters, gradients, &inputs.query, &d_query),
            key: self.key.backward(parameters, gradients, &inputs.key, &d_key),
            value: self.value.backward(parameters, gradients, &inputs.value, &d_value),
        }
    }

    /// Queries, keys and values of an image.
    fn image<'a, T>(&self, all: &'a Inputs<T>, index: usize, length: usize) -> (&'a [T], &'a [T], &'a [T]) {
        let query = all.query.get(index * length..(index + 1) * length).unwrap_or(&all.query);
        (query, &all.key[index * length..][..length], &all.value[index * length..][..length])
    }

    fn head<'a, T: Number>(&self, rows: &'a [T], head: usize) -> Matrix<'a, T> {
        let columns = self.width / self.heads;
        Matrix::new(rows, self.width).columns(head * columns, columns)
    }
}

/// Scores become weights, row by row.
fn softmax<T: Number>(scores: &mut [T], tokens: usize, scale: T, hidden: Option<&[T]>) {
    vectorized(
        #[inline(always)]
        || {
            for (index, row) in scores.chunks_exact_mut(tokens).enumerate() {
                match hidden.map(|hidden| &hidden[index * tokens..][..tokens]) {
                    None => row.iter_mut().for_each(|score| *score *= scale),
                    Some(hidden) => {
                        row.iter_mut().zip(hidden).for_each(|(score, hidden)| *score = *score * scale + *hidden);
                    }
                }
                let most = row.iter().fold(T::LEAST, |most, score| if *score > most { *score } else { most });
                row.iter_mut().for_each(|score| *score = (*score - most).exp());
                let share = T::ONE / sum_of(row, |weight| weight);
                row.iter_mut().for_each(|weight| *weight *= share);
            }
        },
    );
}

/// Gradients of used weights become those of scores: scale * (u du - w * sum(u du)), where u is w after dropout.
fn softmax_backward<T: Number>(d_used: &mut [T], weights: &[T], used: &[T], tokens: usize, scale: T) {
    vectorized(
        #[inline(always)]
        || {
            let rows = d_used.chunks_exact_mut(tokens).zip(weights.chunks_exact(tokens)).zip(used.chunks_exact(tokens));
            for ((d_used, weights), used) in rows {
                let along = sum_of_pairs(d_used, used, |d_used, used| d_used * used);
                for ((d_used, weight), used) in d_used.iter_mut().zip(weights).zip(used) {
                    *d_used = scale * (*used * *d_used - *weight * along);
                }
            }
        },
    );
}
