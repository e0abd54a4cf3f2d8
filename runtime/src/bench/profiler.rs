//! A profile of one engine, in a session of its own: looking at nodes costs time, and what was measured before stays as it is.

use moead_model::onnx::model_file::ModelFile;
use moead_model::self_test;

use super::profile::Profile;
use crate::engine::choice::{Candidate, EngineName, Provider, Refusal, Request};
use crate::engine::{EngineError, Output};
use crate::preprocess::normalize::normalize;
use crate::stream::clock::Clock;

/// Pictures before those that count.
const WARM_UP: usize = 2;

/// Why there is no profile.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfilerError {
    /// The library knows when a node's work was handed over, and not when it was done.
    #[error("nodes on a GPU run after the library has left them: their times say nothing")]
    OnGpu,
    /// No session can be had.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It fails on a picture.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Loads the model on `candidate` once more, and has it judge the drawn pictures of seeds 1 to `pictures`.
///
/// # Errors
/// [`ProfilerError`]
pub fn profile(
    model: &ModelFile,
    candidate: Candidate,
    request: &Request,
    pictures: usize,
    clock: &dyn Clock,
) -> Result<Profile, ProfilerError> {
    if candidate.provider != Provider::Cpu {
        return Err(ProfilerError::OnGpu);
    }
    let input = &model.manifest().input;
    let drawn = |seed| normalize(&self_test::picture(seed, input.size()), input.normalization());
    // Those of the warm-up are the first of the others.
    let seeds = (1..=WARM_UP as u64).chain(1..=pictures as u64);
    let inputs: Vec<Vec<f32>> = seeds.map(drawn).collect();
    let sum = match candidate.engine {
        EngineName::Tract => on_tract(model, request, &inputs, clock)?,
        EngineName::Ort => on_ort(model, request, &inputs)?,
    };
    Ok(sum.divided_by(pictures))
}

#[cfg(feature = "tract")]
fn on_tract(
    model: &ModelFile,
    request: &Request,
    inputs: &[Vec<f32>],
    clock: &dyn Clock,
) -> Result<Profile, ProfilerError> {
    let mut session = crate::engine::tract::Session::load(model, &Output::JUDGED, request.threads)?;
    let mut profile = Profile::default();
    for (index, input) in inputs.iter().enumerate() {
        let mut left = clock.monotonic();
        session.watch(input, &mut |node, operator| {
            let taken = clock.monotonic().since(left);
            if index >= WARM_UP {
                profile.add(node, operator, taken.as_secs_f64() * 1e3);
            }
            // What was done here is no node's.
            left = clock.monotonic();
        })?;
    }
    Ok(profile)
}

#[cfg(feature = "ort")]
fn on_ort(model: &ModelFile, request: &Request, inputs: &[Vec<f32>]) -> Result<Profile, ProfilerError> {
    use crate::engine::ort::loading::Job;
    use crate::engine::ort::profile;
    let job = Job { model, outputs: &Output::JUDGED, threads: request.threads, settings: &request.ort };
    let written = job.profile(inputs)?;
    let mut sum = Profile::default();
    let counts = (WARM_UP, inputs.len() - WARM_UP);
    profile::times(&written, counts, &mut |node, operator, milliseconds| sum.add(node, operator, milliseconds))
        .map_err(Refusal::from)?;
    Ok(sum)
}

#[cfg(not(feature = "tract"))]
fn on_tract(_: &ModelFile, _: &Request, _: &[Vec<f32>], _: &dyn Clock) -> Result<Profile, ProfilerError> {
    Err(Refusal::NotBuilt.into())
}

#[cfg(not(feature = "ort"))]
fn on_ort(_: &ModelFile, _: &Request, _: &[Vec<f32>]) -> Result<Profile, ProfilerError> {
    Err(Refusal::NotBuilt.into())
}
