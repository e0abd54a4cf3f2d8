//! Raw frames to pixels of another size.

use moead_model::architecture::ImageSize;

use super::raw::RawFormat;
use crate::score::regions::Rect;

/// Stands in.
#[derive(Debug)]
pub struct Converter {
    target: ImageSize,
}

/// Not a frame of that format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no frame")]
pub struct ConvertError;

impl Converter {
    /// Prepares.
    ///
    /// # Errors
    /// None.
    pub fn new(_format: RawFormat, _region: Rect, target: ImageSize) -> Result<Self, ConvertError> {
        Ok(Self { target })
    }

    /// Converts.
    ///
    /// # Errors
    /// [`ConvertError`]
    pub fn run(&mut self, bytes: &[u8], pixels: &mut [u8]) -> Result<(), ConvertError> {
        if pixels.len() != self.target.height * self.target.width * 3 {
            return Err(ConvertError);
        }
        pixels.fill(bytes.first().copied().unwrap_or(0));
        Ok(())
    }
}
