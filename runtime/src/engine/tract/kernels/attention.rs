//! Attention of all heads: scores, softmax and the weighted sum of values, a few rows of one head at a time, so that the scores
//! stay in the nearest cache and are never written as a matrix.

use std::ops::Range;

use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, dispatch, f32x16};

use super::activation::{Activation, exp};
use super::matmul::{Addend, BLOCK, Bias, Blend, Blocked, Columns, Layout, Left, Plain, Right, Rows, columns, product};

/// Sizes of an attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heads {
    /// How many.
    pub(crate) count: usize,
    /// Numbers of a token that a head sees.
    pub(crate) width: usize,
    /// Rows of the queries and of the result.
    pub(crate) queries: usize,
    /// Rows of keys and values.
    pub(crate) keys: usize,
}

impl Heads {
    fn query_layout(self, cut: Columns) -> Layout {
        Layout { rows: self.queries, depth: self.width, height: cut.height() }
    }

    fn key_len(self, cut: Columns) -> usize {
        Right::len(cut, (self.width, self.keys))
    }

    /// Numbers of a row of the result.
    pub(crate) fn hidden(self) -> usize {
        self.count * self.width
    }
}

/// Packs queries: `row(head, query)` gives a head's numbers of a query.
pub(crate) fn pack_queries<'a>(level: Level, heads: Heads, row: impl Fn(usize, usize) -> &'a [f32]) -> Vec<f32> {
    let layout = heads.query_layout(columns(level));
    let mut packed = vec![0.0; heads.count * layout.len()];
    for (head, numbers) in packed.chunks_exact_mut(layout.len().max(1)).enumerate() {
        for query in 0..heads.queries {
            layout.write(numbers, query, row(head, query));
        }
    }
    packed
}

/// Packs keys, head after head, as right operands.
///
/// * `keys`: keys x hidden, row-major.
pub(crate) fn pack_keys(level: Level, heads: Heads, keys: &[f32]) -> Vec<f32> {
    let mut packed = Vec::with_capacity(heads.count * heads.key_len(columns(level)));
    for head in 0..heads.count {
        let columns_of_head = (keys.get(head * heads.width..).unwrap_or_default(), heads.hidden());
        Right::pack_columns(columns(level), (heads.width, heads.keys), columns_of_head, &mut packed);
    }
    packed
}

/// What an attention looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inputs<'a> {
    /// From [`pack_queries`].
    pub(crate) queries: &'a [f32],
    /// From [`pack_keys`].
    pub(crate) keys: &'a [f32],
    /// Keys x hidden, row-major.
    pub(crate) values: &'a [f32],
    /// Queries x keys, added to the scores.
    pub(crate) mask: Option<&'a [f32]>,
}

/// Softmax(Q K^T + mask) V for some of the queries.
///
/// * `queries`: from a multiple of a tile's height on.
/// * `output`: as many rows, each of `heads.hidden()` numbers.
pub(crate) fn attend(level: Level, heads: Heads, inputs: Inputs<'_>, queries: Range<usize>, output: &mut [f32]) {
    let cut = columns(level);
    let layout = heads.query_layout(cut);
    let mut rows: Vec<&mut [f32]> = output.chunks_exact_mut(heads.hidden()).collect();
    let key_len = heads.key_len(cut);
    let values = Plain { numbers: inputs.values, depth: heads.keys, count: heads.hidden() };
    let mut looks = Vec::new();
    let mut spare = Vec::new();
    for head in 0..heads.count {
        let left = Left::new(layout, &inputs.queries[head * layout.len()..]).part(queries.clone());
        let keys = &inputs.keys[head * key_len..][..key_len];
        let keys: Vec<_> = Right::new(cut, (heads.width, heads.keys), keys).strips().collect();
        let values = values.strips(cut, head * heads.width..(head + 1) * heads.width, &mut spare);
        for start in (0..queries.len()).step_by(cut.height()) {
            let end = (start + cut.height()).min(queries.len());
            let scores = Layout { rows: end - start, depth: heads.keys, height: cut.height() };
            looks.resize(scores.len(), 0.0);
            let addend = inputs
                .mask
                .map(|mask| Addend { numbers: &mask[(queries.start + start) * heads.keys..], pitch: heads.keys });
            let blend = Blend { bias: Bias::None, addend, activation: Activation::Identity };
            let mut finish = Blocked { blend, layout: scores, numbers: &mut looks };
            product(level, &left.part(start..end), &keys, &mut finish);
            dispatch!(level, simd => softmax(simd, scores, &mut looks));
            let mut finish = Rows { blend: Blend::PLAIN, rows: &mut rows[start..end], first: 0 };
            product(level, &Left::new(scores, &looks), &values, &mut finish);
        }
    }
}

/// Below it e^x is taken as 0: it is smaller than the smallest normal number.
const LOWEST: f32 = -87.0;

/// e^x for x <= 0, within 3e-7 near 0 and 3e-6 at -25. Not a number stays what it is.
#[inline(always)]
fn power<S: Simd>(simd: S, x: f32x16<S>) -> f32x16<S> {
    let power = x.simd_lt(f32x16::splat(simd, LOWEST)).select(f32x16::splat(simd, 0.0), exp(simd, x));
    x.is_nan().select(x, power)
}

/// Softmax of each row of a packed left operand that is one panel.
#[inline(always)]
fn softmax<S: Simd>(simd: S, layout: Layout, numbers: &mut [f32]) {
    let blocks = layout.depth.div_ceil(BLOCK);
    for row in 0..layout.rows {
        let place = |block: usize| layout.place(row, block * BLOCK);
        // What is behind the last column of a row has no weight.
        if !layout.depth.is_multiple_of(BLOCK) {
            let last = layout.place(row, layout.depth);
            numbers[last..][..BLOCK - layout.depth % BLOCK].fill(f32::NEG_INFINITY);
        }
        let mut largest = f32x16::splat(simd, f32::NEG_INFINITY);
        for block in 0..blocks {
            largest = largest.max(f32x16::from_slice(simd, &numbers[place(block)..][..BLOCK]));
        }
        let largest = largest.to_array().into_iter().fold(f32::NEG_INFINITY, f32::max);
        let mut sum = f32x16::splat(simd, 0.0);
        for block in 0..blocks {
            let numbers = &mut numbers[place(block)..][..BLOCK];
            let power = power(simd, f32x16::from_slice(simd, numbers) - largest);
            sum += power;
            power.store_slice(numbers);
        }
        let factor = 1.0 / sum.to_array().iter().sum::<f32>();
        for block in 0..blocks {
            let numbers = &mut numbers[place(block)..][..BLOCK];
            (f32x16::from_slice(simd, numbers) * factor).store_slice(numbers);
        }
    }
}

#[cfg(test)]
mod tests;
