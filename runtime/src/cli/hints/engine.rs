//! What to do about an engine that cannot be had.

use crate::engine::choice::{ChoiceError, Refusal};
#[cfg(feature = "ort")]
use crate::engine::ort::library::{LibraryError, Reason};
#[cfg(feature = "ort")]
use crate::engine::ort::placement::PlacementError;
#[cfg(feature = "ort")]
use crate::engine::ort::providers::ProviderError;
#[cfg(feature = "ort")]
use crate::engine::ort::words::{self, Complaint};

pub(super) fn hint(error: &ChoiceError) -> Option<String> {
    match error {
        // The command line was refused before.
        ChoiceError::NoSuchProvider { .. } => None,
        ChoiceError::Refused { refusal, .. } => refused(refusal),
        ChoiceError::NoneLeft { refused: all } => all.last().and_then(|(_, refusal)| refused(refusal)),
    }
}

pub(in crate::cli) fn refused(refusal: &Refusal) -> Option<String> {
    match refusal {
        Refusal::DataDependentShapes => Some("write the model file for GPUs: `moead-export CKPT --moe dense`".into()),
        #[cfg(feature = "ort")]
        Refusal::Engine(error) if words::complaint(&error.to_string()).is_some() => complaint(&error.to_string()),
        Refusal::Engine(_) => {
            Some("write the model file anew with `moead-export CKPT`, which checks it on this program's engine".into())
        }
        Refusal::NoEngineFolder => Some("say where: `--tensorrt-cache FOLDER`".into()),
        Refusal::NoEngine { .. } => Some("have it built: `--provider tensorrt`".into()),
        Refusal::NoCalibration => Some("`--tensorrt-calibration FILE`, as TensorRT's own calibrator writes it".into()),
        Refusal::Calibration { .. } => Some("check the path given as `--tensorrt-calibration`".into()),
        #[cfg(feature = "ort")]
        Refusal::Cache(_) => Some("give a folder that can be written: `--tensorrt-cache FOLDER`".into()),
        #[cfg(feature = "ort")]
        Refusal::Placement(PlacementError::TooManyOnCpu { .. }) => Some(
            "a newer ONNX Runtime has more kernels; `--max-cpu-nodes N` accepts it as it is, at the price of speed"
                .into(),
        ),
        #[cfg(feature = "ort")]
        Refusal::Library(error) => library(error),
        #[cfg(feature = "ort")]
        Refusal::Provider(error) => provider(error),
        _ => None,
    }
}

/// Where the library comes from.
#[cfg(feature = "ort")]
const INSTALL: &str = "\
any Linux, processor only: `python3 -m venv ort && ort/bin/pip install onnxruntime`, then `--ort-lib` with its libonnxruntime.so.*
NVIDIA GPU in a PC: the same with `onnxruntime-gpu`
Jetson: the same with NVIDIA's wheel of onnxruntime-gpu for your JetPack, from Jetson AI Lab
`--engine tract` needs none of it";

#[cfg(feature = "ort")]
fn library(error: &LibraryError) -> Option<String> {
    match error {
        LibraryError::Missing { .. } => Some(INSTALL.into()),
        LibraryError::Unusable { reason: Reason::Version { .. }, .. } => Some(INSTALL.into()),
        LibraryError::Unusable { .. } => Some(
            "give libonnxruntime.so itself, whole and for this machine, as `--ort-lib` (or ORT_DYLIB_PATH); without either \
             it is looked for"
                .into(),
        ),
        LibraryError::Another { .. } => Some("one run has one `--ort-lib`".into()),
        _ => None,
    }
}

#[cfg(feature = "ort")]
fn provider(error: &ProviderError) -> Option<String> {
    match error {
        ProviderError::NotInLibrary { .. } | ProviderError::NoFile { .. } => Some(
            "a library with it: `pip install onnxruntime-gpu` on a PC, NVIDIA's wheel for your JetPack on a Jetson; then \
             `--ort-lib`\n`--provider cpu` works with this one"
                .into(),
        ),
        ProviderError::NoDriver { .. } => {
            Some("install NVIDIA's driver (on a Jetson it is part of JetPack); in a container: `--gpus all`".into())
        }
        ProviderError::Refused { message, .. } => complaint(message).or_else(|| {
            Some("libraries that it misses come with CUDA, cuDNN and TensorRT, in the versions it was built for".into())
        }),
    }
}

#[cfg(feature = "ort")]
fn complaint(message: &str) -> Option<String> {
    let hint = match words::complaint(message)? {
        Complaint::OutOfMemory => {
            "`nvidia-smi` shows which programs hold the GPU's memory; on a Jetson it is the machine's own"
        }
        Complaint::MemoryLimit => "let it take more of the GPU's memory: a larger `--gpu-memory`, or none",
        Complaint::NoDevice => {
            "no GPU is shown to this program: look at CUDA_VISIBLE_DEVICES; in a container: `--gpus all`"
        }
        Complaint::NoSuchDevice => "`--gpu` counts from 0; `nvidia-smi -L` lists the GPUs",
    };
    Some(hint.into())
}
