//! Which engine runs a model: what was asked for, what was chosen, and why the others were not.
//!
//! Whatever is asked for by name happens or is an error. Only what is left open is chosen here, and then the choice is told
//! together with every candidate that was refused.
#![forbid(unsafe_code)]

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use moead_model::onnx::foreign::ForeignModel;
use moead_model::onnx::model_file::ModelFile;

use super::crew::{Crew, InFlight};
#[cfg(feature = "ort")]
use super::ort;
use super::{EngineError, Output};

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

/// What is going on while a model is loaded: for people who wait.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// The engine reads and optimises the model: a second.
    Loading(Candidate),
    /// TensorRT compiles the model: minutes. `reason` is what was wrong with the engine that there was.
    Building {
        /// Why not the old one.
        reason: Option<String>,
    },
    /// TensorRT did not like the engine that it got, and compiled the model on its own.
    RebuiltByProvider,
}

impl Step {
    /// Whether it is worth a line, also where nobody watches: it takes minutes, or took them.
    pub fn is_long(&self) -> bool {
        !matches!(self, Self::Loading(_))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loading(candidate) => write!(f, "loading the model on {candidate}"),
            Self::Building { reason: None } => f.write_str("building the TensorRT engine, once: this takes minutes"),
            Self::Building { reason: Some(reason) } => {
                write!(f, "building the TensorRT engine anew ({reason}): this takes minutes")
            }
            Self::RebuiltByProvider => {
                f.write_str("TensorRT built its engine anew: it could not use the one that was kept")
            }
        }
    }
}

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

struct Loaded {
    crew: Crew,
    description: Description,
    #[cfg(feature = "ort")]
    placement: Option<ort::placement::Placement>,
    #[cfg(feature = "ort")]
    launched: Option<ort::loading::Launched>,
    warnings: Vec<String>,
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
            let session = super::tract::Session::load(model, outputs, request.threads)?;
            let others = (1..in_flight.get()).map(|_| session.another()).collect::<Result<Vec<_>, _>>()?;
            let crew = others.into_iter().fold(Crew::new(session), Crew::and);
            Ok(Loaded {
                crew,
                description: tract(),
                #[cfg(feature = "ort")]
                placement: None,
                #[cfg(feature = "ort")]
                launched: None,
                warnings: Vec::new(),
            })
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
        Candidate::TRACT => Ok(Loaded {
            crew: Crew::new(super::tract::Session::load_foreign(model, outputs, request.threads)?),
            description: tract(),
            #[cfg(feature = "ort")]
            placement: None,
            #[cfg(feature = "ort")]
            launched: None,
            warnings: Vec::new(),
        }),
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
