//! Runs an engine over the pictures of a data set.
//!
//! A second thread decodes pictures and masks while the engine computes; a few pictures wait between them, so memory does not depend on how
//! many there are. What cannot be judged is listed, and too much of it ends the run.

mod prepare;

use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;

use moead_model::manifest::Input;
use moead_runtime::engine::{Engine, EngineError, Output, Outputs, Tensor};
use moead_runtime::preprocess::decode::DecodeError;

use crate::dataset::Sample;
use crate::dataset::mask::MaskError;
use crate::metrics::pixels::MaskView;
use prepare::Preparer;

/// Pictures that are ready and wait for the engine.
const AHEAD: usize = 2;

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
pub enum Event<'a> {
    /// It was judged.
    Judged(Judged),
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

/// Judges samples in their order and hands each answer to `visit`.
///
/// * `engine`: loaded with [`Output::PredScore`], [`Output::AnomalyMap`] and whatever else `visit` wants.
/// * `input`: of the same model.
/// * `most_unjudged`: more pictures without an answer end the run.
///
/// # Errors
/// [`CollectError`]
pub fn collect(
    engine: &mut dyn Engine,
    input: &Input,
    samples: &[Sample],
    most_unjudged: usize,
    mut visit: impl FnMut(Event<'_>),
) -> Result<(), CollectError> {
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(AHEAD);
        scope.spawn(move || {
            let mut preparer = Preparer::new(input);
            // It fails once the engine's side has ended.
            samples.iter().try_for_each(|sample| sender.send(preparer.prepare(sample))).ok()
        });
        let mut unjudged = 0;
        for (at, sample) in samples.iter().enumerate() {
            // It has as many to send as there are samples, and panics of decoders are caught.
            let Ok(prepared) = receiver.recv() else { break };
            let judged = match prepared {
                Ok(prepared) => {
                    let outputs = engine
                        .run(&prepared.planes)
                        .map_err(|error| CollectError::Engine { path: sample.path.clone(), error })?;
                    answer(at, outputs, prepared.truth, input)?
                }
                Err(cause) => Err(cause),
            };
            match judged {
                Ok(judged) => visit(Event::Judged(judged)),
                Err(cause) => {
                    unjudged += 1;
                    visit(Event::Unjudged { path: &sample.path, cause });
                    if unjudged > most_unjudged {
                        return Err(CollectError::TooManyUnjudged { found: unjudged, limit: most_unjudged });
                    }
                }
            }
        }
        Ok(())
    })
}

fn answer(
    sample: usize,
    mut outputs: Outputs,
    truth: PixelTruth,
    input: &Input,
) -> Result<Result<Judged, Unjudged>, CollectError> {
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
    let strange = |output, data: &[f32]| {
        let found = data.iter().copied().find(|value| !value.is_finite());
        found.map(|found| Unjudged::NotFinite { output, found })
    };
    if let Some(cause) = strange(Output::PredScore, &[score]).or_else(|| strange(Output::AnomalyMap, &map.data)) {
        return Ok(Err(cause));
    }
    Ok(Ok(Judged { sample, score, map, truth, others: outputs }))
}

#[cfg(test)]
mod tests;
