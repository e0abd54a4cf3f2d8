//! Squeeze-and-excitation: channels are weighted by what all of their means say together.

use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, dispatch, f32x16};

use super::activation::{Activation, apply, sigmoid};
use super::lanes::{LANES, load};

/// Two dense layers. Weights of both are stored one row a hidden number.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine::tract) struct Layers<'a> {
    /// Hidden x channels.
    pub(in crate::engine::tract) reduce: &'a [f32],
    /// Hidden.
    pub(in crate::engine::tract) reduce_bias: &'a [f32],
    /// Hidden x channels: the transpose of a layer from hidden to channels.
    pub(in crate::engine::tract) expand: &'a [f32],
    /// Channels.
    pub(in crate::engine::tract) expand_bias: &'a [f32],
}

/// sigmoid(expand(silu(reduce(means)))), in the place of the means.
pub(in crate::engine::tract) fn gates(level: Level, layers: Layers<'_>, means: &mut [f32]) {
    dispatch!(level, simd => gates_of(simd, layers, means));
}

#[inline(always)]
fn gates_of<S: Simd>(simd: S, layers: Layers<'_>, means: &mut [f32]) {
    let Layers { reduce, reduce_bias, expand, expand_bias } = layers;
    let channels = means.len();
    let mut sums = reduce_bias.to_vec();
    for (row, value) in sums.iter_mut().enumerate() {
        let row = &reduce[row * channels..][..channels];
        let mut products = f32x16::splat(simd, 0.0);
        for x in (0..channels).step_by(LANES) {
            let count = channels - x;
            products = load(simd, &row[x..], count).mul_add(load(simd, &means[x..], count), products);
        }
        *value += products.reduce_sum();
    }
    let mut hidden = vec![0.0; sums.len()];
    apply(simd, Activation::Silu, &sums, &mut hidden);
    for x in (0..channels).step_by(LANES) {
        let count = channels - x;
        let mut gate = load(simd, &expand_bias[x..], count);
        for (row, &value) in hidden.iter().enumerate() {
            let weights = load(simd, &expand[row * channels + x..], count);
            gate = weights.mul_add(f32x16::splat(simd, value), gate);
        }
        let gate = sigmoid(simd, gate).to_array();
        let targets = &mut means[x..][..count.min(LANES)];
        targets.copy_from_slice(&gate[..targets.len()]);
    }
}

/// Multiplies each channel, of `plane` numbers, by its gate.
pub(in crate::engine::tract) fn scale(level: Level, gates: &[f32], plane: usize, values: &mut [f32]) {
    dispatch!(level, simd => scale_with(simd, gates, plane, values));
}

#[inline(always)]
fn scale_with<S: Simd>(simd: S, gates: &[f32], plane: usize, values: &mut [f32]) {
    for (values, &gate) in values.chunks_exact_mut(plane).zip(gates) {
        let (blocks, rest) = values.as_chunks_mut::<LANES>();
        for block in blocks {
            (f32x16::from_slice(simd, block) * gate).store_slice(block);
        }
        rest.iter_mut().for_each(|value| *value *= gate);
    }
}

#[cfg(test)]
mod tests;
