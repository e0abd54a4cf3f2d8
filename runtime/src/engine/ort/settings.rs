//! What can be set about ONNX Runtime and its providers.

use std::path::PathBuf;

use super::library::Search;
use super::providers::cuda::GpuSettings;
use super::providers::tensorrt::Precision;

/// Settings of one run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// Where the library is looked for.
    pub search: Search,
    /// For CUDA and TensorRT.
    pub gpu: GpuSettings,
    /// For TensorRT.
    pub precision: Precision,
}

impl Settings {
    /// Settings for a library that is looked for in these places.
    pub fn of(search: Search) -> Self {
        Self { search, ..Self::default() }
    }

    /// A library by its path.
    pub fn with_library(path: impl Into<PathBuf>) -> Self {
        Self::of(Search { asked: Some(path.into()), ..Search::default() })
    }
}
