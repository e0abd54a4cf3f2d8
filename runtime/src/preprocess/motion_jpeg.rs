//! Pictures of a Motion JPEG stream.

use moead_model::architecture::ImageSize;

/// Stands in.
#[derive(Debug, Default)]
pub struct MotionJpeg {}

/// Broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("broken")]
pub struct MotionJpegError;

impl MotionJpeg {
    /// Decodes.
    ///
    /// # Errors
    /// [`MotionJpegError`]
    pub fn decode(&mut self, _bytes: &[u8]) -> Result<(ImageSize, &[u8]), MotionJpegError> {
        Err(MotionJpegError)
    }
}
