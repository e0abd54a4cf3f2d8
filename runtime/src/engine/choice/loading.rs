//! Candidates tried in turn, until one has loaded the model.
#![forbid(unsafe_code)]

use std::num::NonZeroUsize;

use moead_model::onnx::foreign::ForeignModel;
use moead_model::onnx::model_file::ModelFile;

#[cfg(feature = "tract")]
use super::BUILT_IN;
use super::{Candidate, Choice, ChoiceError, Description, EngineName, Provider, Refusal, Request, Step};
use crate::engine::Output;
use crate::engine::crew::Crew;
#[cfg(feature = "ort")]
use crate::engine::ort;

/// Loads a model on the first candidate that can run it. `outputs` are those that will be asked for.
///
/// # Errors
/// [`ChoiceError`]
pub fn load(
    model: &ModelFile,
    outputs: &[Output],
    request: &Request,
    progress: &mut dyn FnMut(Step),
) -> Result<Choice, ChoiceError> {
    first(request, progress, |candidate, is_asked_for, progress| {
        load_on(candidate, model, outputs, request, is_asked_for, progress)
    })
}

/// The same for a model of somebody else, on the processor, one picture at a time.
///
/// # Errors
/// [`ChoiceError`]
pub fn load_foreign(
    model: &ForeignModel,
    outputs: &[Output],
    request: &Request,
    progress: &mut dyn FnMut(Step),
) -> Result<Choice, ChoiceError> {
    first(request, progress, |candidate, _, _| load_foreign_on(candidate, model, outputs, request))
}

/// The first candidate that `load` can load, whether it is the only one or not.
fn first(
    request: &Request,
    progress: &mut dyn FnMut(Step),
    mut load: impl FnMut(Candidate, bool, &mut dyn FnMut(Step)) -> Result<Loaded, Refusal>,
) -> Result<Choice, ChoiceError> {
    let candidates = request.candidates()?;
    let is_asked_for = candidates.len() == 1;
    let mut refused = Vec::new();
    for candidate in candidates {
        progress(Step::Loading(candidate));
        match load(candidate, is_asked_for, progress) {
            Ok(loaded) => {
                return Ok(Choice {
                    crew: loaded.crew,
                    candidate,
                    description: loaded.description,
                    #[cfg(feature = "ort")]
                    placement: loaded.placement,
                    #[cfg(feature = "ort")]
                    launched: loaded.launched,
                    warnings: loaded.warnings,
                    refused,
                });
            }
            Err(refusal) if is_asked_for => return Err(ChoiceError::Refused { candidate, refusal }),
            Err(refusal) => refused.push((candidate, refusal)),
        }
    }
    match refused.pop() {
        // Without the library there is nothing to choose from.
        #[cfg(feature = "ort")]
        Some((candidate, refusal @ Refusal::Library(_))) if request.engine == Some(EngineName::Ort) => {
            Err(ChoiceError::Refused { candidate, refusal })
        }
        last => {
            refused.extend(last);
            Err(ChoiceError::NoneLeft { refused })
        }
    }
}

/// Every candidate there is, with what it is made of or the reason why it cannot be used, whatever the model.
pub fn present(request: &Request) -> Vec<(Candidate, Result<Description, Refusal>)> {
    Candidate::ALL.into_iter().map(|candidate| (candidate, describe(candidate, request))).collect()
}

struct Loaded {
    crew: Crew,
    description: Description,
    #[cfg(feature = "ort")]
    placement: Option<ort::placement::Placement>,
    #[cfg(feature = "ort")]
    launched: Option<ort::loading::Launched>,
    warnings: Vec<String>,
}

#[cfg(feature = "tract")]
impl Loaded {
    fn on_tract(crew: Crew) -> Self {
        Self {
            crew,
            description: tract(),
            #[cfg(feature = "ort")]
            placement: None,
            #[cfg(feature = "ort")]
            launched: None,
            warnings: Vec::new(),
        }
    }
}

#[allow(unused_variables, reason = "used by engines that are part of the program")]
fn load_on(
    candidate: Candidate,
    model: &ModelFile,
    outputs: &[Output],
    request: &Request,
    is_asked_for: bool,
    progress: &mut dyn FnMut(Step),
) -> Result<Loaded, Refusal> {
    let processors = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let in_flight = request.in_flight.count(candidate.provider, request.threads, processors);
    match candidate.engine {
        #[cfg(feature = "tract")]
        EngineName::Tract => {
            let session = crate::engine::tract::Session::load(model, outputs, request.threads)?;
            let others = (1..in_flight.get()).map(|_| session.another()).collect::<Result<Vec<_>, _>>()?;
            let crew = others.into_iter().fold(Crew::new(session), Crew::and);
            Ok(Loaded::on_tract(crew))
        }
        #[cfg(feature = "ort")]
        EngineName::Ort => {
            use ort::loading::{Job, Patience};
            let job = Job { model, outputs, threads: request.threads, settings: &request.ort };
            let patience = if is_asked_for { Patience::Build } else { Patience::OnlyReady };
            let loaded = job.load(candidate.provider, patience, progress)?;
            let mut crew = Crew::new(loaded.engine);
            for _ in 1..in_flight.get() {
                crew = crew.and(job.load(candidate.provider, patience, progress)?.engine);
            }
            Ok(Loaded {
                crew,
                description: onnxruntime(loaded.library),
                placement: loaded.placement,
                launched: loaded.launched,
                warnings: loaded.library.take_messages(),
            })
        }
        #[allow(unreachable_patterns, reason = "reachable in programs without one of the engines")]
        _ => Err(Refusal::NotBuilt),
    }
}

#[allow(unused_variables, reason = "used by engines that are part of the program")]
fn load_foreign_on(
    candidate: Candidate,
    model: &ForeignModel,
    outputs: &[Output],
    request: &Request,
) -> Result<Loaded, Refusal> {
    match candidate {
        #[cfg(feature = "tract")]
        Candidate::TRACT => {
            let session = crate::engine::tract::Session::load_foreign(model, outputs, request.threads)?;
            Ok(Loaded::on_tract(Crew::new(session)))
        }
        #[cfg(feature = "ort")]
        Candidate { engine: EngineName::Ort, provider: Provider::Cpu } => {
            let loaded = ort::loading::load_foreign(model, outputs, request.threads, &request.ort)?;
            Ok(Loaded {
                crew: Crew::new(loaded.engine),
                description: onnxruntime(loaded.library),
                placement: None,
                launched: None,
                warnings: loaded.library.take_messages(),
            })
        }
        Candidate { provider: Provider::Cuda | Provider::TensorRt, .. } => Err(Refusal::ForeignOnGpu),
        #[allow(unreachable_patterns, reason = "reachable in programs without one of the engines")]
        _ => Err(Refusal::NotBuilt),
    }
}

fn describe(candidate: Candidate, request: &Request) -> Result<Description, Refusal> {
    match candidate.engine {
        #[cfg(feature = "tract")]
        EngineName::Tract => Ok(tract()),
        #[cfg(feature = "ort")]
        EngineName::Ort => Ok(onnxruntime(ort::loading::check(candidate.provider, &request.ort)?)),
        #[allow(unreachable_patterns, reason = "reachable in programs without one of the engines")]
        _ => {
            let _ = request;
            Err(Refusal::NotBuilt)
        }
    }
}

#[cfg(feature = "tract")]
fn tract() -> Description {
    Description { version: BUILT_IN[0].into(), library: None }
}

#[cfg(feature = "ort")]
fn onnxruntime(library: &ort::library::Library) -> Description {
    let version = library.version.map_or("of unknown version".into(), |version| version.to_string());
    Description { version: format!("ONNX Runtime {version}"), library: Some(library.path.clone()) }
}
