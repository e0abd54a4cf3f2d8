//! Pixels as cameras deliver them: formats, strides, colour spaces.
//!
//! Names and layouts are Video4Linux's (Linux, `Documentation/userspace-api/media/v4l/pixfmt.rst`), colour spaces those of
//! ITU-R BT.601 and BT.709.

use moead_model::architecture::ImageSize;

/// How pixels lie in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PixelFormat {
    /// 4:2:2, packed: Y0 Cb Y1 Cr.
    Yuyv,
    /// 4:2:2, packed: Cb Y0 Cr Y1.
    Uyvy,
    /// 4:2:0: a plane of Y, then one of Cb Cr pairs at half size, of the same stride.
    Nv12,
    /// 4:2:0 (`I420`): planes of Y, Cb, Cr; the strides of the latter two are half of the first.
    Yu12,
    /// 4:2:2 in planes of Y, Cb, Cr: `422P`, and Y4M's `C422`.
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
