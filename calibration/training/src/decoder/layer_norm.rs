//! (x - mean) / sqrt(variance + 1e-5) * gain + shift, row by row, with the biased variance.

use rayon::prelude::*;

use crate::number::Number;
use crate::parameters::{Layout, Place};
use crate::vectors::{sum_of, sum_of_pairs, vectorized};

const EPSILON: f64 = 1e-5;
/// Rows that a thread takes at a time.
const ROWS: usize = 64;

/// A layer norm.
#[derive(Debug, Clone)]
pub(super) struct LayerNorm {
    gain: Place,
    shift: Place,
    width: usize,
}

/// What the way back needs.
#[derive(Debug)]
pub(super) struct Normalized<T> {
    /// Before gain and shift.
    plain: Vec<T>,
    /// 1 / sqrt(variance + 1e-5), one a row.
    scale: Vec<T>,
}

impl LayerNorm {
    pub(super) fn new(layout: &mut Layout, name: &str, width: usize, is_used: bool) -> Self {
        let gain = layout.push(format!("{name}.weight"), &[width], is_used);
        let shift = layout.push(format!("{name}.bias"), &[width], is_used);
        Self { gain, shift, width }
    }

    /// Normalises each row of `x`.
    pub(super) fn forward<T: Number>(&self, parameters: &[T], x: &[T]) -> (Vec<T>, Normalized<T>) {
        let (gain, shift) = (&parameters[self.gain.clone()], &parameters[self.shift.clone()]);
        let rows = x.len() / self.width;
        let (mut y, mut plain, mut scale) = (vec![T::ZERO; x.len()], vec![T::ZERO; x.len()], vec![T::ZERO; rows]);
        let block = ROWS * self.width;
        let blocks = x.par_chunks(block).zip(y.par_chunks_mut(block)).zip(plain.par_chunks_mut(block));
        blocks.zip(scale.par_chunks_mut(ROWS)).for_each(|(((x, y), plain), scale)| {
            vectorized(
                #[inline(always)]
                || {
                    let rows = x.chunks_exact(self.width).zip(y.chunks_exact_mut(self.width));
                    let rows = rows.zip(plain.chunks_exact_mut(self.width)).zip(scale);
                    for (((x, y), plain), scale) in rows {
                        *scale = normalize(x, plain);
                        for (((y, plain), gain), shift) in y.iter_mut().zip(plain).zip(gain).zip(shift) {
                            *y = *plain * *gain + *shift;
                        }
                    }
                },
            );
        });
        (y, Normalized { plain, scale })
    }

    /// Adds the gradients of gain and shift, and gives that of the input.
    pub(super) fn backward<T: Number>(
        &self,
        parameters: &[T],
        gradients: &mut [T],
        normalized: &Normalized<T>,
        dy: &[T],
    ) -> Vec<T> {
        let gain = &parameters[self.gain.clone()];
        let mut dx = vec![T::ZERO; dy.len()];
        let block = ROWS * self.width;
        let blocks = dx.par_chunks_mut(block).zip(dy.par_chunks(block)).zip(normalized.plain.par_chunks(block));
        blocks.zip(normalized.scale.par_chunks(ROWS)).for_each(|(((dx, dy), plain), scale)| {
            vectorized(
                #[inline(always)]
                || {
                    let rows = dx.chunks_exact_mut(self.width).zip(dy.chunks_exact(self.width));
                    let rows = rows.zip(plain.chunks_exact(self.width)).zip(scale);
                    for (((dx, dy), plain), scale) in rows {
                        input_gradient(dx, dy, plain, gain, *scale);
                    }
                },
            );
        });
        let rows = || dy.chunks_exact(self.width).zip(normalized.plain.chunks_exact(self.width));
        vectorized(
            #[inline(always)]
            || {
                for (dy, plain) in rows() {
                    for ((gradient, dy), plain) in gradients[self.gain.clone()].iter_mut().zip(dy).zip(plain) {
                        *gradient += *dy * *plain;
                    }
                }
                for (dy, _) in rows() {
                    gradients[self.shift.clone()].iter_mut().zip(dy).for_each(|(gradient, dy)| *gradient += *dy);
                }
            },
        );
        dx
    }
}

/// Mean first, then the mean of squared differences: sums of squares would lose what the difference keeps.
#[inline(always)]
fn normalize<T: Number>(x: &[T], plain: &mut [T]) -> T {
    let count = T::from_f64(x.len() as f64);
    let mean = sum_of(x, |x| x) / count;
    let variance = sum_of(x, |x| (x - mean) * (x - mean)) / count;
    let scale = T::ONE / (variance + T::from_f64(EPSILON)).sqrt();
    plain.iter_mut().zip(x).for_each(|(plain, x)| *plain = (*x - mean) * scale);
    scale
}

/// dx = scale * (g - mean(g) - n * mean(g n)), where g = dy * gain and n is the normalised row.
#[inline(always)]
fn input_gradient<T: Number>(dx: &mut [T], dy: &[T], plain: &[T], gain: &[T], scale: T) {
    dx.iter_mut().zip(dy).zip(gain).for_each(|((dx, dy), gain)| *dx = *dy * *gain);
    let count = T::from_f64(dx.len() as f64);
    let mean = sum_of(dx, |g| g) / count;
    let along = sum_of_pairs(dx, plain, |g, plain| g * plain) / count;
    dx.iter_mut().zip(plain).for_each(|(dx, plain)| *dx = scale * (*dx - mean - *plain * along));
}
