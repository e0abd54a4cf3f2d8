//! Each place's row times the matrix of that place.

use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, dispatch, f32x16};

use super::lanes::{LANES, load};

/// Sums in flight: a product and a sum take four cycles.
const SUMS: usize = 4;

/// * `rows`: P x D. * `matrices`: P x D x N. * `output`: P x N, replaced.
///
/// O(P D N); each matrix is read once, which is what takes the time.
pub(in crate::engine::tract) fn rows_times_matrices(
    level: Level,
    (depth, count): (usize, usize),
    (rows, matrices): (&[f32], &[f32]),
    output: &mut [f32],
) {
    dispatch!(level, simd => {
        let places = rows.chunks_exact(depth).zip(matrices.chunks_exact(depth * count));
        for ((row, matrix), output) in places.zip(output.chunks_exact_mut(count)) {
            for (block, output) in output.chunks_mut(LANES).enumerate() {
                let sum = one(simd, row, &matrix[block * LANES..], count, output.len());
                output.copy_from_slice(&sum.to_array()[..output.len()]);
            }
        }
    });
}

/// Sixteen columns, of which `width` are there.
#[inline(always)]
fn one<S: Simd>(simd: S, row: &[f32], matrix: &[f32], count: usize, width: usize) -> f32x16<S> {
    let mut sums = [f32x16::splat(simd, 0.0); SUMS];
    let (blocks, rest) = row.as_chunks::<SUMS>();
    let line = |at: usize| load(simd, &matrix[at * count..], width);
    for (block, factors) in blocks.iter().enumerate() {
        for (index, factor) in factors.iter().enumerate() {
            sums[index] = line(block * SUMS + index).mul_add(f32x16::splat(simd, *factor), sums[index]);
        }
    }
    for (index, factor) in rest.iter().enumerate() {
        sums[index] = line(blocks.len() * SUMS + index).mul_add(f32x16::splat(simd, *factor), sums[index]);
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::levels::levels;
    use super::*;

    /// The scalar twin.
    fn plain((depth, count): (usize, usize), rows: &[f32], matrices: &[f32]) -> Vec<f64> {
        let place = |(row, matrix): (&[f32], &[f32])| -> Vec<f64> {
            let product = |column, at: usize| f64::from(row[at]) * f64::from(matrix[at * count + column]);
            (0..count).map(|column| (0..depth).map(|at| product(column, at)).sum()).collect()
        };
        rows.chunks_exact(depth).zip(matrices.chunks_exact(depth * count)).flat_map(place).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 256 }))]

        #[test]
        fn each_place_has_its_own_matrix(
            (places, depth, count, rows, matrices) in (1..4_usize, 1..70_usize, 1..40_usize).prop_flat_map(|(p, d, n)| {
                let numbers = |count| prop::collection::vec(-2.0_f32..2.0, count);
                (Just(p), Just(d), Just(n), numbers(p * d), numbers(p * d * n))
            }),
        ) {
            let wanted = plain((depth, count), &rows, &matrices);
            for level in levels() {
                let mut found = vec![f32::NAN; places * count];
                rows_times_matrices(level, (depth, count), (&rows, &matrices), &mut found);
                for (found, wanted) in found.iter().zip(&wanted) {
                    // Numbers below 4, up to 70 of them.
                    prop_assert!((f64::from(*found) - wanted).abs() < 1e-4, "{:?}: {} instead of {}", level, found, wanted);
                }
            }
        }
    }

    #[test]
    fn what_is_not_a_number_stays_in_its_place() {
        for level in levels() {
            let mut found = [0.0; 4];
            rows_times_matrices(level, (1, 2), (&[f32::NAN, 2.0], &[1.0, 1.0, 3.0, 4.0]), &mut found);
            assert!(found[0].is_nan() && found[1].is_nan(), "{level:?}");
            assert_eq!(found[2..], [6.0, 8.0]);
        }
    }
}
