//! A decoded picture: 8-bit red, green, blue.

use moead_model::architecture::ImageSize;

/// Pixels in rows from the top, each three bytes: red, green, blue. What every source delivers and every sink draws on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    size: ImageSize,
    pixels: Vec<u8>,
}

/// Pixels that do not fill the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a picture of {size}: expected {expected} bytes, found {found}")]
pub struct PictureError {
    /// As given.
    pub size: ImageSize,
    /// 3 x height x width.
    pub expected: usize,
    /// As given.
    pub found: usize,
}

impl Picture {
    /// Puts size and pixels together.
    ///
    /// # Errors
    /// [`PictureError`] when there are not exactly 3 x height x width bytes.
    pub fn new(size: ImageSize, pixels: Vec<u8>) -> Result<Self, PictureError> {
        let expected = size.height.saturating_mul(size.width).saturating_mul(3);
        if pixels.len() == expected {
            Ok(Self { size, pixels })
        } else {
            Err(PictureError { size, expected, found: pixels.len() })
        }
    }

    /// A picture of one colour.
    pub fn filled(size: ImageSize, colour: [u8; 3]) -> Self {
        Self { size, pixels: colour.repeat(size.height * size.width) }
    }

    /// Height and width.
    pub fn size(&self) -> ImageSize {
        self.size
    }

    /// Height x width x 3 bytes.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The bytes themselves, for drawing.
    pub fn pixels_mut(&mut self) -> &mut [u8] {
        &mut self.pixels
    }

    /// Gives the bytes away.
    pub fn into_pixels(self) -> Vec<u8> {
        self.pixels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_must_fill_the_picture() {
        let size = ImageSize { height: 2, width: 3 };
        assert!(Picture::new(size, vec![0; 18]).is_ok());
        let error = Picture::new(size, vec![0; 17]).unwrap_err();
        assert_eq!(error.to_string(), "a picture of 2x3: expected 18 bytes, found 17");
    }
}
