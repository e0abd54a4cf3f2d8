//! Pixels as cameras deliver them: formats, strides, colour spaces.
//!
//! Names and layouts are Video4Linux's (Linux, `Documentation/userspace-api/media/v4l/pixfmt.rst`), colour spaces those of
//! ITU-R BT.601 and BT.709.

use moead_model::architecture::ImageSize;

use super::limits;

/// How pixels lie in memory.
///
/// Where two or four pixels share a Cb and a Cr, an odd width or height is rounded up for those: the last ones serve fewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PixelFormat {
    /// 4:2:2, packed: Y0 Cb Y1 Cr.
    Yuyv,
    /// 4:2:2, packed: Cb Y0 Cr Y1.
    Uyvy,
    /// 4:2:0: a plane of Y, then one of Cb Cr pairs at half size, of the same stride.
    Nv12,
    /// 4:2:0 (`I420`): planes of Y, Cb, Cr; the strides of the latter two are half of the first, rounded up.
    Yu12,
    /// 4:2:2 in planes of Y, Cb, Cr: `422P`, and Y4M's `C422`. Strides as in [`PixelFormat::Yu12`].
    Yuv422p,
    /// 4:4:4 in planes of Y, Cb, Cr: `444P`, and Y4M's `C444`.
    Yuv444p,
    /// Red, green, blue.
    Rgb3,
    /// Blue, green, red.
    Bgr3,
    /// 8 bits of luminance.
    Grey,
    /// 16 bits of luminance, little-endian; the upper 8 count.
    Y16,
}

/// How luminance and two differences become red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Matrix {
    /// ITU-R BT.601: what webcams and JPEG use.
    Bt601,
    /// ITU-R BT.709: high definition.
    Bt709,
}

/// Which bytes black and white are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Range {
    /// Y from 16 to 235, differences from 16 to 240. Grey formats too: 16 is black.
    Limited,
    /// 0 to 255.
    Full,
}

/// What the numbers of a YCbCr or grey format mean. Red, green and blue have no use for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ColourSpace {
    /// Of YCbCr.
    pub matrix: Matrix,
    /// Of every sample.
    pub range: Range,
}

/// Everything that is needed to read a frame's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RawFormat {
    /// How pixels lie.
    pub pixels: PixelFormat,
    /// Of the whole frame.
    pub size: ImageSize,
    /// Bytes from one row of the first plane to the next; at least what a row takes.
    pub stride: usize,
    /// What the numbers mean.
    pub colour: ColourSpace,
}

/// Why a format describes no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RawFormatError {
    /// A side of 0.
    #[error("a frame of {0} has no pixels")]
    Empty(ImageSize),
    /// Beyond [`limits::SIDE`] or [`limits::PIXELS`].
    #[error("a frame of {0} is too large: at most {side} pixels a side and {all} in all", side = limits::SIDE, all = limits::PIXELS)]
    Size(ImageSize),
    /// Rows would overlap.
    #[error("a row takes {row} bytes, but the next one begins after {stride}")]
    Stride {
        /// What a row takes.
        row: usize,
        /// As given.
        stride: usize,
    },
    /// More bytes than can be counted.
    #[error("rows of {stride} bytes, {height} of them, are more than can be counted")]
    Bytes {
        /// As given.
        stride: usize,
        /// Rows.
        height: usize,
    },
}

/// One plane of a frame: where it begins, from one row to the next, what a row takes, and how many rows there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plane {
    pub(super) offset: usize,
    pub(super) stride: usize,
    pub(super) row: usize,
    pub(super) rows: usize,
}

impl Plane {
    /// The bytes of a row. `bytes` are as many as [`RawFormat::bytes`] says.
    #[inline(always)]
    pub(super) fn row<'a>(&self, bytes: &'a [u8], row: usize) -> &'a [u8] {
        &bytes[self.offset + row * self.stride..][..self.row]
    }

    /// The first byte behind the plane; its last row is not padded.
    fn end(&self) -> Option<usize> {
        self.stride.checked_mul(self.rows.checked_sub(1)?)?.checked_add(self.row)?.checked_add(self.offset)
    }
}

impl RawFormat {
    /// What a row of the first plane takes without padding, in bytes; [`usize::MAX`] when that cannot be counted.
    pub fn row_bytes(&self) -> usize {
        let width = self.size.width;
        let pairs = width.div_ceil(2);
        match self.pixels {
            PixelFormat::Yuyv | PixelFormat::Uyvy => pairs.saturating_mul(4),
            // The second plane has the same stride and holds whole pairs.
            PixelFormat::Nv12 => pairs.saturating_mul(2),
            PixelFormat::Yu12 | PixelFormat::Yuv422p | PixelFormat::Yuv444p | PixelFormat::Grey => width,
            PixelFormat::Rgb3 | PixelFormat::Bgr3 => width.saturating_mul(3),
            PixelFormat::Y16 => width.saturating_mul(2),
        }
    }

    /// The bytes a frame needs; its last row need not be padded. None when [`RawFormat::check`] fails.
    pub fn bytes(&self) -> Option<usize> {
        self.check().ok()?;
        self.end()
    }

    /// Whether there can be such a frame.
    ///
    /// # Errors
    /// [`RawFormatError`].
    pub fn check(&self) -> Result<(), RawFormatError> {
        let ImageSize { height, width } = self.size;
        if height == 0 || width == 0 {
            return Err(RawFormatError::Empty(self.size));
        }
        if !limits::picture(self.size) {
            return Err(RawFormatError::Size(self.size));
        }
        let row = self.row_bytes();
        if self.stride < row {
            return Err(RawFormatError::Stride { row, stride: self.stride });
        }
        match self.end() {
            Some(_) => Ok(()),
            None => Err(RawFormatError::Bytes { stride: self.stride, height }),
        }
    }

    /// The first byte behind the frame. None when it cannot be counted.
    fn end(&self) -> Option<usize> {
        self.planes()?.iter().try_fold(0, |end, plane| Some(plane.end()?.max(end)))
    }

    /// Where the planes lie; packed formats repeat their only one, NV12 its second. None when that cannot be counted.
    pub(super) fn planes(&self) -> Option<[Plane; 3]> {
        let ImageSize { height, width } = self.size;
        let stride = self.stride;
        let first = Plane { offset: 0, stride, row: self.row_bytes(), rows: height };
        let next = |plane: Plane, stride: usize, row: usize, rows: usize| {
            let offset = plane.stride.checked_mul(plane.rows)?.checked_add(plane.offset)?;
            Some(Plane { offset, stride, row, rows })
        };
        let (half_stride, half_row, half_rows) = (stride.div_ceil(2), width.div_ceil(2), height.div_ceil(2));
        let (second, third) = match self.pixels {
            PixelFormat::Nv12 => {
                let second = next(first, stride, first.row, half_rows)?;
                (second, second)
            }
            PixelFormat::Yu12 => {
                let second = next(first, half_stride, half_row, half_rows)?;
                (second, next(second, half_stride, half_row, half_rows)?)
            }
            PixelFormat::Yuv422p => {
                let second = next(first, half_stride, half_row, height)?;
                (second, next(second, half_stride, half_row, height)?)
            }
            PixelFormat::Yuv444p => {
                let second = next(first, stride, width, height)?;
                (second, next(second, stride, width, height)?)
            }
            PixelFormat::Yuyv
            | PixelFormat::Uyvy
            | PixelFormat::Rgb3
            | PixelFormat::Bgr3
            | PixelFormat::Grey
            | PixelFormat::Y16 => (first, first),
        };
        Some([first, second, third])
    }
}
