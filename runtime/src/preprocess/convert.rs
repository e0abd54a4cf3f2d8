//! A camera's frame to the network's pixels in one go: of the region of interest, row by row.
//!
//! The result is that of converting the whole frame to red, green, blue and resizing the region as [`super::resize`] does,
//! in every bit; but at no time is there a converted frame.
//!
//! Where two or four pixels share a Cb and a Cr, each gets it as it is, as in OpenCV and in most drivers' converters: nothing
//! is interpolated, so it does not matter where between the pixels a format places its chroma.

mod rows;

use moead_model::architecture::ImageSize;

use super::limits;
use super::raw::{RawFormat, RawFormatError};
use super::resize::passes::Passes;
use crate::score::regions::Rect;
use rows::Rows;

/// Why a frame is not converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// The format describes no frame.
    #[error(transparent)]
    Format(#[from] RawFormatError),
    /// Not inside the frame, or without pixels.
    #[error(
        "a region of {}x{} pixels at column {}, row {} is not inside a frame of {frame}",
        region.height, region.width, region.x, region.y
    )]
    Region {
        /// As given.
        region: Rect,
        /// Size of the frame.
        frame: ImageSize,
    },
    /// Without pixels, or beyond [`limits::SIDE`] or [`limits::PIXELS`].
    #[error("pictures of {0} cannot be made: at most {side} pixels a side and {all} in all", side = limits::SIDE, all = limits::PIXELS)]
    Target(ImageSize),
    /// A frame that is not there to its end.
    #[error("the frame is cut short: expected {expected} bytes, found {found}")]
    CutShort {
        /// [`RawFormat::bytes`].
        expected: usize,
        /// As given.
        found: usize,
    },
    /// Room for another number of pixels.
    #[error("a picture of {size}: expected room for {expected} bytes, found {found}")]
    Room {
        /// The target.
        size: ImageSize,
        /// 3 x height x width.
        expected: usize,
        /// As given.
        found: usize,
    },
}

/// Makes pictures of one size from a region of frames of one format.
///
/// All memory is taken when it is made: one row of the region, and the rows that one row of the picture is made of.
#[derive(Debug, Clone)]
pub struct Converter {
    bytes: usize,
    rows: Rows,
    passes: Passes,
}

impl Converter {
    /// Prepares for frames of that format. `region` is in the frame's pixels; `target` is the picture's size, its aspect
    /// ratio free. With the region's size as the target, nothing is resized.
    ///
    /// # Errors
    /// [`ConvertError::Format`], [`ConvertError::Region`], [`ConvertError::Target`].
    pub fn new(format: RawFormat, region: Rect, target: ImageSize) -> Result<Self, ConvertError> {
        format.check()?;
        let inside = |first: usize, length: usize, whole: usize| {
            length > 0 && first.checked_add(length).is_some_and(|end| end <= whole)
        };
        let frame = format.size;
        if !inside(region.x, region.width, frame.width) || !inside(region.y, region.height, frame.height) {
            return Err(ConvertError::Region { region, frame });
        }
        limits::picture(target).then_some(()).ok_or(ConvertError::Target(target))?;
        let (Some(bytes), Some(planes)) = (format.bytes(), format.planes()) else {
            return Err(RawFormatError::Bytes { stride: format.stride, height: frame.height }.into());
        };
        let rows = Rows::new(&format, planes, region);
        let source = ImageSize { height: region.height, width: region.width };
        Ok(Self { bytes, passes: Passes::new(source, target, rows.surplus()), rows })
    }

    /// Size of the pictures that it makes.
    pub fn target(&self) -> ImageSize {
        self.passes.target()
    }

    /// Makes a picture, target height x target width x 3 bytes of red, green, blue. What comes behind the frame's bytes
    /// does not count. Takes no memory.
    ///
    /// # Errors
    /// [`ConvertError::CutShort`], [`ConvertError::Room`].
    pub fn run(&mut self, bytes: &[u8], pixels: &mut [u8]) -> Result<(), ConvertError> {
        if bytes.len() < self.bytes {
            return Err(ConvertError::CutShort { expected: self.bytes, found: bytes.len() });
        }
        let size = self.target();
        let expected = size.height * size.width * 3;
        if pixels.len() != expected {
            return Err(ConvertError::Room { size, expected, found: pixels.len() });
        }
        self.passes.run(&self.rows.of(bytes), pixels);
        Ok(())
    }
}
