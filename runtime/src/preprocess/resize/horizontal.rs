//! The horizontal pass over one row, four pixels of the source at a time.
//!
//! Vector units multiply 16 bits and add neighbours in one step, but a weight has 22 bits. So each weight is two numbers of
//! 11 bits, and there are two sums, which are put together at the end: not one bit is lost.

use fearless_simd::prelude::*;
use fearless_simd::{i16x16, i32x4, i32x8, u8x16, u8x32};

use super::passes::Pixel;
use super::weights::{HALF, PRECISION, Weights};

/// Pixels of the source that are taken together.
const GROUP: usize = 4;
/// A row of the source needs so many pixels behind its last one. Their weights are 0.
pub(super) const BEHIND: usize = GROUP - 1;
/// Bits of a weight's lower half.
const LOWER: u32 = PRECISION / 2;

/// The weights, laid out for the pass.
#[derive(Debug, Clone)]
pub(super) struct Horizontal {
    /// For each pixel of the target: the first pixel of the source, and the groups.
    spans: Vec<(usize, std::ops::Range<usize>)>,
    groups: Vec<Group>,
}

/// Four weights, each repeated where [`ORDER`] puts its pixel's bytes.
#[derive(Debug, Clone, Copy)]
struct Group {
    upper: [i16; 16],
    lower: [i16; 16],
}

/// From four pixels side by side to pairs: the reds of the first two, their greens, their blues; then of the last two. Odd
/// places are cleared by [`LOW_BYTES`], so that bytes become numbers of 16 bits.
const ORDER: [u8; 32] =
    [0, 0, 4, 0, 1, 0, 5, 0, 2, 0, 6, 0, 3, 0, 7, 0, 8, 0, 12, 0, 9, 0, 13, 0, 10, 0, 14, 0, 11, 0, 15, 0];
const LOW_BYTES: i16 = 0x00ff;

impl Horizontal {
    pub(super) fn new(weights: &Weights) -> Self {
        let mut groups = Vec::new();
        let mut spans = Vec::new();
        for (span, weights) in weights.iter() {
            let first = groups.len();
            groups.extend(weights.chunks(GROUP).map(|weights| {
                let weight = |place: usize| weights.get(place / 8 * 2 + place % 2).copied().unwrap_or(0);
                Group {
                    upper: std::array::from_fn(|place| (weight(place) >> LOWER) as i16),
                    lower: std::array::from_fn(|place| (weight(place) & ((1 << LOWER) - 1)) as i16),
                }
            }));
            spans.push((span.start, first..groups.len()));
        }
        Self { spans, groups }
    }

    /// Makes a row of the target from one of the source, behind which are [`BEHIND`] further pixels.
    #[inline(always)]
    pub(super) fn run<S: Simd>(&self, simd: S, row: &[Pixel], target: &mut [Pixel]) {
        let order = u8x32::simd_from(simd, ORDER);
        let low_bytes = i16x16::splat(simd, LOW_BYTES);
        for ((first, groups), pixel) in self.spans.iter().zip(target) {
            // Neither sum overflows: all weights together are 2^22, and a byte is below 2^8.
            let mut upper = i32x8::splat(simd, 0);
            let mut lower = i32x8::splat(simd, 0);
            let groups = &self.groups[groups.clone()];
            let pixels = row[*first..][..GROUP * groups.len()].as_flattened().as_chunks::<16>().0;
            for (pixels, group) in pixels.iter().zip(groups) {
                let pixels = u8x16::simd_from(simd, *pixels);
                let pixels: u8x32<S> = pixels.combine(pixels);
                let pairs: i16x16<S> = pixels.swizzle_dyn_within_blocks(order).bitcast();
                let pairs = pairs & low_bytes;
                upper += pairs.pairwise_dot_product(i16x16::simd_from(simd, group.upper));
                lower += pairs.pairwise_dot_product(i16x16::simd_from(simd, group.lower));
            }
            let (first, second) = ((upper << LOWER) + lower).split();
            let sums: i32x4<S> = (first + second + HALF) >> PRECISION;
            // Rounded weights may sum to a little more than one.
            *pixel = <[i32; 4]>::from(sums.min(255)).map(|sum| sum as u8);
        }
    }
}
