//! What can be set about ONNX Runtime and its providers.

use std::path::PathBuf;

use super::library::Search;
use super::providers::cuda::GpuSettings;
use super::providers::tensorrt::Precision;

/// Settings of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where the library is looked for.
    pub search: Search,
    /// For CUDA and TensorRT.
    pub gpu: GpuSettings,
    /// For CUDA and TensorRT: so many nodes of the graph may stay on the processor.
    pub max_cpu_nodes: usize,
    /// For TensorRT.
    pub precision: Precision,
    /// For TensorRT with eight bits: its own calibration table.
    pub calibration: Option<PathBuf>,
    /// For TensorRT: where engines are kept.
    pub engines: Option<PathBuf>,
    /// For files that are gone a moment later.
    pub scratch: PathBuf,
}

/// The published network has some 400 nodes. A library that lacks a GPU kernel or two for its last steps, on single numbers, loses
/// microseconds with them; with more nodes than that, the GPU waits for the processor in the middle of the work.
pub const MAX_CPU_NODES: usize = 8;

impl Default for Settings {
    fn default() -> Self {
        Self {
            search: Search::default(),
            gpu: GpuSettings::default(),
            max_cpu_nodes: MAX_CPU_NODES,
            precision: Precision::default(),
            calibration: None,
            engines: None,
            scratch: "/tmp".into(),
        }
    }
}

impl Settings {
    /// With a library that lies there.
    pub fn with_library(path: impl Into<PathBuf>) -> Self {
        Self { search: Search { asked: Some(path.into()), ..Search::default() }, ..Self::default() }
    }
}
