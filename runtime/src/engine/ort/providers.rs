//! What ONNX Runtime computes on. A provider that was asked for and cannot be had is an error with its cause; the library's own
//! habit of going on with the CPU is switched off.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use ::ort::ep::{self, ExecutionProvider as _, ExecutionProviderDispatch};
use ::ort::session::builder::SessionBuilder;

use super::library::Library;
use super::words::whole;

pub mod cuda;
pub mod tensorrt;

use cuda::{GpuSettings, Launch};
use tensorrt::EngineSettings;

/// A provider with its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The processor.
    Cpu,
    /// NVIDIA's GPU.
    Cuda(GpuSettings, Launch),
    /// NVIDIA's GPU, compiled for it first; what it does not take goes to CUDA.
    TensorRt(GpuSettings, EngineSettings),
}

/// How a session is made.
#[derive(Debug)]
pub struct Setup<'a> {
    /// By which library.
    pub library: &'a Library,
    /// On what.
    pub provider: &'a Target,
    /// How many threads the processor's part gets.
    pub threads: NonZeroUsize,
    /// The name of the dimension that is the number of pictures: it becomes 1, so that every shape is known in advance.
    pub batch: Option<String>,
    /// Where the path of a profile begins, for a session that is to tell what ran where.
    pub profile: Option<PathBuf>,
}

/// Why a provider cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// Another build of the library has it.
    #[error("{library} was built without {provider}: it has {}", available.join(", "))]
    NotInLibrary {
        /// The library.
        library: String,
        /// The provider's name there.
        provider: &'static str,
        /// What it has.
        available: Vec<&'static str>,
    },
    /// The provider is a library of its own, which ONNX Runtime loads from its own folder.
    #[error("{file} is missing in {}", folder.display())]
    NoFile {
        /// Its name.
        file: &'static str,
        /// Where it should be.
        folder: PathBuf,
    },
    /// The driver's library cannot be loaded.
    #[error("no NVIDIA driver: {message}")]
    NoDriver {
        /// The dynamic linker's words.
        message: String,
    },
    /// The provider refuses, for a reason that it knows: other libraries, device, memory.
    #[error("{provider}: {message}")]
    Refused {
        /// The provider's name in the library.
        provider: &'static str,
        /// Its words.
        message: String,
    },
}

const CPU: &str = ep::CPU::NAME;

impl Setup<'_> {
    /// The device on whose side pictures are handed over.
    pub(super) fn gpu(&self) -> Option<i32> {
        match self.provider {
            Target::Cpu => None,
            Target::Cuda(gpu, _) | Target::TensorRt(gpu, _) => Some(gpu.device.cast_signed()),
        }
    }

    /// Adds the provider to what a session is made with.
    pub(super) fn register(&self, builder: SessionBuilder) -> ::ort::Result<SessionBuilder> {
        let version = self.library.version;
        let providers: Vec<ExecutionProviderDispatch> = match self.provider {
            Target::Cpu => Vec::new(),
            Target::Cuda(gpu, launch) => vec![gpu.provider(*launch, version)],
            Target::TensorRt(gpu, engine) => {
                vec![engine.provider(gpu), gpu.provider(Launch::KernelByKernel, version)]
            }
        };
        let providers: Vec<_> = providers.into_iter().map(ExecutionProviderDispatch::error_on_failure).collect();
        Ok(builder.with_execution_providers(providers)?)
    }

    /// Looks whether the provider can be used at all, before a model is loaded on it for seconds or minutes.
    ///
    /// # Errors
    /// [`ProviderError`]
    pub fn check(&self) -> Result<(), ProviderError> {
        let wanted: &[(&'static str, &'static str)] = match self.provider {
            Target::Cpu => return Ok(()),
            Target::Cuda(..) => &[cuda::NAMES],
            Target::TensorRt(..) => &[tensorrt::NAMES, cuda::NAMES],
        };
        let available = available();
        let folder = self.library.path.parent().unwrap_or(Path::new("/"));
        for &(provider, file) in wanted {
            if !available.contains(&provider) {
                let library = self.library.to_string();
                return Err(ProviderError::NotInLibrary { library, provider, available });
            }
            if !folder.join(file).is_file() {
                return Err(ProviderError::NoFile { file, folder: folder.into() });
            }
        }
        // Loaded by the provider anyway; asked first, since the provider's own words are about whatever library comes first.
        ::ort::util::preload_dylib("libcuda.so.1")
            .map_err(|error| ProviderError::NoDriver { message: whole(&error) })?;
        let refused = |error: ::ort::Error| ProviderError::Refused { provider: wanted[0].0, message: whole(&error) };
        let builder = SessionBuilder::new(self.library.environment()).map_err(refused)?;
        self.register(builder).map(drop).map_err(refused)
    }
}

/// The providers that matter here, of those that the loaded library has.
fn available() -> Vec<&'static str> {
    let known = [
        (tensorrt::NAMES.0, ep::TensorRT::is_available()),
        (cuda::NAMES.0, ep::CUDA::is_available()),
        (CPU, ep::CPU::is_available()),
    ];
    known.into_iter().filter(|(_, is_there)| matches!(is_there, Ok(true))).map(|(name, _)| name).collect()
}
