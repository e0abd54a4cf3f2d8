//! Means over a window that is moved by one row or column at a time.

use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, dispatch, f32x16};

use super::lanes::{LANES, load};

/// Sides are height, width.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::tract) struct Windows {
    pub(in crate::engine::tract) input: [usize; 2],
    pub(in crate::engine::tract) window: [usize; 2],
}

impl Windows {
    /// Sides of the result: one number for each place where the window fits.
    pub(in crate::engine::tract) fn output(&self) -> [usize; 2] {
        [0, 1].map(|side| self.input[side] + 1 - self.window[side])
    }
}

/// Writes the mean of each window: rows first, then columns. Each sum is taken anew; a running one would lose digits, and
/// once it met an infinity it would not come back.
///
/// O(output * (window's height + width)).
pub(in crate::engine::tract) fn means(level: Level, windows: &Windows, input: &[f32], output: &mut [f32]) {
    dispatch!(level, simd => means_with(simd, windows, input, output));
}

#[inline(always)]
fn means_with<S: Simd>(simd: S, windows: &Windows, input: &[f32], output: &mut [f32]) {
    let Windows { input: [_, width], window: [tall, wide] } = *windows;
    let [_, columns] = windows.output();
    let share = f32x16::splat(simd, 1.0 / (tall * wide) as f32);
    let mut line = vec![0.0; width.next_multiple_of(LANES) + wide];
    for (y, output) in output.chunks_exact_mut(columns).enumerate() {
        let rows = &input[y * width..][..tall * width];
        for x in (0..width).step_by(LANES) {
            let mut sum = f32x16::splat(simd, 0.0);
            for row in rows.chunks_exact(width) {
                sum += load(simd, &row[x..], width - x);
            }
            sum.store_slice(&mut line[x..x + LANES]);
        }
        for (block, output) in output.chunks_mut(LANES).enumerate() {
            let mut sum = f32x16::splat(simd, 0.0);
            for offset in 0..wide {
                sum += f32x16::from_slice(simd, &line[block * LANES + offset..][..LANES]);
            }
            output.copy_from_slice(&(sum * share).to_array()[..output.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::depthwise::tests::Numbers;
    use super::super::levels::levels;
    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 256 }))]

        #[test]
        fn each_result_is_the_mean_of_its_window(
            sides in prop::array::uniform2(1_usize..=40),
            window in prop::array::uniform2(any::<usize>()),
            seed in any::<u64>(),
            special in 0_usize..6,
        ) {
            let windows = Windows { input: sides, window: [0, 1].map(|side| window[side] % sides[side] + 1) };
            let [_, width] = sides;
            let [rows, columns] = windows.output();
            let [tall, wide] = windows.window;
            let mut input = Numbers(seed).take(sides.iter().product());
            let at = seed as usize % input.len();
            match special {
                0 => input[at] = f32::NAN,
                1 => input[at] = f32::INFINITY,
                _ => {}
            }
            for level in levels() {
                let mut found = vec![f32::NAN; rows * columns];
                means(level, &windows, &input, &mut found);
                for (index, &found) in found.iter().enumerate() {
                    let (y, x) = (index / columns, index % columns);
                    let numbers = (y..y + tall).flat_map(|y| &input[y * width + x..][..wide]);
                    let wanted = numbers.map(|&value| f64::from(value)).sum::<f64>() / (tall * wide) as f64;
                    // Numbers are at most 4 large.
                    let is_close = (f64::from(found) - wanted).abs() < 1e-5 || f64::from(found) == wanted;
                    prop_assert!(is_close || found.is_nan() && wanted.is_nan(), "{level:?} {windows:?}: {found}, {wanted}");
                }
            }
        }
    }
}
