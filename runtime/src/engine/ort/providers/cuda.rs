//! The CUDA provider's settings.

use ::ort::ep::{
    ArbitrarilyConfigurableExecutionProvider as _, CUDA, ExecutionProvider as _, ExecutionProviderDispatch,
};

use crate::engine::ort::elf::Version;

/// Its name in the library, and its own library.
pub(super) const NAMES: (&str, &str) = (CUDA::NAME, "libonnxruntime_providers_cuda.so");

/// Which GPU, and how much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GpuSettings {
    /// Counted from 0, as the driver does.
    pub device: u32,
    /// Bytes that the provider may take for tensors and workspaces; what the driver's context needs comes on top. None: no limit.
    pub memory: Option<u64>,
}

/// How the GPU gets its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Launch {
    /// Started by the processor, one kernel after the other.
    KernelByKernel,
    /// Recorded once as a CUDA graph and replayed for every picture. Needs every node on the GPU, and fixed shapes.
    AsGraph,
}

impl GpuSettings {
    /// As the library's documentation names them.
    fn options(self, launch: Launch, version: Option<Version>) -> Vec<(&'static str, String)> {
        let mut options = vec![
            ("device_id", self.device.to_string()),
            // A board shares its memory with everything else: what is needed is taken, not the next power of two.
            ("arena_extend_strategy", "kSameAsRequested".into()),
        ];
        if let Some(bytes) = self.memory {
            options.push(("gpu_mem_limit", bytes.to_string()));
        }
        // Ten bits of mantissa in every product, by default, on Ampere and later: errors a hundred times those of single precision.
        // Older libraries refuse an option that they do not know.
        if version.is_none_or(|version| version >= Version { major: 1, minor: 18, patch: 0 }) {
            options.push(("use_tf32", "0".into()));
        }
        if launch == Launch::AsGraph {
            options.push(("enable_cuda_graph", "1".into()));
        }
        options
    }

    pub(super) fn provider(self, launch: Launch, version: Option<Version>) -> ExecutionProviderDispatch {
        let options = self.options(launch, version).into_iter();
        options.fold(CUDA::default(), |provider, (key, value)| provider.with_arbitrary_config(key, value)).build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_become_the_librarys_options() {
        let options = |settings: GpuSettings, launch, version| {
            let options = settings.options(launch, Version::parse(version));
            options.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            options(GpuSettings::default(), Launch::KernelByKernel, "1.32.0"),
            "device_id=0 arena_extend_strategy=kSameAsRequested use_tf32=0"
        );
        assert_eq!(
            options(GpuSettings::default(), Launch::AsGraph, "1.32.0"),
            "device_id=0 arena_extend_strategy=kSameAsRequested use_tf32=0 enable_cuda_graph=1"
        );
        assert_eq!(
            options(GpuSettings { device: 1, memory: Some(2 << 30) }, Launch::KernelByKernel, "1.17.1"),
            "device_id=1 arena_extend_strategy=kSameAsRequested gpu_mem_limit=2147483648"
        );
    }
}
