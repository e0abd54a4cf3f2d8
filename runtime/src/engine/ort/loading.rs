//! From a request to a session: library, provider, model, in this order, each with its own reason to refuse.

use std::num::NonZeroUsize;

use moead_model::onnx::model_file::ModelFile;

use super::library::Library;
use super::providers::{Setup, Target};
use super::session::Session;
use super::settings::Settings;
use crate::engine::Output;
use crate::engine::choice::{Provider, Refusal};

/// Looks whether a provider can be used here at all, whatever the model.
///
/// # Errors
/// [`Refusal`]
pub fn check(provider: Provider, settings: &Settings) -> Result<&'static Library, Refusal> {
    let library = Library::load(&settings.search)?;
    let target = target(provider, settings);
    Setup { library, provider: &target, threads: NonZeroUsize::MIN, batch: None, profile: None }.check()?;
    Ok(library)
}

/// Loads a model on a provider.
///
/// # Errors
/// [`Refusal`]
pub fn load(
    model: &ModelFile,
    outputs: &[Output],
    provider: Provider,
    threads: NonZeroUsize,
    settings: &Settings,
) -> Result<(Session, &'static Library), Refusal> {
    let library = check(provider, settings)?;
    if provider != Provider::Cpu && model.traits().has_data_dependent_shapes {
        return Err(Refusal::DataDependentShapes { provider });
    }
    let target = target(provider, settings);
    let batch = model.traits().batch.clone();
    let setup = Setup { library, provider: &target, threads, batch, profile: None };
    Ok((Session::load(&setup, model, outputs)?, library))
}

fn target(provider: Provider, settings: &Settings) -> Target {
    match provider {
        Provider::Cpu => Target::Cpu,
        Provider::Cuda => Target::Cuda(settings.gpu),
        Provider::TensorRt => Target::TensorRt(
            settings.gpu,
            super::providers::tensorrt::EngineSettings { precision: settings.precision, ..Default::default() },
        ),
    }
}
