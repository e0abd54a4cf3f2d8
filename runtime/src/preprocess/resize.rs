//! Pillow's `BILINEAR` resize, bit for bit: the published models were trained behind it.
//!
//! A triangle filter that widens with the scale when shrinking (so nothing is skipped), two passes, 8 bits in between,
//! weights as integers of 22 fractional bits. Neither OpenCV's nor torch's bilinear. Source: Pillow 13.0.0,
//! `src/libImaging/Resample.c`, with the whole picture as the box.
//!
//! The order of the passes is Pillow 13's, as in the golden cases: horizontal first, unless the height loses more than
//! twice as many pixels as the width. Until 12.1 horizontal always came first, and in 12.2 unless a picture was a hundred
//! times as high as wide. The order moves single bytes by one level.

mod horizontal;
pub(super) mod passes;
mod weights;

use fearless_simd::Simd;
use moead_model::architecture::ImageSize;

use super::picture::{Picture, PictureError};
use passes::{Passes, Pixel, Source};

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
pub struct Resizer(Passes);

impl Resizer {
    /// Prepares for pictures of size `source` to become `target`.
    pub fn new(source: ImageSize, target: ImageSize) -> Self {
        Self(Passes::new(source, target, [0, 0]))
    }

    /// Size of the pictures it takes.
    pub fn source(&self) -> ImageSize {
        self.0.source()
    }

    /// Size of the pictures it makes.
    pub fn target(&self) -> ImageSize {
        self.0.target()
    }

    /// Resizes height x width x 3 bytes of the source's size into those of the target's. Takes no memory.
    ///
    /// # Errors
    /// [`PictureError`] when either slice does not fill its size.
    pub fn resize_into(&mut self, pixels: &[u8], resized: &mut [u8]) -> Result<(), PictureError> {
        for (size, found) in [(self.source(), pixels.len()), (self.target(), resized.len())] {
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
        let source = Rows { width: self.source().width, pixels: pixels.as_chunks().0 };
        self.0.run(&source, resized);
    }
}

/// Rows of a picture.
struct Rows<'a> {
    width: usize,
    pixels: &'a [[u8; 3]],
}

impl Source for Rows<'_> {
    #[inline(always)]
    fn fill<S: Simd>(&self, _: S, y: usize, row: &mut [Pixel]) {
        for (&[red, green, blue], pixel) in self.pixels[y * self.width..][..self.width].iter().zip(row) {
            *pixel = [red, green, blue, 0];
        }
    }
}
