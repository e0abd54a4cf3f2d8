//! Sixteen numbers at a time: one vector of AVX-512, two of AVX2, four of NEON, so that each has sums enough in flight.

use fearless_simd::prelude::*;
use fearless_simd::{Simd, f32x16};

pub(super) const LANES: usize = 16;
const LANE_NUMBERS: [f32; LANES] = [0., 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12., 13., 14., 15.];

/// The first `count` numbers and zeros; what stands behind them does not matter, and need not exist.
#[inline(always)]
pub(super) fn load<S: Simd>(simd: S, values: &[f32], count: usize) -> f32x16<S> {
    let values = match values.first_chunk::<LANES>() {
        Some(block) => f32x16::from_slice(simd, block),
        None => {
            let mut block = [0.0; LANES];
            block[..values.len()].copy_from_slice(values);
            f32x16::from_slice(simd, &block)
        }
    };
    first(simd, values, count)
}

/// The first `count` numbers and zeros.
#[inline(always)]
pub(super) fn first<S: Simd>(simd: S, values: f32x16<S>, count: usize) -> f32x16<S> {
    if count >= LANES {
        return values;
    }
    let lanes = f32x16::from_slice(simd, &LANE_NUMBERS);
    lanes.simd_lt(f32x16::splat(simd, count as f32)).select(values, f32x16::splat(simd, 0.0))
}
