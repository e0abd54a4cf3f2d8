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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::levels::levels;
    use super::*;

    /// The scalar twin.
    fn plain(row: &[f32], gain: &[f32], shift: &[f32], epsilon: f32) -> Vec<f64> {
        let row: Vec<f64> = row.iter().map(|&x| f64::from(x)).collect();
        let count = row.len() as f64;
        let mean = row.iter().sum::<f64>() / count;
        let variance = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count;
        let scale = 1.0 / (variance + f64::from(epsilon)).sqrt();
        row.iter().zip(gain).zip(shift).map(|((x, &g), &s)| (x - mean) * scale * f64::from(g) + f64::from(s)).collect()
    }

    proptest! {
        /// Rows whose mean is up to 100 times their spread: 16 bits of a difference remain.
        #[test]
        fn rows_agree_with_the_scalar_twin(
            (width, numbers, gain, shift) in (2..70_usize).prop_flat_map(|width| {
                let numbers = |count, largest: f32| prop::collection::vec(-largest..largest, count);
                (Just(width), numbers(3 * width, 1.0), numbers(width, 2.0), numbers(width, 2.0))
            }),
            mean in -100.0_f32..100.0,
        ) {
            let rows: Vec<f32> = numbers.iter().map(|x| x + mean).collect();
            for level in levels() {
                let mut found = rows.clone();
                layer_norm(level, &mut found, &gain, &shift, 1e-5);
                for (found, row) in found.chunks(width).zip(rows.chunks(width)) {
                    for (found, wanted) in found.iter().zip(plain(row, &gain, &shift, 1e-5)) {
                        let close = (f64::from(*found) - wanted).abs() < 2e-5 * f64::from(mean.abs()).max(1.0) * 20.0;
                        prop_assert!(close, "{:?}: {} instead of {}", level, found, wanted);
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_not_a_number_stays_in_its_row() {
        for level in levels() {
            let mut rows = [[1.0, 2.0, 3.0], [1.0, f32::NAN, 3.0]];
            layer_norm(level, rows.as_flattened_mut(), &[1.0; 3], &[0.5; 3], 1e-5);
            assert!(rows[0].iter().all(|x| x.is_finite()), "{level:?}: {rows:?}");
            assert!(rows[1].iter().all(|x| x.is_nan()), "{level:?}: {rows:?}");
        }
    }
}
