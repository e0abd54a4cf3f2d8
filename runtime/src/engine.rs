//! Engines run the graph of a model file. Which one runs is the caller's choice; all of them answer the same.

use std::fmt;

use moead_model::architecture::ImageSize;
use moead_model::onnx::model_file::ModelFile;

pub mod choice;
pub mod crew;
#[cfg(feature = "ort")]
pub mod ort;
#[cfg(feature = "tract")]
pub mod tract;

/// A model's output, by its name in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Output {
    /// 1 x 1 x H x W: distance between features and their reconstruction, enlarged to the input's size.
    AnomalyMap,
    /// 1: the largest mean of the map over a 16 x 16 window.
    PredScore,
    /// 1 x 1 x h x w: the distance per token.
    AnomalyGrid,
    /// 1 x C: mean features, which tell products apart.
    Embedding,
    /// T x k: numbers of the experts that every token chose, at one of the places of the graph where it does. The places are
    /// counted as in [`ModelFile::expert_choices`]. Not an output of the file: it is made one when a session is loaded with it.
    Experts(usize),
    /// 1 x C x h x w: the aligned features, [`ModelFile::features`]. Not an output of the file either.
    Features,
}

impl Output {
    /// What a verdict rests on: whoever judges pictures or runs a self-test loads a session with these.
    pub const JUDGED: [Self; 2] = [Self::PredScore, Self::AnomalyMap];

    /// As in the file; experts and features go by the name of the value that holds them, which only the file knows.
    pub fn name(self) -> &'static str {
        match self {
            Self::AnomalyMap => "anomaly_map",
            Self::PredScore => "pred_score",
            Self::AnomalyGrid => "anomaly_grid",
            Self::Embedding => "embedding",
            Self::Experts(_) => "experts",
            Self::Features => "features",
        }
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Experts(place) => write!(f, "experts {place}"),
            output => f.write_str(output.name()),
        }
    }
}

/// Outputs with the names of their values in a model.
#[cfg(any(feature = "tract", feature = "ort"))]
fn named(model: &ModelFile, outputs: &[Output], engine: &'static str) -> Result<Vec<(Output, String)>, EngineError> {
    let is_choice = |output: &Output| matches!(output, Output::Experts(_));
    let choices = if outputs.iter().any(is_choice) { model.expert_choices() } else { Vec::new() };
    let missing = |what: String| EngineError::Load { engine, message: format!("the graph has no {what}") };
    let name = |&output: &Output| match output {
        Output::Experts(place) => {
            let name = choices.get(place).cloned().ok_or_else(|| missing(format!("choice of {output}")))?;
            Ok((output, name))
        }
        Output::Features => Ok((output, model.features().ok_or_else(|| missing("aligned features".into()))?)),
        _ => Ok((output, output.name().to_owned())),
    };
    outputs.iter().map(name).collect()
}

/// Numbers with a shape, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Sides, outermost first.
    pub shape: Vec<usize>,
    /// As many as the shape says.
    pub data: Vec<f32>,
}

/// An engine's answer to one picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Outputs(Vec<(Output, Tensor)>);

impl Outputs {
    /// Puts names to tensors.
    pub fn new(tensors: Vec<(Output, Tensor)>) -> Self {
        Self(tensors)
    }

    /// The output, if the session was loaded with it.
    pub fn get(&self, output: Output) -> Option<&Tensor> {
        self.0.iter().find(|(name, _)| *name == output).map(|(_, tensor)| tensor)
    }

    /// All outputs that are left, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (Output, &Tensor)> {
        self.0.iter().map(|(output, tensor)| (*output, tensor))
    }

    /// The output itself, as [`Outputs::get`].
    pub fn take(&mut self, output: Output) -> Option<Tensor> {
        let position = self.0.iter().position(|(name, _)| *name == output)?;
        Some(self.0.swap_remove(position).1)
    }
}

/// Runs one model.
pub trait Engine: Send {
    /// What [`Engine::run`] wants: 3 x H x W numbers.
    fn input(&self) -> ImageSize;

    /// Runs the model on one normalised picture, 3 x H x W (see [`crate::preprocess::normalize`]).
    ///
    /// # Errors
    /// [`EngineError::Input`] for another number of values, [`EngineError::Run`] when the engine fails.
    fn run(&mut self, input: &[f32]) -> Result<Outputs, EngineError>;
}

impl Engine for Box<dyn Engine> {
    fn input(&self) -> ImageSize {
        (**self).input()
    }

    fn run(&mut self, input: &[f32]) -> Result<Outputs, EngineError> {
        (**self).run(input)
    }
}

/// Why an engine has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The engine does not accept the model.
    #[error("{engine} cannot load the model: {message}")]
    Load {
        /// Its name.
        engine: &'static str,
        /// Its words.
        message: String,
    },
    /// The engine fails on a picture.
    #[error("{engine} failed: {message}")]
    Run {
        /// Its name.
        engine: &'static str,
        /// Its words.
        message: String,
    },
    /// Not one picture's worth of numbers.
    #[error("network input of {size}: expected {expected} numbers, found {found}")]
    Input {
        /// Of the network.
        size: ImageSize,
        /// 3 x H x W.
        expected: usize,
        /// As given.
        found: usize,
    },
}
