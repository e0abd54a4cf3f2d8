//! One row of a frame, as far as the region goes, to pixels.

use fearless_simd::Simd;

use super::super::colour::Formula;
use super::super::raw::{PixelFormat, Plane, RawFormat};
use super::super::resize::passes::{Pixel, Source};
use crate::score::regions::Rect;

/// Where a region's rows lie in the frame's bytes, and what they mean.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    pixels: PixelFormat,
    formula: Formula,
    planes: [Plane; 3],
    /// The first row.
    top: usize,
    /// The first column; for formats that share chroma between columns, the even one.
    left: usize,
    /// Columns from there, whole pairs for formats that share; in the last pair of a frame of odd width, one is missing.
    columns: usize,
    /// How many of the columns come before and behind the region.
    surplus: [usize; 2],
}

impl Rows {
    /// The region lies inside the frame.
    pub(super) fn new(format: &RawFormat, planes: [Plane; 3], region: Rect) -> Self {
        let shared = match format.pixels {
            PixelFormat::Yuyv | PixelFormat::Uyvy | PixelFormat::Nv12 | PixelFormat::Yu12 | PixelFormat::Yuv422p => 2,
            PixelFormat::Yuv444p | PixelFormat::Rgb3 | PixelFormat::Bgr3 | PixelFormat::Grey | PixelFormat::Y16 => 1,
        };
        let before = region.x % shared;
        let columns = (before + region.width).next_multiple_of(shared);
        Self {
            pixels: format.pixels,
            formula: Formula::new(format.colour),
            planes,
            top: region.y,
            left: region.x - before,
            columns,
            surplus: [before, columns - before - region.width],
        }
    }

    /// How many pixels a row has before and behind those of the region.
    pub(super) fn surplus(&self) -> [usize; 2] {
        self.surplus
    }

    /// Together with the bytes of a whole frame.
    pub(super) fn of<'a>(&'a self, bytes: &'a [u8]) -> Frame<'a> {
        Frame { rows: self, bytes }
    }
}

/// A frame of which a region's rows are taken.
pub(super) struct Frame<'a> {
    rows: &'a Rows,
    bytes: &'a [u8],
}

impl Source for Frame<'_> {
    #[inline(always)]
    fn fill<S: Simd>(&self, _: S, y: usize, row: &mut [Pixel]) {
        // Copies, which writing pixels cannot change: only so does the compiler use vectors.
        let Rows { planes, left, columns, formula, .. } = *self.rows;
        let y = self.rows.top + y;
        let plane = |plane: usize, y: usize, bytes_a_column: usize| {
            let row = planes[plane].row(self.bytes, y);
            let first = left * bytes_a_column;
            &row[first..row.len().min(first + columns * bytes_a_column)]
        };
        // Of planes with one sample for two columns.
        let half = |plane: usize, y: usize| &planes[plane].row(self.bytes, y)[left / 2..][..columns / 2];
        match self.rows.pixels {
            PixelFormat::Yuyv => {
                packed(formula, plane(0, y, 2), row, |word| {
                    [word & 255, word >> 16 & 255, word >> 8 & 255, word >> 24]
                });
            }
            PixelFormat::Uyvy => {
                packed(formula, plane(0, y, 2), row, |word| {
                    [word >> 8 & 255, word >> 24, word & 255, word >> 16 & 255]
                });
            }
            PixelFormat::Nv12 => {
                let (chroma, _) = plane(1, y / 2, 1).as_chunks::<2>();
                pairs(formula, plane(0, y, 1), chroma.iter().copied(), row);
            }
            PixelFormat::Yu12 => {
                let chroma = half(1, y / 2).iter().zip(half(2, y / 2)).map(|(&cb, &cr)| [cb, cr]);
                pairs(formula, plane(0, y, 1), chroma, row);
            }
            PixelFormat::Yuv422p => {
                let chroma = half(1, y).iter().zip(half(2, y)).map(|(&cb, &cr)| [cb, cr]);
                pairs(formula, plane(0, y, 1), chroma, row);
            }
            PixelFormat::Yuv444p => {
                let chroma = plane(1, y, 1).iter().zip(plane(2, y, 1));
                for ((&y, (&cb, &cr)), pixel) in plane(0, y, 1).iter().zip(chroma).zip(row) {
                    *pixel = formula.pixel(y.into(), formula.chroma(cb.into(), cr.into())).to_le_bytes();
                }
            }
            PixelFormat::Rgb3 => {
                for (&[red, green, blue], pixel) in plane(0, y, 3).as_chunks::<3>().0.iter().zip(row) {
                    *pixel = [red, green, blue, 0];
                }
            }
            PixelFormat::Bgr3 => {
                for (&[blue, green, red], pixel) in plane(0, y, 3).as_chunks::<3>().0.iter().zip(row) {
                    *pixel = [red, green, blue, 0];
                }
            }
            PixelFormat::Grey => {
                for (&y, pixel) in plane(0, y, 1).iter().zip(row) {
                    *pixel = formula.grey(y.into()).to_le_bytes();
                }
            }
            PixelFormat::Y16 => {
                for (&[_, y], pixel) in plane(0, y, 2).as_chunks::<2>().0.iter().zip(row) {
                    *pixel = formula.grey(y.into()).to_le_bytes();
                }
            }
        }
    }
}

/// Rows whose four bytes are two pixels; `split` gives Y, Y, Cb, Cr.
#[inline(always)]
fn packed(formula: Formula, bytes: &[u8], row: &mut [Pixel], split: impl Fn(u32) -> [u32; 4]) {
    for (&word, pixels) in bytes.as_chunks::<4>().0.iter().zip(row.as_chunks_mut::<2>().0) {
        let [first, second, cb, cr] = split(u32::from_le_bytes(word));
        let chroma = formula.chroma(cb, cr);
        *pixels = [formula.pixel(first, chroma).to_le_bytes(), formula.pixel(second, chroma).to_le_bytes()];
    }
}

/// Rows with Y for each pixel and Cb, Cr for each two. At an odd width's end, one Y.
#[inline(always)]
fn pairs(formula: Formula, luminance: &[u8], mut chroma: impl Iterator<Item = [u8; 2]> + Clone, row: &mut [Pixel]) {
    let (whole, last) = luminance.as_chunks::<2>();
    let pixels = row.as_chunks_mut::<2>().0;
    for ((luminance, [cb, cr]), pixels) in whole.iter().zip(chroma.clone()).zip(pixels.iter_mut()) {
        let chroma = formula.chroma(cb.into(), cr.into());
        *pixels = luminance.map(|y| formula.pixel(y.into(), chroma).to_le_bytes());
    }
    if let (&[y], Some(pixels)) = (last, pixels.get_mut(whole.len()))
        && let Some([cb, cr]) = chroma.nth(whole.len())
    {
        pixels[0] = formula.pixel(y.into(), formula.chroma(cb.into(), cr.into())).to_le_bytes();
    }
}
