//! Pillow's `BILINEAR` resize, bit for bit: the published models were trained behind it.
//!
//! A triangle filter that widens with the scale when shrinking (so nothing is skipped), two passes, 8 bits in between,
//! weights as integers of 22 fractional bits. Neither OpenCV's nor torch's bilinear. Source: Pillow 13.0.0,
//! `src/libImaging/Resample.c`, with the whole picture as the box.
//!
//! The order of the passes is Pillow 13's, as in the golden cases: horizontal first, unless the height loses more than
//! twice as many pixels as the width. Until 12.1 horizontal always came first, and in 12.2 unless a picture was a hundred
//! times as high as wide. The order moves single bytes by one level.

use moead_model::architecture::ImageSize;

use super::picture::{Picture, PictureError};

/// Fractional bits of a weight: 32 less 8 of a pixel, less 2 for sign and overshoot.
const PRECISION: u32 = 32 - 8 - 2;
/// Sums start at one half, so that dropping the fraction rounds.
const HALF: i32 = 1 << (PRECISION - 1);

/// Resizes a picture; the aspect ratio is not kept. A picture without pixels becomes black.
///
/// For many pictures of one size, a [`Resizer`] does the same without computing the weights each time.
pub fn resize(picture: &Picture, size: ImageSize) -> Picture {
    let mut resized = Picture::filled(size, [0; 3]);
    Resizer::new(picture.size(), size).run(picture.pixels(), resized.pixels_mut());
    resized
}

/// Resizes pictures of one size to another: weights computed once, memory taken once.
#[derive(Debug, Clone)]
pub struct Resizer {
    source: ImageSize,
    target: ImageSize,
    /// None when the width stays: then there is no such pass.
    horizontal: Option<Weights>,
    /// None when the height stays.
    vertical: Option<Weights>,
    /// Which pass comes first, if there are two.
    vertical_first: bool,
    /// What the first of two passes makes.
    between: Vec<u8>,
}

impl Resizer {
    /// Prepares for pictures of size `source` to become `target`.
    pub fn new(source: ImageSize, target: ImageSize) -> Self {
        let weights = |from: usize, to: usize| (from != to).then(|| Weights::new(from, to));
        // Each side's loss, taken to the other side of `>` so that none is below 0.
        let fewer_rows = source.height > target.height;
        let mostly = source.height.saturating_add(target.width.saturating_mul(2))
            > target.height.saturating_add(source.width.saturating_mul(2));
        Self {
            source,
            target,
            horizontal: weights(source.width, target.width),
            vertical: weights(source.height, target.height),
            vertical_first: fewer_rows && mostly,
            between: Vec::new(),
        }
    }

    /// Size of the pictures it takes.
    pub fn source(&self) -> ImageSize {
        self.source
    }

    /// Size of the pictures it makes.
    pub fn target(&self) -> ImageSize {
        self.target
    }

    /// Resizes height x width x 3 bytes of the source's size into those of the target's. Takes no memory after the first
    /// picture.
    ///
    /// # Errors
    /// [`PictureError`] when either slice does not fill its size.
    pub fn resize_into(&mut self, pixels: &[u8], resized: &mut [u8]) -> Result<(), PictureError> {
        for (size, found) in [(self.source, pixels.len()), (self.target, resized.len())] {
            let expected = size.height.saturating_mul(size.width).saturating_mul(3);
            if found != expected {
                return Err(PictureError { size, expected, found });
            }
        }
        self.run(pixels, resized);
        Ok(())
    }

    /// Both slices fill their sizes.
    fn run(&mut self, pixels: &[u8], resized: &mut [u8]) {
        let source_row = self.source.width * 3;
        let target_row = self.target.width * 3;
        if resized.is_empty() || pixels.is_empty() {
            resized.fill(0);
            return;
        }
        match (&self.horizontal, &self.vertical) {
            (None, None) => resized.copy_from_slice(pixels),
            (Some(horizontal), None) => horizontal.along_rows(pixels, source_row, resized, target_row),
            (None, Some(vertical)) => vertical.across_rows(pixels, 0, resized, target_row),
            (Some(horizontal), Some(vertical)) if self.vertical_first => {
                self.between.resize(self.target.height * source_row, 0);
                vertical.across_rows(pixels, 0, &mut self.between, source_row);
                horizontal.along_rows(&self.between, source_row, resized, target_row);
            }
            (Some(horizontal), Some(vertical)) => {
                // Only the rows that the vertical pass reads.
                let rows = vertical.read();
                self.between.resize(rows.len() * target_row, 0);
                let read = &pixels[rows.start * source_row..rows.end * source_row];
                horizontal.along_rows(read, source_row, &mut self.between, target_row);
                vertical.across_rows(&self.between, rows.start, resized, target_row);
            }
        }
    }
}

/// One axis: how much each pixel of the source counts in each pixel of the target.
#[derive(Debug, Clone)]
struct Weights {
    /// For each pixel of the target, the pixels of the source that count.
    spans: Vec<Span>,
    /// Of all spans, one after the other; each span's sum is about `1 << PRECISION`.
    values: Vec<i32>,
}

/// Neighbouring pixels of the source, and where their weights lie.
#[derive(Debug, Clone, Copy)]
struct Span {
    first: usize,
    length: usize,
    values: usize,
}

impl Weights {
    /// `precompute_coeffs` and `normalize_coeffs_8bpc` of Pillow, in the same order of floating-point operations.
    fn new(from: usize, to: usize) -> Self {
        let scale = from as f64 / to as f64;
        // Of the triangle half; enlarging never narrows it below one pixel.
        let support = scale.max(1.0);
        let inverse = 1.0 / support;
        let mut spans = Vec::with_capacity(to);
        let mut values = Vec::new();
        let mut triangle = Vec::new();
        for at in 0..to {
            let center = (at as f64 + 0.5) * scale;
            // `as` drops the fraction like C's cast, and takes what lies below 0 to 0.
            let first = (center - support + 0.5) as usize;
            let end = ((center + support + 0.5) as usize).min(from);
            triangle.clear();
            triangle.extend((first..end).map(|x| {
                let distance = ((x as f64 - center + 0.5) * inverse).abs();
                if distance < 1.0 { 1.0 - distance } else { 0.0 }
            }));
            let sum = triangle.iter().fold(0.0, |sum, weight| sum + weight);
            spans.push(Span { first, length: triangle.len(), values: values.len() });
            values.extend(triangle.iter().map(|&weight: &f64| {
                let share = if sum == 0.0 { weight } else { weight / sum };
                // The triangle is nowhere negative, so adding one half rounds.
                (0.5 + share * f64::from(1 << PRECISION)) as i32
            }));
        }
        Self { spans, values }
    }

    /// The pixels of the source between the first and the last that count.
    fn read(&self) -> std::ops::Range<usize> {
        let first = self.spans.first().map_or(0, |span| span.first);
        first..self.spans.last().map_or(first, |span| span.first + span.length)
    }

    fn of(&self, span: Span) -> &[i32] {
        &self.values[span.values..span.values + span.length]
    }

    /// The horizontal pass: every row by itself. Row lengths in bytes.
    fn along_rows(&self, source: &[u8], source_row: usize, target: &mut [u8], target_row: usize) {
        for (source, target) in source.chunks_exact(source_row).zip(target.chunks_exact_mut(target_row)) {
            let (source, _) = source.as_chunks::<3>();
            let (target, _) = target.as_chunks_mut::<3>();
            for (&span, target) in self.spans.iter().zip(target) {
                let [mut red, mut green, mut blue] = [HALF; 3];
                for (pixel, &weight) in source[span.first..span.first + span.length].iter().zip(self.of(span)) {
                    red += i32::from(pixel[0]) * weight;
                    green += i32::from(pixel[1]) * weight;
                    blue += i32::from(pixel[2]) * weight;
                }
                *target = [clip(red), clip(green), clip(blue)];
            }
        }
    }

    /// The vertical pass: rows of the target from rows of the source, of which `source` begins with row `skipped`.
    /// Both have rows of `row` bytes.
    fn across_rows(&self, source: &[u8], skipped: usize, target: &mut [u8], row: usize) {
        /// Bytes of a row that are summed together: their sums stay in registers.
        const BLOCK: usize = 32;
        for (&span, target) in self.spans.iter().zip(target.chunks_exact_mut(row)) {
            let rows = &source[(span.first - skipped) * row..(span.first - skipped + span.length) * row];
            for (block, target) in target.chunks_mut(BLOCK).enumerate() {
                let mut sums = [HALF; BLOCK];
                for (row, &weight) in rows.chunks_exact(row).zip(self.of(span)) {
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
    }
}

/// Drops the fraction. Rounded weights may sum to a little more than one.
fn clip(sum: i32) -> u8 {
    (sum >> PRECISION).clamp(0, 255) as u8
}
