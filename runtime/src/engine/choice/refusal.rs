//! Why a candidate, or all of them, cannot run a model.
#![forbid(unsafe_code)]

use std::path::PathBuf;

use super::{Candidate, EngineName, Provider};
use crate::engine::EngineError;
#[cfg(feature = "ort")]
use crate::engine::ort;

/// Why a candidate cannot run a model here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// This program was compiled without it.
    #[error("not part of this program")]
    NotBuilt,
    /// ONNX Runtime cannot be had.
    #[cfg(feature = "ort")]
    #[error(transparent)]
    Library(#[from] ort::library::LibraryError),
    /// ONNX Runtime is there, and not this provider.
    #[cfg(feature = "ort")]
    #[error(transparent)]
    Provider(#[from] ort::providers::ProviderError),
    /// The model's form and the provider do not go together.
    #[error(
        "the model gathers tokens per expert: their numbers depend on the picture, and the GPU would wait for each"
    )]
    DataDependentShapes,
    /// What GPUs leave to the processor is known of our models only.
    #[error("models without a manifest run on the processor only")]
    ForeignOnGpu,
    /// The library's profile tells nothing.
    #[cfg(feature = "ort")]
    #[error(transparent)]
    Profile(#[from] ort::profile::ProfileError),
    /// Too much is left to the processor.
    #[cfg(feature = "ort")]
    #[error(transparent)]
    Placement(#[from] ort::placement::PlacementError),
    /// Nobody asked for TensorRT by name, and its engine would have to be built.
    #[error("no engine lies ready{}, and building one takes minutes", reason.as_ref().map_or(String::new(), |reason| format!(" ({reason})")))]
    NoEngine {
        /// What is wrong with the one that there is.
        reason: Option<String>,
    },
    /// TensorRT's engines have no place.
    #[error("no folder to keep engines in")]
    NoEngineFolder,
    /// The place cannot be used.
    #[cfg(feature = "ort")]
    #[error(transparent)]
    Cache(#[from] ort::cache::CacheError),
    /// Eight bits need ranges.
    #[error("int8 needs a calibration table")]
    NoCalibration,
    /// The table cannot be read.
    #[error("{}: {error}", path.display())]
    Calibration {
        /// The file.
        path: PathBuf,
        /// What failed.
        #[source]
        error: std::io::Error,
    },
    /// The engine does not take the model.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Why no engine runs the model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChoiceError {
    /// An engine and a provider that it does not have.
    #[error("{engine} has no provider {provider}: it computes on the processor")]
    NoSuchProvider {
        /// The engine.
        engine: EngineName,
        /// The provider.
        provider: Provider,
    },
    /// What was asked for cannot be had.
    #[error("{candidate}: {refusal}")]
    Refused {
        /// What was asked for.
        candidate: Candidate,
        /// Why not.
        #[source]
        refusal: Refusal,
    },
    /// Nothing that would have been good enough can be had.
    #[error("no engine can run the model: {}", told(refused).join("; "))]
    NoneLeft {
        /// Each, and why not.
        refused: Vec<(Candidate, Refusal)>,
    },
}

/// Candidates with the reasons why not, one sentence for all that share a reason.
pub fn told(refused: &[(Candidate, Refusal)]) -> Vec<String> {
    let mut reasons: Vec<(String, String)> = Vec::new();
    for (candidate, refusal) in refused {
        let reason = refusal.to_string();
        match reasons.iter_mut().find(|(_, other)| *other == reason) {
            Some((candidates, _)) => *candidates += &format!(", {candidate}"),
            None => reasons.push((candidate.to_string(), reason)),
        }
    }
    reasons.into_iter().map(|(candidates, reason)| format!("{candidates}: {reason}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_that_several_share_is_told_once() {
        let refused = [
            (Candidate::ort(Provider::TensorRt), Refusal::NotBuilt),
            (Candidate::ort(Provider::Cuda), Refusal::NotBuilt),
            (Candidate::ort(Provider::Cpu), Refusal::DataDependentShapes),
        ];
        let told = told(&refused);
        assert_eq!(told[0], "ort tensorrt, ort cuda: not part of this program");
        assert!(told[1].starts_with("ort cpu: the model gathers tokens per expert"), "{}", told[1]);
    }
}
