//! Cameras, by Video4Linux.

use std::sync::Arc;

use moead_model::architecture::ImageSize;

use super::{Opener, Source, SourceError};
use crate::stream::clock::Clock;
use crate::stream::uri::UriError;
use crate::stream::uri::query::Query;

/// What is asked of a camera.
#[derive(Debug, Clone, PartialEq)]
pub struct CameraRequest {}

impl CameraRequest {
    /// Reads what stands behind `v4l2://`.
    ///
    /// # Errors
    /// [`UriError`]
    pub fn parse(_address: &str, _query: &mut Query) -> Result<Self, UriError> {
        Ok(Self {})
    }
}

/// Why a camera delivers nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CameraError {}

/// Opens a camera.
pub struct CameraOpener;

impl CameraOpener {
    /// Of that camera, for a network of that input size.
    pub fn new(_request: CameraRequest, _network: ImageSize, _clock: Arc<dyn Clock>) -> Self {
        Self
    }
}

impl Opener for CameraOpener {
    fn open(&self) -> Result<Box<dyn Source>, SourceError> {
        Err(SourceError::Panicked("not there yet".into()))
    }
}
