//! Which engine runs a model: what was asked for, what was chosen, and why the others were not.
//!
//! Whatever is asked for by name happens or is an error. Only what is left open is chosen here, and then the choice is told
//! together with every candidate that was refused.
#![forbid(unsafe_code)]

mod loading;
mod refusal;
mod step;

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use super::crew::{Crew, InFlight};
#[cfg(feature = "ort")]
use super::ort;

pub use loading::{load, load_foreign, present};
pub use refusal::{ChoiceError, Refusal, told};
pub use step::Step;

/// The engines that were compiled in, with versions.
pub const BUILT_IN: &[&str] = &[
    #[cfg(feature = "tract")]
    "tract 0.23.9",
    #[cfg(feature = "ort")]
    "ort 2.0.0-rc.15 (ONNX Runtime 1.17 or later, from the machine)",
];

/// A program that runs graphs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EngineName {
    /// Inside of this program.
    Tract,
    /// ONNX Runtime, a library of the machine.
    Ort,
}

impl EngineName {
    /// As typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tract => "tract",
            Self::Ort => "ort",
        }
    }
}

/// What an engine computes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Provider {
    /// The processor.
    Cpu,
    /// NVIDIA's GPU, kernel by kernel.
    Cuda,
    /// NVIDIA's GPU, with the whole model compiled for it.
    TensorRt,
}

impl Provider {
    /// As typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::TensorRt => "tensorrt",
        }
    }
}

impl fmt::Display for EngineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An engine on a provider: `tract`, `ort cpu`, `ort cuda`, `ort tensorrt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Candidate {
    /// What runs the graph.
    pub engine: EngineName,
    /// On what; tract has the processor alone.
    pub provider: Provider,
}

impl Candidate {
    /// tract.
    pub const TRACT: Self = Self { engine: EngineName::Tract, provider: Provider::Cpu };
    /// All that there are, in whatever program.
    pub const ALL: [Self; 4] =
        [Self::TRACT, Self::ort(Provider::Cpu), Self::ort(Provider::Cuda), Self::ort(Provider::TensorRt)];

    /// ONNX Runtime on a provider.
    pub const fn ort(provider: Provider) -> Self {
        Self { engine: EngineName::Ort, provider }
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.engine {
            EngineName::Tract => f.write_str("tract"),
            EngineName::Ort => write!(f, "ort {}", self.provider),
        }
    }
}

/// Which provider is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Wish {
    /// The best that can be had: TensorRT where an engine for this model lies ready (building one takes minutes, which nobody should
    /// meet unasked), else CUDA, else the processor.
    #[default]
    Auto,
    /// This one.
    Exactly(Provider),
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// Left open: the one that is inside of the program, where no GPU is wanted and had.
    pub engine: Option<EngineName>,
    /// On what.
    pub provider: Wish,
    /// How many threads compute a picture.
    pub threads: NonZeroUsize,
    /// How many pictures are computed at the same time.
    pub in_flight: InFlight,
    /// ONNX Runtime's settings.
    #[cfg(feature = "ort")]
    pub ort: ort::settings::Settings,
}

impl Default for Request {
    /// The processor, one picture by one thread, and for ONNX Runtime no place to look for its library in.
    fn default() -> Self {
        Self {
            engine: None,
            provider: Wish::Exactly(Provider::Cpu),
            threads: NonZeroUsize::MIN,
            in_flight: InFlight::default(),
            #[cfg(feature = "ort")]
            ort: ort::settings::Settings::default(),
        }
    }
}

impl Request {
    /// Who may answer, the first first.
    fn candidates(&self) -> Result<Vec<Candidate>, ChoiceError> {
        let on_cpu = if cfg!(feature = "tract") { Candidate::TRACT } else { Candidate::ort(Provider::Cpu) };
        let on_gpu = [Candidate::ort(Provider::TensorRt), Candidate::ort(Provider::Cuda)];
        Ok(match (self.engine, self.provider) {
            (Some(EngineName::Tract), Wish::Exactly(provider @ (Provider::Cuda | Provider::TensorRt))) => {
                return Err(ChoiceError::NoSuchProvider { engine: EngineName::Tract, provider });
            }
            (Some(EngineName::Tract), _) => vec![Candidate::TRACT],
            (Some(EngineName::Ort), Wish::Exactly(provider)) => vec![Candidate::ort(provider)],
            (Some(EngineName::Ort), Wish::Auto) => [&on_gpu[..], &[Candidate::ort(Provider::Cpu)]].concat(),
            (None, Wish::Exactly(Provider::Cpu)) => vec![on_cpu],
            (None, Wish::Exactly(provider)) => vec![Candidate::ort(provider)],
            (None, Wish::Auto) => [&on_gpu[..], &[on_cpu]].concat(),
        })
    }
}

/// What a candidate is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Name and version: `tract 0.23.9`, `ONNX Runtime 1.32.0`.
    pub version: String,
    /// The file it comes from, unless it is inside of the program.
    pub library: Option<PathBuf>,
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.version)?;
        self.library.as_ref().map_or(Ok(()), |path| write!(f, ", {}", path.display()))
    }
}

/// An engine that is ready, and how it came to be this one.
#[derive(Debug)]
pub struct Choice {
    /// Runs the model, on as many pictures at once as were asked for.
    pub crew: Crew,
    /// Which it is.
    pub candidate: Candidate,
    /// What it is made of.
    pub description: Description,
    /// What runs where, for providers that may leave something to the processor.
    #[cfg(feature = "ort")]
    pub placement: Option<ort::placement::Placement>,
    /// How a GPU gets its work, where that was chosen.
    #[cfg(feature = "ort")]
    pub launched: Option<ort::loading::Launched>,
    /// What the engine's library warned of while it loaded the model: its words, for those who look closer.
    pub warnings: Vec<String>,
    /// Those that would have come first, each with the reason why it did not.
    pub refused: Vec<(Candidate, Refusal)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(engine: Option<EngineName>, provider: Wish) -> String {
        let request = Request { engine, provider, ..Request::default() };
        match request.candidates() {
            Ok(candidates) => candidates.iter().map(Candidate::to_string).collect::<Vec<_>>().join(", "),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn what_is_asked_for_is_the_only_candidate() {
        let exactly = Wish::Exactly;
        assert_eq!(names(Some(EngineName::Tract), Wish::Auto), "tract");
        assert_eq!(names(Some(EngineName::Ort), exactly(Provider::Cpu)), "ort cpu");
        assert_eq!(names(Some(EngineName::Ort), exactly(Provider::TensorRt)), "ort tensorrt");
        assert_eq!(names(None, exactly(Provider::Cuda)), "ort cuda");
        assert_eq!(
            names(Some(EngineName::Tract), exactly(Provider::Cuda)),
            "tract has no provider cuda: it computes on the processor"
        );
    }

    #[test]
    fn what_is_left_open_is_chosen_from_the_fastest_down() {
        assert_eq!(names(Some(EngineName::Ort), Wish::Auto), "ort tensorrt, ort cuda, ort cpu");
        let on_cpu = if cfg!(feature = "tract") { "tract" } else { "ort cpu" };
        assert_eq!(names(None, Wish::Auto), format!("ort tensorrt, ort cuda, {on_cpu}"));
        assert_eq!(names(None, Wish::Exactly(Provider::Cpu)), on_cpu);
    }
}
