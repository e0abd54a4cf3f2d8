//! Both passes over rows as they come: nobody holds the whole picture, before or between.

use std::ops::Range;

use fearless_simd::{Level, Simd, dispatch};
use moead_model::architecture::ImageSize;

use super::horizontal::{BEHIND, Horizontal};
use super::weights::{HALF, PRECISION, Weights};

/// Red, green, blue, and a byte that does not count: four are faster than three.
pub(in crate::preprocess) type Pixel = [u8; 4];

/// Pixels that the vertical pass takes together, so that their sums stay in registers.
const BLOCK: usize = 8;
type Block = [Pixel; BLOCK];

/// What rows come from.
pub(in crate::preprocess) trait Source {
    /// Writes row `y`: as many pixels as a row has, the surplus included; `row` may be longer.
    fn fill<S: Simd>(&self, simd: S, y: usize, row: &mut [Pixel]);
}

/// Rows of one size in, a picture of another out. All memory is taken when it is made.
#[derive(Debug, Clone)]
pub(in crate::preprocess) struct Passes {
    source: ImageSize,
    target: ImageSize,
    /// None when the width stays: then there is no such pass.
    horizontal: Option<Horizontal>,
    /// None when the height stays.
    vertical: Option<Weights>,
    /// Whether rows lie in the ring at the source's width.
    vertical_first: bool,
    /// One row of the source as it comes.
    row: Vec<Pixel>,
    /// Those of it that count.
    counts: Range<usize>,
    /// The rows that one row of the target needs; row `y` lies at `y` modulo their number.
    ring: Vec<Block>,
    /// From one row in the ring to the next.
    stride: usize,
    /// A row after the vertical pass.
    mixed: Vec<Block>,
    /// A row after both, if the horizontal pass is the last.
    finished: Vec<Pixel>,
    /// What this machine's vector unit can do.
    level: Level,
}

impl Passes {
    /// Prepares for sources of that size, whose rows come with a surplus of pixels before and behind.
    pub(in crate::preprocess) fn new(source: ImageSize, target: ImageSize, [before, behind]: [usize; 2]) -> Self {
        let empty = [source.height, source.width, target.height, target.width].contains(&0);
        let weights = |from: usize, to: usize| (from != to && !empty).then(|| Weights::new(from, to));
        let horizontal = weights(source.width, target.width).as_ref().map(Horizontal::new);
        let vertical = weights(source.height, target.height);
        // Each side's loss, taken to the other side of `>` so that none is below 0.
        let fewer_rows = source.height > target.height;
        let mostly = source.height.saturating_add(target.width.saturating_mul(2))
            > target.height.saturating_add(source.width.saturating_mul(2));
        let vertical_first = fewer_rows && mostly;
        let pixels = |count: usize| if empty { Vec::new() } else { vec![[0; 4]; count] };
        let blocks = |count: usize| if empty { Vec::new() } else { vec![Block::default(); count] };
        let between = if vertical_first { source.width } else { target.width };
        let stride = between.div_ceil(BLOCK);
        Self {
            row: pixels(before + source.width + behind.max(BEHIND)),
            counts: before..before + source.width,
            ring: blocks(stride * vertical.as_ref().map_or(1, Weights::longest)),
            stride,
            // One more block has room for what the horizontal pass needs behind.
            mixed: blocks(if vertical.is_some() { stride + 1 } else { 0 }),
            finished: pixels(if vertical_first { target.width } else { 0 }),
            source,
            target,
            horizontal,
            vertical,
            vertical_first,
            level: Level::new(),
        }
    }

    /// Size of what comes in.
    pub(in crate::preprocess) fn source(&self) -> ImageSize {
        self.source
    }

    /// Size of what goes out.
    pub(in crate::preprocess) fn target(&self) -> ImageSize {
        self.target
    }

    /// Asks for the rows that count, from the top, each once, and writes height x width x 3 bytes of the target's size.
    /// Takes no memory.
    pub(in crate::preprocess) fn run(&mut self, source: &impl Source, target: &mut [u8]) {
        if self.row.is_empty() {
            target.fill(0);
            return;
        }
        dispatch!(self.level, simd => simd.vectorize(
            #[inline(always)]
            || self.rows(simd, source, target)
        ));
    }

    #[inline(always)]
    fn rows<S: Simd>(&mut self, simd: S, source: &impl Source, target: &mut [u8]) {
        let between = if self.vertical_first { self.source.width } else { self.target.width };
        let capacity = self.ring.len() / self.stride;
        let mut next = self.vertical.as_ref().map_or(0, |vertical| vertical.span(0).start);
        let (pixels, _) = target.as_chunks_mut::<3>();
        for (at, target) in pixels.chunks_exact_mut(self.target.width).enumerate() {
            let span = self.vertical.as_ref().map_or(at..at + 1, |vertical| vertical.span(at));
            while next < span.end {
                source.fill(simd, next, &mut self.row);
                let place = &mut self.ring[next % capacity * self.stride..].as_flattened_mut()[..between];
                match &self.horizontal {
                    Some(horizontal) if !self.vertical_first => {
                        horizontal.run(simd, &self.row[self.counts.start..], place);
                    }
                    _ => place.copy_from_slice(&self.row[self.counts.clone()]),
                }
                next += 1;
            }
            let (wrapped, first) = self.ring.split_at(span.start % capacity * self.stride);
            let mixed = match &self.vertical {
                Some(vertical) => {
                    across(vertical.of(at), first, wrapped, &mut self.mixed[..self.stride]);
                    self.mixed.as_flattened()
                }
                None => first.as_flattened(),
            };
            let finished = match &self.horizontal {
                Some(horizontal) if self.vertical_first => {
                    horizontal.run(simd, mixed, &mut self.finished);
                    &self.finished[..]
                }
                _ => mixed,
            };
            for (&[red, green, blue, _], pixel) in finished.iter().zip(target) {
                *pixel = [red, green, blue];
            }
        }
    }
}

/// The vertical pass: one row from as many as there are weights, which lie one after the other in `first`, then `wrapped`.
#[inline(always)]
fn across(weights: &[i32], first: &[Block], wrapped: &[Block], target: &mut [Block]) {
    let stride = target.len();
    for (at, target) in target.iter_mut().enumerate() {
        let mut sums = [[HALF; 4]; BLOCK];
        let rows = first.chunks_exact(stride).chain(wrapped.chunks_exact(stride));
        for (row, &weight) in rows.zip(weights) {
            for (sum, &byte) in sums.as_flattened_mut().iter_mut().zip(row[at].as_flattened()) {
                *sum += i32::from(byte) * weight;
            }
        }
        for (byte, &sum) in target.as_flattened_mut().iter_mut().zip(sums.as_flattened()) {
            // Rounded weights may sum to a little more than one.
            *byte = (sum >> PRECISION).min(255) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pixels that depend on their place alone.
    struct Drawn;

    impl Source for Drawn {
        fn fill<S: Simd>(&self, _: S, y: usize, row: &mut [Pixel]) {
            for (x, pixel) in row.iter_mut().enumerate() {
                *pixel = ((y * 65_537 + x) as u32).wrapping_mul(0x9e37_79b1).to_be_bytes();
            }
        }
    }

    /// What this machine can do, and what lesser ones could.
    fn levels() -> Vec<Level> {
        let best = Level::new();
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        let lesser = {
            let avx2 = best.as_avx2().map(Level::Avx2);
            [best.as_sse2().map(Level::Sse2), best.as_sse4_2().map(Level::Sse4_2), avx2]
        };
        #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
        let lesser = [None];
        lesser.into_iter().flatten().chain([best]).collect()
    }

    #[test]
    fn every_vector_unit_makes_the_same_picture() {
        let size = |[height, width]: [usize; 2]| ImageSize { height, width };
        for (source, target) in [
            ([72, 128], [22, 22]),
            ([10, 7], [33, 50]),
            ([90, 11], [9, 10]),
            ([3, 2000], [3, 1]),
            ([2000, 3], [1, 3]),
            ([1, 1], [5, 6]),
            ([20, 30], [20, 30]),
        ] {
            let mut passes = Passes::new(size(source), size(target), [1, 0]);
            let mut expected = vec![0; target[0] * target[1] * 3];
            passes.run(&Drawn, &mut expected);
            for level in levels() {
                passes.level = level;
                let mut found = vec![0; expected.len()];
                passes.run(&Drawn, &mut found);
                assert_eq!(found, expected, "{source:?} to {target:?}, {level:?}");
            }
        }
    }
}
