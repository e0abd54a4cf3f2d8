//! Runs engines over the pictures of a data set.
//!
//! One thread decodes pictures and masks, each engine has one, and the caller's own looks at the answers; a few pictures wait between them, so
//! memory does not depend on how many there are. What cannot be judged is listed, and too much of it ends the run.

mod prepare;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use moead_model::manifest::Input;
use moead_runtime::engine::crew::Crew;
use moead_runtime::engine::{Engine, EngineError, Output, Outputs, Tensor};
use moead_runtime::preprocess::decode::DecodeError;
use moead_runtime::preprocess::picture::Picture;

use crate::dataset::Sample;
use crate::dataset::mask::MaskError;
use crate::metrics::pixels::MaskView;
use prepare::{Prepared, Preparer};

/// Pictures that are ready and wait for an engine.
const AHEAD: usize = 2;
/// Answers of an engine that wait to be looked at.
const BEHIND: usize = 2;

/// A picture and the engine's answer to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Place in the samples.
    pub sample: usize,
    /// `pred_score`; finite.
    pub score: f32,
    /// `anomaly_map`, 1 x 1 x H x W; finite.
    pub map: Tensor,
    /// What is defective, H x W.
    pub truth: PixelTruth,
    /// What else the engine was loaded to answer.
    pub others: Outputs,
}

/// What is known about the pixels of a picture, in the size of the map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PixelTruth {
    /// None is defective.
    Good,
    /// The picture is defective, and its mask is missing where others have one: by convention all of them are.
    AllDefective,
    /// Row-major; defective above 0. Resized by nearest neighbours.
    Mask(Vec<u8>),
    /// The picture is defective, and the data set does not say where.
    Unknown,
}

impl PixelTruth {
    /// For [`crate::metrics::pixels::PixelScores`]; none where nothing is known.
    pub fn view(&self) -> Option<MaskView<'_>> {
        match self {
            Self::Good => Some(MaskView::Good),
            Self::AllDefective => Some(MaskView::AllDefective),
            Self::Mask(pixels) => Some(MaskView::Pixels(pixels)),
            Self::Unknown => None,
        }
    }

    /// Whether the picture counts as defective: a mask of which resizing has left nothing makes it a good one.
    pub fn is_defective(&self) -> bool {
        match self {
            Self::Good => false,
            Self::AllDefective | Self::Unknown => true,
            Self::Mask(pixels) => pixels.iter().any(|pixel| *pixel > 0),
        }
    }
}

/// Why a picture has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unjudged {
    /// The file is no picture that can be read.
    #[error(transparent)]
    Picture(#[from] DecodeError),
    /// Its mask cannot be read.
    #[error("{}: {error}", .path.display())]
    Mask {
        /// The mask.
        path: PathBuf,
        /// What failed.
        error: MaskError,
    },
    /// The mask is not of the picture.
    #[error("{}: expected a mask with the sides of the picture, {picture}, found {mask}", .path.display())]
    MaskSize {
        /// The mask.
        path: PathBuf,
        /// Height x width.
        picture: moead_model::architecture::ImageSize,
        /// Height x width.
        mask: moead_model::architecture::ImageSize,
    },
    /// A decoder gave up in a way that it should not.
    #[error("the decoder failed: {0}")]
    DecoderPanicked(String),
    /// The engine's answer holds something that is no finite number.
    #[error("{output}: expected finite numbers, found {found}")]
    NotFinite {
        /// Which.
        output: Output,
        /// The first.
        found: f32,
    },
}

/// What became of one picture.
#[derive(Debug)]
pub enum Event<'a, Answer = Judged> {
    /// It was judged.
    Judged(Answer),
    /// It could not be.
    Unjudged {
        /// The picture.
        path: &'a Path,
        /// Why.
        cause: Unjudged,
    },
}

/// Why a run ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectError {
    /// The engine failed.
    #[error("{}: {error}", .path.display())]
    Engine {
        /// The picture.
        path: PathBuf,
        /// What failed.
        error: EngineError,
    },
    /// An answer lacks an output, or has another shape.
    #[error("output {output}: expected {expected}, found {found:?}")]
    Answer {
        /// Which.
        output: Output,
        /// In words.
        expected: String,
        /// Its shape; empty when there is none.
        found: Vec<usize>,
    },
    /// More than were allowed. Each was told before.
    #[error("{found} pictures cannot be used, at most {limit} are allowed")]
    TooManyUnjudged {
        /// Up to here.
        found: usize,
        /// As given.
        limit: usize,
    },
}

/// How many pictures may be without an answer, over all runs that share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    limit: usize,
    found: usize,
}

impl Allowance {
    /// * `limit`: more end the run.
    pub fn new(limit: usize) -> Self {
        Self { limit, found: 0 }
    }

    /// Takes one of them.
    ///
    /// # Errors
    /// [`CollectError::TooManyUnjudged`]
    pub fn take(&mut self) -> Result<(), CollectError> {
        self.found += 1;
        let Self { limit, found } = *self;
        if found > limit { Err(CollectError::TooManyUnjudged { found, limit }) } else { Ok(()) }
    }
}

/// Judges samples in their order and hands each answer to `visit`, until that has seen enough.
///
/// * `crew`: loaded with [`Output::PredScore`], [`Output::AnomalyMap`] and whatever else `visit` wants.
/// * `input`: of the same model.
///
/// # Errors
/// [`CollectError`]
pub fn collect(
    crew: &mut Crew,
    input: &Input,
    samples: &[Sample],
    allowance: &mut Allowance,
    visit: impl FnMut(Event<'_>) -> ControlFlow<()>,
) -> Result<(), CollectError> {
    let answer = |at, outputs, truth| answer(at, outputs, truth, input);
    run(crew, input, samples, &|_, _| {}, allowance, answer, visit)
}

/// The same for aligned features alone, 1 x C x h x w.
///
/// * `crew`: loaded with [`Output::Features`].
///
/// # Errors
/// [`CollectError`]
pub fn features(
    crew: &mut Crew,
    input: &Input,
    samples: &[Sample],
    allowance: &mut Allowance,
    visit: impl FnMut(Event<'_, Tensor>) -> ControlFlow<()>,
) -> Result<(), CollectError> {
    altered_features(crew, input, samples, &|_, _| {}, allowance, visit)
}

/// Changes a picture; given its place in the samples. At its own size, before it is resized.
pub type Alteration<'a> = &'a (dyn Fn(usize, &mut Picture) + Sync);

/// The same for pictures that something is done to first: with defects drawn on them, say.
///
/// # Errors
/// [`CollectError`]
pub fn altered_features(
    crew: &mut Crew,
    input: &Input,
    samples: &[Sample],
    alter: Alteration<'_>,
    allowance: &mut Allowance,
    visit: impl FnMut(Event<'_, Tensor>) -> ControlFlow<()>,
) -> Result<(), CollectError> {
    let answer = |_, mut outputs: Outputs, _| {
        let features = match outputs.take(Output::Features) {
            Some(features) if matches!(features.shape[..], [1, _, _, _]) => features,
            other => {
                let found = other.map(|tensor| tensor.shape).unwrap_or_default();
                let expected = "1 x C x h x w".to_owned();
                return Err(CollectError::Answer { output: Output::Features, expected, found });
            }
        };
        Ok(finite(Output::Features, &features.data).map(|()| features))
    };
    run(crew, input, samples, alter, allowance, answer, visit)
}

/// An answer that can be used, or why not.
type Answered<Answer> = Result<Result<Answer, Unjudged>, CollectError>;

fn run<Answer: Send>(
    crew: &mut Crew,
    input: &Input,
    samples: &[Sample],
    alter: Alteration<'_>,
    allowance: &mut Allowance,
    answer: impl Fn(usize, Outputs, PixelTruth) -> Answered<Answer> + Sync,
    mut visit: impl FnMut(Event<'_, Answer>) -> ControlFlow<()>,
) -> Result<(), CollectError> {
    std::thread::scope(|scope| {
        // Whoever ends early drops its end of a queue, and the others stop at their next picture.
        let (mut to_engines, mut answers, mut computing) = (Vec::new(), Vec::new(), Vec::new());
        for engine in crew.iter_mut() {
            let (to_engine, prepared) = sync_channel(AHEAD);
            let (to_visitor, answered) = sync_channel(BEHIND);
            let answer = &answer;
            computing.push(scope.spawn(move || compute(&mut **engine, &prepared, answer, &to_visitor)));
            to_engines.push(to_engine);
            answers.push(answered);
        }
        scope.spawn(move || {
            let mut preparer = Preparer::new(input, alter);
            let mut engines = to_engines.iter().cycle();
            samples
                .iter()
                .enumerate()
                .try_for_each(|(at, sample)| engines.next()?.send((at, sample, preparer.prepare(at, sample))).ok())
        });
        // Engines take turns, so answers come in the order of the samples.
        for answered in &mut answers.iter().cycle().map_while(|answers| answers.recv().ok()) {
            let (sample, answered): (&Sample, _) = answered;
            let wish = match answered {
                Ok(answer) => visit(Event::Judged(answer)),
                Err(cause) => {
                    let wish = visit(Event::Unjudged { path: &sample.path, cause });
                    allowance.take()?;
                    wish
                }
            };
            if wish.is_break() {
                return Ok(());
            }
        }
        drop(answers);
        // An engine that panics is no failure that could be told as one.
        let ended = |thread: std::thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        computing.into_iter().try_for_each(ended)
    })
}

/// What the thread of an engine does.
fn compute<'a, Answer>(
    engine: &mut dyn Engine,
    pictures: &Receiver<(usize, &'a Sample, Result<Prepared, Unjudged>)>,
    answer: impl Fn(usize, Outputs, PixelTruth) -> Answered<Answer>,
    to_visitor: &SyncSender<(&'a Sample, Result<Answer, Unjudged>)>,
) -> Result<(), CollectError> {
    for (at, sample, prepared) in pictures {
        let answered = match prepared {
            Ok(prepared) => {
                let outputs = engine.run(&prepared.planes);
                let failed = |error| CollectError::Engine { path: sample.path.clone(), error };
                answer(at, outputs.map_err(failed)?, prepared.truth)?
            }
            Err(cause) => Err(cause),
        };
        if to_visitor.send((sample, answered)).is_err() {
            break;
        }
    }
    Ok(())
}

/// Whether all numbers of an output are numbers.
fn finite(output: Output, data: &[f32]) -> Result<(), Unjudged> {
    match data.iter().copied().find(|value| !value.is_finite()) {
        Some(found) => Err(Unjudged::NotFinite { output, found }),
        None => Ok(()),
    }
}

fn answer(sample: usize, mut outputs: Outputs, truth: PixelTruth, input: &Input) -> Answered<Judged> {
    let mut take = |output, expected: &[usize]| match outputs.take(output) {
        Some(tensor) if tensor.data.len() == expected.iter().product::<usize>() => Ok(tensor),
        other => {
            let expected = expected.iter().map(usize::to_string).collect::<Vec<_>>().join(" x ");
            let found = other.map(|tensor| tensor.shape).unwrap_or_default();
            Err(CollectError::Answer { output, expected, found })
        }
    };
    let score = take(Output::PredScore, &[1])?.data[0];
    let map = take(Output::AnomalyMap, &[1, 1, input.height, input.width])?;
    let all = [(Output::PredScore, &[score][..]), (Output::AnomalyMap, &map.data)];
    let others = outputs.iter().map(|(output, tensor)| (output, &tensor.data[..]));
    if let Some(cause) = all.into_iter().chain(others).find_map(|(output, data)| finite(output, data).err()) {
        return Ok(Err(cause));
    }
    Ok(Ok(Judged { sample, score, map, truth, others: outputs }))
}

#[cfg(test)]
mod tests;
