//! A stream on standard input: Motion JPEG or YUV4MPEG2, as `rpicam-vid`, GStreamer and ffmpeg write them.

use std::sync::Arc;

use super::{Opener, Source, SourceError};
use crate::stream::clock::Clock;
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

/// Opens the stream.
pub struct StreamOpener;

impl StreamOpener {
    /// Of that stream.
    pub fn new(_request: StreamRequest, _clock: Arc<dyn Clock>) -> Self {
        Self
    }
}

impl Opener for StreamOpener {
    fn open(&self) -> Result<Box<dyn Source>, SourceError> {
        Err(SourceError::Panicked("not there yet".into()))
    }
}
