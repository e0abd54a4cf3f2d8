//! Cameras, by Video4Linux.

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
