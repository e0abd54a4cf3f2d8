//! A stream on standard input: Motion JPEG or YUV4MPEG2, as `rpicam-vid`, GStreamer and ffmpeg write them.

use crate::stream::uri::UriError;
use crate::stream::uri::query::Query;

/// What is asked of the stream.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamRequest {}

impl StreamRequest {
    /// Reads the settings behind `-?`.
    ///
    /// # Errors
    /// [`UriError`]
    pub fn parse(_query: &mut Query) -> Result<Self, UriError> {
        Ok(Self {})
    }
}
