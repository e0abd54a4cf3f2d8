//! A scene that is drawn: a conveyor with products, some of them defective, and a camera's faults on request.

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
