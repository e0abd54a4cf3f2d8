//! A scene that is drawn: a conveyor with products, some of them defective, and a camera's faults on request.

use std::sync::Arc;

use super::{Opener, Source, SourceError};
use crate::stream::clock::Clock;
use crate::stream::interrupt::Interrupt;
use crate::stream::uri::UriError;
use crate::stream::uri::query::Query;

/// What is asked of a scene.
#[derive(Debug, Clone, PartialEq)]
pub struct SceneRequest {}

impl SceneRequest {
    /// Reads what stands behind `synthetic://`.
    ///
    /// # Errors
    /// [`UriError`]
    pub fn parse(_address: &str, _query: &mut Query) -> Result<Self, UriError> {
        Ok(Self {})
    }
}

/// Opens a scene.
pub struct SceneOpener;

impl SceneOpener {
    /// Of that scene.
    pub fn new(_request: SceneRequest, _clock: Arc<dyn Clock>, _interrupt: Interrupt) -> Self {
        Self
    }
}

impl Opener for SceneOpener {
    fn open(&self) -> Result<Box<dyn Source>, SourceError> {
        Err(SourceError::Panicked("not there yet".into()))
    }
}
