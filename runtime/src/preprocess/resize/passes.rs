//! Both passes over rows as they come: nobody holds the whole picture, before or between.

use std::ops::Range;

use moead_model::architecture::ImageSize;

use super::weights::{HALF, Weights, clip};

/// Red, green, blue, and a byte that does not count: four are faster than three.
pub(in crate::preprocess) type Pixel = [u8; 4];

/// Bytes of a row that are summed together: their sums stay in registers.
const BLOCK: usize = 32;

/// Rows of one size in, a picture of another out. All memory is taken when it is made.
#[derive(Debug, Clone)]
pub(in crate::preprocess) struct Passes {
    source: ImageSize,
    target: ImageSize,
    /// None when the width stays: then there is no such pass.
    horizontal: Option<Weights>,
    /// None when the height stays.
    vertical: Option<Weights>,
    /// Which pass comes first, if there are two.
    vertical_first: bool,
    /// One row of the source, as produced.
    row: Vec<Pixel>,
    /// Those of it that count.
    counts: Range<usize>,
    /// The rows that one row of the target needs; row `y` lies at `y` modulo their number.
    ring: Vec<Pixel>,
    /// What the vertical pass makes.
    finished: Vec<Pixel>,
}

impl Passes {
    /// Prepares for sources of that size, whose rows come with `before` and `behind` further pixels at their ends.
    pub(in crate::preprocess) fn new(source: ImageSize, target: ImageSize, [before, behind]: [usize; 2]) -> Self {
        let empty = [source.height, source.width, target.height, target.width].contains(&0);
        let weights = |from: usize, to: usize| (from != to && !empty).then(|| Weights::new(from, to));
        let horizontal = weights(source.width, target.width);
        let vertical = weights(source.height, target.height);
        // Each side's loss, taken to the other side of `>` so that none is below 0.
        let fewer_rows = source.height > target.height;
        let mostly = source.height.saturating_add(target.width.saturating_mul(2))
            > target.height.saturating_add(source.width.saturating_mul(2));
        let vertical_first = fewer_rows && mostly || horizontal.is_none();
        let between = if vertical_first { source.width } else { target.width };
        let rows = vertical.as_ref().map_or(0, Weights::longest);
        let pixels = |count: usize| if empty { Vec::new() } else { vec![[0; 4]; count] };
        Self {
            row: pixels(before + source.width + behind),
            counts: before..before + source.width,
            ring: pixels(between * rows),
            finished: pixels(if rows > 0 { between } else { 0 }),
            source,
            target,
            horizontal,
            vertical,
            vertical_first,
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
    #[inline(always)]
    pub(in crate::preprocess) fn run(&mut self, mut produce: impl FnMut(usize, &mut [Pixel]), target: &mut [u8]) {
        if self.row.is_empty() || target.is_empty() {
            target.fill(0);
            return;
        }
        let (targets, _) = target.as_chunks_mut::<3>();
        let targets = targets.chunks_exact_mut(self.target.width);
        let Some(vertical) = &self.vertical else {
            for (y, target) in targets.enumerate() {
                produce(y, &mut self.row);
                let row = &self.row[self.counts.clone()];
                match &self.horizontal {
                    Some(horizontal) => along(horizontal, row, target),
                    None => pack(row, target),
                }
            }
            return;
        };
        let between = self.finished.len();
        let capacity = self.ring.len() / between;
        let mut next = vertical.span(0).start;
        for (at, target) in targets.enumerate() {
            let span = vertical.span(at);
            while next < span.end {
                produce(next, &mut self.row);
                let row = &self.row[self.counts.clone()];
                let place = &mut self.ring[next % capacity * between..][..between];
                match &self.horizontal {
                    Some(horizontal) if !self.vertical_first => along(horizontal, row, place),
                    _ => place.copy_from_slice(row),
                }
                next += 1;
            }
            let (wrapped, first) = self.ring.split_at(span.start % capacity * between);
            across(vertical.of(at), first.as_flattened(), wrapped.as_flattened(), self.finished.as_flattened_mut());
            match &self.horizontal {
                Some(horizontal) if self.vertical_first => along(horizontal, &self.finished, target),
                _ => pack(&self.finished, target),
            }
        }
    }
}

/// A pixel of the target, of three or four bytes.
trait Place {
    fn put(&mut self, pixel: Pixel);
}

impl Place for Pixel {
    #[inline(always)]
    fn put(&mut self, pixel: Pixel) {
        *self = pixel;
    }
}

impl Place for [u8; 3] {
    #[inline(always)]
    fn put(&mut self, [red, green, blue, _]: Pixel) {
        *self = [red, green, blue];
    }
}

#[inline(always)]
fn pack(row: &[Pixel], target: &mut [[u8; 3]]) {
    for (&pixel, place) in row.iter().zip(target) {
        place.put(pixel);
    }
}

/// The horizontal pass over one row.
#[inline(always)]
fn along(weights: &Weights, row: &[Pixel], target: &mut [impl Place]) {
    for (at, place) in target.iter_mut().enumerate() {
        let mut sums = [HALF; 4];
        for (pixel, &weight) in row[weights.span(at)].iter().zip(weights.of(at)) {
            for (sum, &byte) in sums.iter_mut().zip(pixel) {
                *sum += i32::from(byte) * weight;
            }
        }
        place.put(sums.map(clip));
    }
}

/// The vertical pass: one row from as many as there are weights, which lie one after the other in `first`, then `wrapped`.
#[inline(always)]
fn across(weights: &[i32], first: &[u8], wrapped: &[u8], target: &mut [u8]) {
    let row = target.len();
    for (block, target) in target.chunks_mut(BLOCK).enumerate() {
        let mut sums = [HALF; BLOCK];
        let rows = first.chunks_exact(row).chain(wrapped.chunks_exact(row));
        for (row, &weight) in rows.zip(weights) {
            let bytes = &row[block * BLOCK..block * BLOCK + target.len()];
            for (sum, &byte) in sums.iter_mut().zip(bytes) {
                *sum += i32::from(byte) * weight;
            }
        }
        for (byte, sum) in target.iter_mut().zip(sums) {
            *byte = clip(sum);
        }
    }
}
