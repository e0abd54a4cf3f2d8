//! `--engine`, `--provider` and what belongs to them: the flags of every command that runs a model.

use std::num::NonZeroUsize;
use std::path::Path;
#[cfg(feature = "ort")]
use std::path::PathBuf;

use std::process::Command;

use clap::{Args, ValueEnum};
use moead_model::onnx::model_file::ModelFile;
use moead_terminal::failure::At as _;
use moead_terminal::printer::Printer;

use crate::engine::Output;
use crate::engine::choice::{self, Candidate, Choice, ChoiceError, EngineName, Provider, Refusal, Request, Wish};
#[cfg(feature = "ort")]
use crate::engine::ort::{library::Search, settings::Settings};

#[derive(Debug, Clone, Args)]
pub(super) struct EngineArguments {
    /// What runs the model [default: tract, or ort where a provider is asked for that only it has]
    #[arg(long, value_enum, env = "MOEAD_ENGINE")]
    engine: Option<EngineArgument>,
    /// What it computes on [default: cpu with tract, auto with ort]
    #[arg(long, value_enum, env = "MOEAD_PROVIDER")]
    provider: Option<ProviderArgument>,
    /// ONNX Runtime's library [default: looked for, see the reference]
    #[cfg(feature = "ort")]
    #[arg(long, value_name = "FILE", env = "MOEAD_ORT_LIB")]
    ort_lib: Option<PathBuf>,
}

impl EngineArguments {
    /// Whether an engine or a provider is asked for by name.
    pub(super) fn is_open(&self) -> bool {
        self.engine.is_none() && self.provider.is_none()
    }

    /// One engine of several, with the other settings as they are.
    pub(super) fn request_of(&self, candidate: Candidate, threads: NonZeroUsize) -> Request {
        let (engine, provider) = (Some(candidate.engine), Wish::Exactly(candidate.provider));
        Request { engine, provider, ..self.request(threads) }
    }

    /// What they ask for, in this process's environment.
    pub(super) fn request(&self, threads: NonZeroUsize) -> Request {
        let engine = self.engine.map(EngineName::from);
        let provider = match (self.provider, engine) {
            (Some(provider), _) => provider.into(),
            (None, Some(EngineName::Ort)) => Wish::Auto,
            (None, _) => Wish::Exactly(Provider::Cpu),
        };
        Request {
            engine,
            provider,
            threads,
            #[cfg(feature = "ort")]
            ort: self.settings(),
        }
    }

    /// The same flags for another process of this program, but for the candidate, if one is named.
    pub(super) fn pass_on(&self, candidate: Option<Candidate>, command: &mut Command) {
        let engine = candidate.map(|candidate| candidate.engine.name().to_owned());
        let provider = candidate.map(|candidate| candidate.provider.name().to_owned());
        for (flag, value) in [
            ("--engine", engine.or_else(|| self.engine.and_then(name_of))),
            ("--provider", provider.or_else(|| self.provider.and_then(name_of))),
        ] {
            if let Some(value) = value {
                command.arg(flag).arg(value);
            }
        }
        #[cfg(feature = "ort")]
        if let Some(library) = &self.ort_lib {
            command.arg("--ort-lib").arg(library);
        }
    }

    #[cfg(feature = "ort")]
    fn settings(&self) -> Settings {
        let program = std::env::current_exe().ok();
        Settings::of(Search::of(self.ort_lib.clone(), program.as_deref(), |name| std::env::var_os(name)))
    }
}

/// `--threads` of a command that runs one engine.
#[derive(Debug, Clone, Args)]
pub(super) struct ThreadsArgument {
    /// How many threads compute a picture
    #[arg(long, value_name = "N", default_value = "1", env = "MOEAD_THREADS", value_parser = parse_threads)]
    pub(super) threads: NonZeroUsize,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum EngineArgument {
    /// Inside this program: the processor
    #[cfg(feature = "tract")]
    Tract,
    /// ONNX Runtime, a library of this machine: the processor, or an NVIDIA GPU
    #[cfg(feature = "ort")]
    Ort,
}

impl From<EngineArgument> for EngineName {
    fn from(argument: EngineArgument) -> Self {
        match argument {
            #[cfg(feature = "tract")]
            EngineArgument::Tract => Self::Tract,
            #[cfg(feature = "ort")]
            EngineArgument::Ort => Self::Ort,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ProviderArgument {
    /// The processor
    Cpu,
    /// An NVIDIA GPU, kernel by kernel
    Cuda,
    /// An NVIDIA GPU, with the model compiled for it first: takes minutes, once
    #[value(name = "tensorrt")]
    TensorRt,
    /// The best that can be had, and a word on why not the others
    Auto,
}

impl From<ProviderArgument> for Wish {
    fn from(argument: ProviderArgument) -> Self {
        match argument {
            ProviderArgument::Cpu => Self::Exactly(Provider::Cpu),
            ProviderArgument::Cuda => Self::Exactly(Provider::Cuda),
            ProviderArgument::TensorRt => Self::Exactly(Provider::TensorRt),
            ProviderArgument::Auto => Self::Auto,
        }
    }
}

/// As typed.
fn name_of(value: impl ValueEnum) -> Option<String> {
    value.to_possible_value().map(|value| value.get_name().to_owned())
}

pub(super) fn parse_threads(text: &str) -> Result<NonZeroUsize, String> {
    // More than any machine that this runs on has; each takes memory.
    const MOST: usize = 1024;
    let number = text.parse().ok().filter(|threads: &NonZeroUsize| threads.get() <= MOST);
    number.ok_or_else(|| format!("expected a whole number from 1 to {MOST}"))
}

/// Loads a model on what was asked for, and says what that is.
///
/// # Errors
/// Those of [`choice::load`], with the model file's path in front where it is the model that is at fault.
pub(super) fn load(
    request: &Request,
    (path, model): (&Path, &ModelFile),
    outputs: &[Output],
    printer: &Printer,
) -> anyhow::Result<Choice> {
    let mut steps = printer.progress().steps();
    let loaded = choice::load(model, outputs, request, &mut |step| steps.begin(&step.to_string()));
    steps.end();
    let choice = match loaded {
        Err(error @ ChoiceError::Refused { refusal: Refusal::Engine(_) | Refusal::DataDependentShapes { .. }, .. }) => {
            Err(error).at(path.display())?
        }
        other => other?,
    };
    tell(&choice, printer);
    Ok(choice)
}

/// Says what runs the model, and why nothing better does.
fn tell(choice: &Choice, printer: &Printer) {
    let Choice { candidate, description, refused, .. } = choice;
    if refused.is_empty() && *candidate == Candidate::TRACT {
        return printer.detail(format_args!("engine: {description}"));
    }
    printer.note(format_args!("engine: {candidate} ({description})"));
    for reason in choice::told(refused) {
        printer.note(format_args!("not {reason}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_counted_from_one() {
        assert_eq!(parse_threads("4").map(NonZeroUsize::get), Ok(4));
        for wrong in ["0", "-1", "1025", "all", ""] {
            assert!(parse_threads(wrong).is_err(), "{wrong}");
        }
    }
}
