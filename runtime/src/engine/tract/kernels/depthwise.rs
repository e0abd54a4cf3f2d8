//! Convolution of each channel with its own kernel.
//!
//! A channel is copied between zeros, so that no tap asks where the border is; with stride 2, even and odd columns go to
//! two halves of a row, so that neighbours in the result are neighbours there too. Then 16 columns and a few rows of the
//! result are summed together, in registers: what is loaded from a row serves every row of the result that needs it.

use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, dispatch, f32x16};

use super::activation::{Activation, apply};
use super::lanes::{LANES, load};

/// Numbers of the result that wait for the activation: few enough to stay in the first cache, and more than one block of
/// rows, as a load that spans several stores waits for all of them.
const NEAR: usize = 1024;
/// Rows of the result that are summed together, at most.
const ROWS: usize = 4;

/// Sides are height, width.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::engine::tract) struct Geometry {
    /// Of a channel.
    pub(in crate::engine::tract) input: [usize; 2],
    /// Of a channel of the result.
    pub(in crate::engine::tract) output: [usize; 2],
    pub(in crate::engine::tract) kernel: [usize; 2],
    pub(in crate::engine::tract) stride: [usize; 2],
    /// Zeros above and left of the input; those below and right follow from the output's sides.
    pub(in crate::engine::tract) before: [usize; 2],
}

/// Channels that are convolved.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine::tract) struct Channels<'a> {
    /// Channels x height x width. None: it stands where the output goes, and both have the same sides.
    pub(in crate::engine::tract) input: Option<&'a [f32]>,
    /// Channels x kernel height x kernel width.
    pub(in crate::engine::tract) kernel: &'a [f32],
    /// One a channel.
    pub(in crate::engine::tract) bias: &'a [f32],
}

/// Writes `output` (channels x height x width), and to `sums` the sum of each channel of it.
pub(in crate::engine::tract) fn depthwise(
    level: Level,
    geometry: &Geometry,
    activation: Activation,
    channels: Channels<'_>,
    output: &mut [f32],
    sums: &mut [f32],
) {
    let run = match (geometry.kernel, geometry.stride) {
        ([3, 3], [1, 1]) => fixed::<3, 1>,
        ([3, 3], [2, 2]) => fixed::<3, 2>,
        ([5, 5], [1, 1]) => fixed::<5, 1>,
        ([5, 5], [2, 2]) => fixed::<5, 2>,
        _ => plain,
    };
    run(level, geometry, activation, channels, output, sums);
}

/// The scalar twin, and what runs for kernels and strides that the networks we know do not have.
fn plain(
    level: Level,
    geometry: &Geometry,
    activation: Activation,
    channels: Channels<'_>,
    output: &mut [f32],
    sums: &mut [f32],
) {
    let Geometry { input: [height, width], output: [rows, columns], kernel: [tall, wide], stride, before } = *geometry;
    let Channels { input, kernel, bias } = channels;
    let mut result = vec![0.0; rows * columns];
    for (channel, (plane, sum)) in output.chunks_exact_mut(rows * columns).zip(sums).enumerate() {
        let input = match input {
            Some(input) => input[channel * height * width..][..height * width].to_vec(),
            None => plane.to_vec(),
        };
        let kernel = &kernel[channel * tall * wide..][..tall * wide];
        for (y, line) in result.chunks_exact_mut(columns).enumerate() {
            for (x, value) in line.iter_mut().enumerate() {
                *value = bias[channel];
                for (tap, weight) in kernel.iter().enumerate() {
                    let source_y = (y * stride[0] + tap / wide).wrapping_sub(before[0]);
                    let source_x = (x * stride[1] + tap % wide).wrapping_sub(before[1]);
                    if source_y < height && source_x < width {
                        *value += weight * input[source_y * width + source_x];
                    }
                }
            }
        }
        *sum = dispatch!(level, simd => apply(simd, activation, &result, plane));
    }
}

fn fixed<const K: usize, const STRIDE: usize>(
    level: Level,
    geometry: &Geometry,
    activation: Activation,
    channels: Channels<'_>,
    output: &mut [f32],
    sums: &mut [f32],
) {
    let mut padded = Padded::<K, STRIDE>::new(geometry);
    dispatch!(level, simd => padded.convolve(simd, geometry, activation, channels, output, sums));
}

/// A channel between zeros.
struct Padded<const K: usize, const STRIDE: usize> {
    /// Rows of `STRIDE` phases: column `x` lies in phase `x % STRIDE` at `x / STRIDE`.
    values: Vec<f32>,
    /// From one phase to the next.
    phase: usize,
    /// How many rows.
    rows: usize,
    /// Rows of the result between two activations.
    together: usize,
    /// These rows before the activation, and room for what a block writes behind a short row.
    result: Vec<f32>,
}

impl<const K: usize, const STRIDE: usize> Padded<K, STRIDE> {
    fn new(geometry: &Geometry) -> Self {
        let [rows, columns] = geometry.output;
        let [_, width] = geometry.input;
        let [_, left] = geometry.before;
        // What blocks of the result read, and what blocks of the input write.
        let read = columns.next_multiple_of(LANES) + K / STRIDE;
        let written = left + width.next_multiple_of(STRIDE * LANES) / STRIDE;
        let phase = read.max(written);
        let together = (NEAR / columns).next_multiple_of(ROWS).max(ROWS).min(rows);
        let rows = rows.saturating_sub(1) * STRIDE + K;
        Self {
            values: vec![0.0; rows * STRIDE * phase],
            phase,
            rows,
            together,
            result: vec![0.0; together * columns + LANES],
        }
    }

    #[inline(always)]
    fn convolve<S: Simd>(
        &mut self,
        simd: S,
        geometry: &Geometry,
        activation: Activation,
        channels: Channels<'_>,
        output: &mut [f32],
        sums: &mut [f32],
    ) {
        let source: usize = geometry.input.iter().product();
        let [rows, columns] = geometry.output;
        for (channel, sum) in sums.iter_mut().enumerate() {
            let plane = &mut output[channel * rows * columns..];
            self.fill(
                simd,
                geometry,
                channels.input.map_or_else(
                    #[inline(always)]
                    || &*plane,
                    #[inline(always)]
                    |input| &input[channel * source..],
                ),
            );
            let kernel = &channels.kernel[channel * K * K..][..K * K];
            let bias = channels.bias[channel];
            *sum = 0.0;
            for first in (0..rows).step_by(self.together) {
                let end = rows.min(first + self.together);
                let mut y = first;
                while y < end {
                    let target = (y - first) * columns;
                    y += match end - y {
                        ROWS.. => self.rows::<S, ROWS>(simd, kernel, bias, y, columns, target),
                        2.. => self.rows::<S, 2>(simd, kernel, bias, y, columns, target),
                        _ => self.rows::<S, 1>(simd, kernel, bias, y, columns, target),
                    };
                }
                let count = (end - first) * columns;
                *sum += apply(simd, activation, &self.result, &mut plane[first * columns..][..count]);
            }
        }
    }

    /// Copies a channel, of which `channel` is the begin. The zeros above and left of it stay from channel to channel.
    #[inline(always)]
    fn fill<S: Simd>(&mut self, simd: S, geometry: &Geometry, channel: &[f32]) {
        let [height, width] = geometry.input;
        let [above, left] = geometry.before;
        let lines = self.values.chunks_exact_mut(STRIDE * self.phase).skip(above);
        for (y, line) in lines.take(height).enumerate() {
            let row = &channel[y * width..];
            if STRIDE == 1 {
                for x in (0..width).step_by(LANES) {
                    load(simd, &row[x..], width - x).store_slice(&mut line[left + x..][..LANES]);
                }
                continue;
            }
            // The row's first column, and every second from there, lies in phase `left % 2`.
            let (even, odd) = line.split_at_mut(self.phase);
            let (first, second) = if left.is_multiple_of(2) { (even, odd) } else { (odd, even) };
            for x in (0..width).step_by(2 * LANES) {
                let low = load(simd, &row[x..], width - x);
                let high = load(simd, &row[(x + LANES).min(row.len())..], width.saturating_sub(x + LANES));
                let (evens, odds) = low.deinterleave(high);
                evens.store_slice(&mut first[left / 2 + x / 2..][..LANES]);
                odds.store_slice(&mut second[left.div_ceil(2) + x / 2..][..LANES]);
            }
        }
    }

    /// Computes `ROWS` rows of the result, from row `y`, and gives their number.
    #[inline(always)]
    fn rows<S: Simd, const ROWS: usize>(
        &mut self,
        simd: S,
        kernel: &[f32],
        bias: f32,
        y: usize,
        columns: usize,
        target: usize,
    ) -> usize {
        let first = y * STRIDE;
        debug_assert!(first + (ROWS - 1) * STRIDE + K <= self.rows, "rows of the result need rows of the input");
        let lines = &self.values[first * STRIDE * self.phase..];
        for x in (0..columns).step_by(LANES) {
            // The last block overlaps the one before it. Of rows that are shorter than a block, each spills into the next,
            // which is written after it.
            let x = x.min(columns.saturating_sub(LANES));
            let mut sums = [f32x16::splat(simd, bias); ROWS];
            macro_rules! lines {
                ($($row:literal)*) => {
                    $(line::<S, K, STRIDE, ROWS, $row>(simd, lines, self.phase, x, kernel, &mut sums);)*
                };
            }
            // As many as 4 rows of a 5 x 5 kernel with stride 2 need; a call for one too many is empty.
            lines!(0 1 2 3 4 5 6 7 8 9 10);
            for (row, sum) in sums.iter().enumerate() {
                sum.store_slice(&mut self.result[target + row * columns + x..][..LANES]);
            }
        }
        ROWS
    }
}

/// Adds to the sums what row `ROW` of the padded input contributes.
#[inline(always)]
fn line<S: Simd, const K: usize, const STRIDE: usize, const ROWS: usize, const ROW: usize>(
    simd: S,
    lines: &[f32],
    phase: usize,
    x: usize,
    kernel: &[f32],
    sums: &mut [f32x16<S>; ROWS],
) {
    if ROW >= (ROWS - 1) * STRIDE + K {
        return;
    }
    for side in 0..STRIDE {
        let window = &lines[(ROW * STRIDE + side) * phase + x..][..LANES + (K - 1 - side) / STRIDE];
        for offset in 0..(K - side).div_ceil(STRIDE) {
            let values = f32x16::from_slice(simd, &window[offset..][..LANES]);
            let column = offset * STRIDE + side;
            for (output, sum) in sums.iter_mut().enumerate() {
                if ROW >= output * STRIDE && ROW - output * STRIDE < K {
                    let weight = kernel[(ROW - output * STRIDE) * K + column];
                    *sum = values.mul_add(f32x16::splat(simd, weight), *sum);
                }
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
