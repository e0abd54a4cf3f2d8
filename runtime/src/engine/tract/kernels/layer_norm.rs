//! Layer norm.

use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, dispatch, f32x16};

/// Normalises rows as long as `gain`: (x - mean) / sqrt(variance + epsilon) * gain + shift.
///
/// * `rows`: R x D, replaced.
/// * `gain`, `shift`: D.
///
/// Mean first, then the mean of squared differences: sums of squares would lose what the difference keeps.
pub(crate) fn layer_norm(level: Level, rows: &mut [f32], gain: &[f32], shift: &[f32], epsilon: f32) {
    dispatch!(level, simd => {
        for row in rows.chunks_exact_mut(gain.len().max(1)) {
            one(simd, row, gain, shift, epsilon);
        }
    });
}

#[inline(always)]
fn one<S: Simd>(simd: S, row: &mut [f32], gain: &[f32], shift: &[f32], epsilon: f32) {
    let count = row.len() as f32;
    let mut sums = f32x16::splat(simd, 0.0);
    let (blocks, rest) = row.as_chunks_mut::<16>();
    for block in &*blocks {
        sums += f32x16::from_slice(simd, block);
    }
    let mean = (sums.to_array().iter().sum::<f32>() + rest.iter().sum::<f32>()) / count;
    let mut squares = f32x16::splat(simd, 0.0);
    for block in &*blocks {
        let difference = f32x16::from_slice(simd, block) - mean;
        squares = difference.mul_add(difference, squares);
    }
    let of_rest: f32 = rest.iter().map(|x| (x - mean) * (x - mean)).sum();
    let variance = (squares.to_array().iter().sum::<f32>() + of_rest) / count;
    let scale = 1.0 / (variance + epsilon).sqrt();
    let (gains, last_gains) = gain.as_chunks::<16>();
    let (shifts, last_shifts) = shift.as_chunks::<16>();
    for ((block, gain), shift) in blocks.iter_mut().zip(gains).zip(shifts) {
        let normal = (f32x16::from_slice(simd, block) - mean) * scale;
        normal.mul_add(f32x16::from_slice(simd, gain), f32x16::from_slice(simd, shift)).store_slice(block);
    }
    for ((x, gain), shift) in rest.iter_mut().zip(last_gains).zip(last_shifts) {
        *x = (*x - mean) * scale * gain + shift;
    }
}
