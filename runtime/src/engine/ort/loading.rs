//! From a request to a session: model's form, library, provider, model, in this order, each with its own reason to refuse.

use std::fmt;
use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use moead_model::onnx::foreign::ForeignModel;
use moead_model::onnx::model_file::ModelFile;
use moead_model::self_test;

use super::cache::{self, EngineCache, Key, State};
use super::identity;
use super::library::Library;
use super::own_thread::OnOwnThread;
use super::placement::Placement;
use super::profile::{self, ProfileError};
use super::providers::cuda::Launch;
use super::providers::tensorrt::{EngineSettings, Precision};
use super::providers::{Setup, Target};
use super::replay;
use super::session::Session;
use super::settings::Settings;
use crate::engine::choice::{Provider, Refusal, Step};
use crate::engine::{Engine, Output, Outputs};
use crate::preprocess::normalize::normalize;

/// The calibration table's name beside an engine.
const TABLE: &str = "calibration.table";

/// An engine, and what it is made of.
pub struct Loaded {
    /// Ready to run.
    pub engine: Box<dyn Engine>,
    /// The library it runs in.
    pub library: &'static Library,
    /// What runs where, for providers that may leave something to the processor.
    pub placement: Option<Placement>,
    /// How a GPU gets its work, where that was chosen.
    pub launched: Option<Launched>,
}

/// How a GPU gets its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Launched {
    /// In one piece.
    AsGraph,
    /// Piece by piece, which takes longer.
    KernelByKernel {
        /// Why not in one.
        reason: String,
    },
}

impl fmt::Display for Launched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AsGraph => f.write_str("the GPU replays a picture's work as one graph"),
            Self::KernelByKernel { reason } => {
                write!(f, "the GPU gets its work kernel by kernel, not as one graph: {reason}")
            }
        }
    }
}

/// Whether an engine that is missing is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// It is, for minutes.
    Build,
    /// It is a reason to refuse.
    OnlyReady,
}

/// A model that is to be loaded.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// Which.
    pub model: &'a ModelFile,
    /// What will be asked of it.
    pub outputs: &'a [Output],
    /// How many threads compute.
    pub threads: NonZeroUsize,
    /// Everything else.
    pub settings: &'a Settings,
}

/// Looks whether a provider can be used here at all, whatever the model.
///
/// # Errors
/// [`Refusal`]
pub fn check(provider: Provider, settings: &Settings) -> Result<&'static Library, Refusal> {
    let library = Library::load(&settings.search)?;
    let engine = EngineSettings { precision: settings.precision, ..EngineSettings::default() };
    let target = match provider {
        Provider::Cpu => Target::Cpu,
        Provider::Cuda => Target::Cuda(settings.gpu, Launch::KernelByKernel),
        Provider::TensorRt => Target::TensorRt(settings.gpu, engine),
    };
    Setup { library, provider: &target, threads: NonZeroUsize::MIN, batch: None, profile: None }.check()?;
    Ok(library)
}

/// Loads a model of somebody else on the processor.
///
/// # Errors
/// [`Refusal`]
pub fn load_foreign(
    model: &ForeignModel,
    outputs: &[Output],
    threads: NonZeroUsize,
    settings: &Settings,
) -> Result<Loaded, Refusal> {
    let library = check(Provider::Cpu, settings)?;
    let batch = model.batch().map(str::to_owned);
    let setup = Setup { library, provider: &Target::Cpu, threads, batch, profile: None };
    let engine = Box::new(Session::load_foreign(&setup, model, outputs)?);
    Ok(Loaded { engine, library, placement: None, launched: None })
}

impl Job<'_> {
    /// Loads the model on a provider.
    ///
    /// # Errors
    /// [`Refusal`]
    pub fn load(
        &self,
        provider: Provider,
        patience: Patience,
        progress: &mut dyn FnMut(Step),
    ) -> Result<Loaded, Refusal> {
        if provider != Provider::Cpu && self.model.traits().has_data_dependent_shapes {
            return Err(Refusal::DataDependentShapes);
        }
        let library = check(provider, self.settings)?;
        match provider {
            Provider::Cpu => {
                let session = Session::load(&self.setup(library, &Target::Cpu, None), self.model, self.outputs)?;
                Ok(Loaded { engine: Box::new(session), library, placement: None, launched: None })
            }
            Provider::Cuda => self.on_cuda(library),
            Provider::TensorRt => self.on_tensorrt(library, patience, progress),
        }
    }

    /// Loads the model and has it judge the self-test's picture once, to see what really runs where. That is also the run in which a
    /// GPU's libraries choose their kernels and take their memory.
    ///
    /// # Errors
    /// [`Refusal`]
    pub fn placed(&self, library: &'static Library, target: &Target) -> Result<(Session, Placement), Refusal> {
        let (session, _, profile) = self.watched(library, target, &[self.first_picture()])?;
        Ok((session, Placement::of(&profile)?))
    }

    /// The self-test's.
    fn first_picture(&self) -> Vec<f32> {
        let manifest = self.model.manifest();
        let seed = manifest.self_test.as_ref().map_or(1, |test| test.seed);
        let picture = self_test::picture(seed, manifest.input.size());
        normalize(&picture, manifest.input.normalization())
    }

    /// Loads the model on the processor and has it judge `inputs`; the library's profile of that (see [`profile`]).
    ///
    /// # Errors
    /// [`Refusal`]
    pub fn profile(&self, inputs: &[Vec<f32>]) -> Result<Vec<u8>, Refusal> {
        let library = check(Provider::Cpu, self.settings)?;
        Ok(self.watched(library, &Target::Cpu, inputs)?.2)
    }

    /// The session, its last answer, and the profile.
    fn watched(
        &self,
        library: &'static Library,
        target: &Target,
        inputs: &[Vec<f32>],
    ) -> Result<(Session, Option<Outputs>, Vec<u8>), Refusal> {
        let scratch = Scratch::new(&self.settings.scratch)?;
        let prefix = scratch.0.join("profile");
        let mut session = Session::load(&self.setup(library, target, Some(prefix)), self.model, self.outputs)?;
        let mut seen = None;
        for input in inputs {
            seen = Some(session.run(input)?);
        }
        let profile = session.end_profile()?;
        Ok((session, seen, profile::take(Path::new(&profile))?))
    }

    /// As a graph, where one can be recorded; else kernel by kernel, and the reason is told.
    fn on_cuda(&self, library: &'static Library) -> Result<Loaded, Refusal> {
        let reason = match library.version.filter(|version| *version < replay::SINCE) {
            Some(_) => format!("libraries before {} record no graph", replay::SINCE),
            None => match self.as_graph(library) {
                Ok(loaded) => return Ok(loaded),
                Err(refusal) => refusal.to_string(),
            },
        };
        let loaded = self.on_gpu(library, &Target::Cuda(self.settings.gpu, Launch::KernelByKernel))?;
        Ok(Loaded { launched: Some(Launched::KernelByKernel { reason }), ..loaded })
    }

    fn as_graph(&self, library: &'static Library) -> Result<Loaded, Refusal> {
        let gpu = self.settings.gpu;
        let picture = self.first_picture();
        let target = Target::Cuda(gpu, Launch::AsGraph);
        let (session, seen, profile) = self.watched(library, &target, std::slice::from_ref(&picture))?;
        let placement = Placement::of(&profile)?.check(self.settings.max_cpu_nodes)?;
        let seen = seen.unwrap_or_else(|| Outputs::new(Vec::new()));
        let engine = OnOwnThread::start(session, move |session| session.record(gpu.device, &picture, &seen))?;
        let (engine, placement) = (Box::new(engine), Some(placement));
        Ok(Loaded { engine, library, placement, launched: Some(Launched::AsGraph) })
    }

    fn on_gpu(&self, library: &'static Library, target: &Target) -> Result<Loaded, Refusal> {
        let (session, placement) = self.placed(library, target)?;
        let placement = placement.check(self.settings.max_cpu_nodes)?;
        Ok(Loaded { engine: Box::new(session), library, placement: Some(placement), launched: None })
    }

    fn on_tensorrt(
        &self,
        library: &'static Library,
        patience: Patience,
        progress: &mut dyn FnMut(Step),
    ) -> Result<Loaded, Refusal> {
        let table = self.calibration()?;
        let cache = self.cache(library, table.as_deref())?;
        let load = |folder: &Path| {
            let engine = EngineSettings {
                precision: self.settings.precision,
                folder: Some(folder.into()),
                calibration: table.as_ref().map(|_| TABLE),
            };
            self.on_gpu(library, &Target::TensorRt(self.settings.gpu, engine))
        };
        let reason = match cache.look()? {
            State::Ready(folder) => {
                let loaded = load(&folder)?;
                if cache.settle()? {
                    progress(Step::RebuiltByProvider);
                }
                return Ok(loaded);
            }
            State::Absent => None,
            State::Refused(reason) => Some(reason),
        };
        if patience == Patience::OnlyReady {
            return Err(Refusal::NoEngine { reason });
        }
        progress(Step::Building { reason });
        cache.build(|folder| {
            if let Some(table) = &table {
                fs::write(folder.join(TABLE), table).map_err(|error| cache.failed(error))?;
            }
            load(folder)
        })
    }

    fn cache(&self, library: &Library, table: Option<&[u8]>) -> Result<EngineCache, Refusal> {
        let root = self.settings.engines.as_ref().ok_or(Refusal::NoEngineFolder)?;
        let beside = library.path.parent().map(Path::to_path_buf);
        let folders: Vec<PathBuf> = beside.into_iter().chain(self.settings.search.folders.iter().cloned()).collect();
        let unknown = || "unknown".to_owned();
        let key = Key {
            model: cache::sha256(self.model.bytes()),
            device: identity::device(Path::new("/"), self.settings.gpu.device),
            onnxruntime: library.version.map_or_else(unknown, |version| version.to_string()),
            tensorrt: identity::tensorrt(&folders).unwrap_or_else(unknown),
            precision: self.settings.precision.name().into(),
            calibration: table.map(cache::sha256),
        };
        Ok(EngineCache::new(root, key))
    }

    /// The calibration table's bytes; needed with eight bits, and with nothing else.
    fn calibration(&self) -> Result<Option<Vec<u8>>, Refusal> {
        match (self.settings.precision, &self.settings.calibration) {
            (Precision::Int8, None) => Err(Refusal::NoCalibration),
            (Precision::Int8, Some(path)) => {
                let bytes = fs::read(path).map_err(|error| Refusal::Calibration { path: path.clone(), error })?;
                Ok(Some(bytes))
            }
            _ => Ok(None),
        }
    }

    fn setup<'a>(&self, library: &'a Library, provider: &'a Target, profile: Option<PathBuf>) -> Setup<'a> {
        Setup { library, provider, threads: self.threads, batch: self.model.traits().batch.clone(), profile }
    }
}

/// A folder of our own, gone when dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new(parent: &Path) -> Result<Self, ProfileError> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        loop {
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = parent.join(format!("moead-edge-profile-{}-{number}", std::process::id()));
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Self(path)),
                // Somebody else's: nothing is written into it.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(ProfileError::File { path, error }),
            }
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A folder of a few kilobytes that stays is no reason to end a program that runs.
        let _ = fs::remove_dir_all(&self.0);
    }
}
