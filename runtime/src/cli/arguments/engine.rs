//! `--engine`, `--provider` and what belongs to them: the flags of every command that runs a model.

use std::ffi::OsString;
use std::num::NonZeroUsize;
#[cfg(feature = "ort")]
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use moead_terminal::failure::UsageError;

#[cfg(feature = "ort")]
use crate::engine::choice::ChoiceError;
use crate::engine::choice::{self, Candidate, Description, EngineName, Provider, Refusal, Request, Wish};
use crate::engine::crew::InFlight;
#[cfg(feature = "ort")]
use crate::engine::ort::{
    library::Search,
    providers::{cuda::GpuSettings, tensorrt::Precision},
    settings::{MAX_CPU_NODES, Settings},
};

/// The variable for `--ort-lib`.
#[cfg(feature = "ort")]
const ORT_LIB: &str = "MOEAD_ORT_LIB";

/// Which engine, on what, and its settings.
#[derive(Debug, Clone, Args)]
pub struct EngineArguments {
    /// What runs the model [default: tract, or ort where a provider is asked for that only it has]
    #[arg(long, value_enum, env = "MOEAD_ENGINE")]
    engine: Option<EngineArgument>,
    /// What it computes on [default: cpu with tract, auto with ort]
    #[arg(long, value_enum, env = "MOEAD_PROVIDER")]
    provider: Option<ProviderArgument>,
    /// ONNX Runtime's library [default: looked for, see the reference]
    #[cfg(feature = "ort")]
    #[arg(long, value_name = "FILE", env = ORT_LIB)]
    ort_lib: Option<PathBuf>,
    #[cfg(feature = "ort")]
    #[command(flatten)]
    gpu: GpuArguments,
}

/// For `--provider cuda` and `--provider tensorrt`.
#[cfg(feature = "ort")]
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "NVIDIA GPU")]
struct GpuArguments {
    /// Which GPU, counted from 0
    #[arg(long = "gpu", value_name = "N", default_value_t = 0, env = "MOEAD_GPU")]
    device: u16,
    /// How much of its memory may be taken: 512M, 2G [default: no limit]
    #[arg(long = "gpu-memory", value_name = "SIZE", env = "MOEAD_GPU_MEMORY", value_parser = parse_size)]
    memory: Option<u64>,
    /// How many nodes of the model may stay on the processor; more are an error
    #[arg(long, value_name = "N", default_value_t = MAX_CPU_NODES, env = "MOEAD_MAX_CPU_NODES")]
    max_cpu_nodes: usize,
    /// With how many bits TensorRT may compute
    #[arg(long, value_enum, value_name = "PRECISION", default_value_t = PrecisionArgument::F32, env = "MOEAD_TENSORRT_PRECISION")]
    tensorrt_precision: PrecisionArgument,
    /// TensorRT's calibration table, for int8
    #[arg(long, value_name = "FILE", env = "MOEAD_TENSORRT_CALIBRATION")]
    tensorrt_calibration: Option<PathBuf>,
    /// Where TensorRT's engines are kept [default: moead-edge/tensorrt in the user's cache folder]
    #[arg(long, value_name = "FOLDER", env = "MOEAD_TENSORRT_CACHE")]
    tensorrt_cache: Option<PathBuf>,
}

#[cfg(feature = "ort")]
#[derive(Debug, Clone, Copy, ValueEnum)]
enum PrecisionArgument {
    /// Single precision
    F32,
    /// Half, where it is faster
    F16,
    /// Eight bits where the calibration table has a range, half elsewhere
    Int8,
}

#[cfg(feature = "ort")]
impl From<PrecisionArgument> for Precision {
    fn from(argument: PrecisionArgument) -> Self {
        match argument {
            PrecisionArgument::F32 => Self::F32,
            PrecisionArgument::F16 => Self::F16,
            PrecisionArgument::Int8 => Self::Int8,
        }
    }
}

impl EngineArguments {
    /// Whether an engine or a provider is asked for by name.
    pub fn is_open(&self) -> bool {
        self.engine.is_none() && self.provider.is_none()
    }

    /// Every engine there is, with what it is made of or why it cannot be used.
    ///
    /// # Errors
    /// Those of [`EngineArguments::request`], and a library that a flag names and that cannot be had.
    pub fn present(&self, threads: NonZeroUsize) -> anyhow::Result<Vec<(Candidate, Result<Description, Refusal>)>> {
        #[cfg_attr(not(feature = "ort"), expect(unused_mut, reason = "there is no library"))]
        let mut present = choice::present(&self.request(threads)?);
        #[cfg(feature = "ort")]
        if self.names_library()
            && let Some(at) = present.iter().position(|(_, found)| matches!(found, Err(Refusal::Library(_))))
            && let (candidate, Err(refusal)) = present.swap_remove(at)
        {
            return Err(ChoiceError::Refused { candidate, refusal }.into());
        }
        Ok(present)
    }

    /// A variable tells where the library of this machine is, whoever needs it; a flag asks for it now.
    #[cfg(feature = "ort")]
    fn names_library(&self) -> bool {
        self.ort_lib.is_some() && self.ort_lib.as_ref().map(OsString::from) != std::env::var_os(ORT_LIB)
    }

    /// One engine of several, with the other settings as they are.
    ///
    /// # Errors
    /// Those of [`EngineArguments::request`].
    pub fn request_of(&self, candidate: Candidate, threads: NonZeroUsize) -> Result<Request, UsageError> {
        let (engine, provider) = (Some(candidate.engine), Wish::Exactly(candidate.provider));
        Ok(Request { engine, provider, ..self.request(threads)? })
    }

    /// What they ask for, in this process's environment.
    ///
    /// # Errors
    /// tract by name, and with it what it does not have.
    pub fn request(&self, threads: NonZeroUsize) -> Result<Request, UsageError> {
        self.check()?;
        let engine = self.engine.map(EngineName::from);
        // Whoever names the library wants it.
        #[cfg(feature = "ort")]
        let engine = engine.or(self.ort_lib.is_some().then_some(EngineName::Ort));
        let provider = match (self.provider, engine) {
            (Some(provider), _) => provider.into(),
            (None, Some(EngineName::Ort)) => Wish::Auto,
            (None, _) => Wish::Exactly(Provider::Cpu),
        };
        Ok(Request {
            engine,
            provider,
            threads,
            in_flight: InFlight::default(),
            #[cfg(feature = "ort")]
            ort: self.settings(),
        })
    }

    fn check(&self) -> Result<(), UsageError> {
        if self.engine.map(EngineName::from) != Some(EngineName::Tract) {
            return Ok(());
        }
        if let Some(provider @ (ProviderArgument::Cuda | ProviderArgument::TensorRt)) = self.provider {
            let provider = name_of(provider).unwrap_or_default();
            return Err(UsageError::new(format!(
                "`--engine tract` computes on the processor and has no `--provider {provider}`: leave one of them out"
            )));
        }
        #[cfg(feature = "ort")]
        if self.names_library() {
            return Err(UsageError::new("`--engine tract` loads no library: leave it or `--ort-lib` out"));
        }
        Ok(())
    }

    /// The same flags for another process of this program, but for the candidate, if one is named.
    pub fn flags(&self, candidate: Option<Candidate>) -> Vec<OsString> {
        let engine = candidate.map(|candidate| candidate.engine.name().to_owned());
        let provider = candidate.map(|candidate| candidate.provider.name().to_owned());
        let mut flags = Vec::new();
        let mut pass = |flag: &str, value: Option<OsString>| {
            if let Some(value) = value {
                flags.extend([flag.into(), value]);
            }
        };
        pass("--engine", engine.or_else(|| self.engine.and_then(name_of)).map(OsString::from));
        pass("--provider", provider.or_else(|| self.provider.and_then(name_of)).map(OsString::from));
        #[cfg(feature = "ort")]
        {
            let GpuArguments { device, memory, max_cpu_nodes, .. } = &self.gpu;
            let path = |path: &Option<PathBuf>| path.clone().map(OsString::from);
            if candidate != Some(Candidate::TRACT) {
                pass("--ort-lib", path(&self.ort_lib));
            }
            pass("--gpu", Some(device.to_string().into()));
            pass("--gpu-memory", memory.map(|bytes| format!("{}M", bytes >> 20).into()));
            pass("--max-cpu-nodes", Some(max_cpu_nodes.to_string().into()));
            pass("--tensorrt-precision", name_of(self.gpu.tensorrt_precision).map(OsString::from));
            pass("--tensorrt-calibration", path(&self.gpu.tensorrt_calibration));
            pass("--tensorrt-cache", path(&self.gpu.tensorrt_cache));
        }
        flags
    }

    #[cfg(feature = "ort")]
    fn settings(&self) -> Settings {
        let program = std::env::current_exe().ok();
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        Settings {
            search: Search::of(self.ort_lib.clone(), program.as_deref(), variable),
            gpu: GpuSettings { device: self.gpu.device.into(), memory: self.gpu.memory },
            max_cpu_nodes: self.gpu.max_cpu_nodes,
            precision: self.gpu.tensorrt_precision.into(),
            calibration: self.gpu.tensorrt_calibration.clone(),
            engines: self.gpu.tensorrt_cache.clone().or_else(|| engines(variable)),
            scratch: std::env::temp_dir(),
        }
    }
}

/// `--threads` of a command that runs one engine.
#[derive(Debug, Clone, Args)]
pub struct ThreadsArgument {
    /// How many threads compute a picture
    #[arg(long, value_name = "N", default_value = "1", env = "MOEAD_THREADS", value_parser = parse_threads)]
    pub threads: NonZeroUsize,
}

/// `--in-flight` of a command that judges many pictures.
#[derive(Debug, Clone, Args)]
pub struct InFlightArgument {
    /// How many pictures are computed at the same time, each by `--threads` threads [default: one with cameras or on a GPU; with
    /// files as many as the processor has room for, at most 4]
    #[arg(long, value_name = "N", env = "MOEAD_IN_FLIGHT", value_parser = parse_threads)]
    in_flight: Option<NonZeroUsize>,
}

impl InFlightArgument {
    /// As many as it says, or else as usual.
    pub fn of(&self, usual: InFlight) -> InFlight {
        self.in_flight.map_or(usual, InFlight::Exactly)
    }
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

/// Where a user's programs keep what they can make anew; a service has a folder of its own for that.
#[cfg(feature = "ort")]
fn engines(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = |name: &str| variable(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
    if let Some(folder) = folder("CACHE_DIRECTORY") {
        return Some(folder.join("tensorrt"));
    }
    let cache = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")));
    cache.map(|cache| cache.join("moead-edge/tensorrt"))
}

#[cfg(feature = "ort")]
fn parse_size(text: &str) -> Result<u64, String> {
    let expected = || "expected a size, as in 512M or 2G".to_owned();
    let (number, shift) = match text.char_indices().last() {
        Some((end, 'M')) => (&text[..end], 20),
        Some((end, 'G')) => (&text[..end], 30),
        _ => return Err(expected()),
    };
    let number: u64 = number.parse().map_err(|_| expected())?;
    number.checked_mul(1 << shift).filter(|&bytes| bytes > 0).ok_or_else(expected)
}

/// A number of threads, as typed.
///
/// # Errors
/// What was expected, in words.
pub fn parse_threads(text: &str) -> Result<NonZeroUsize, String> {
    // More than any machine that this runs on has; each takes memory.
    const MOST: usize = 1024;
    let number = text.parse().ok().filter(|threads: &NonZeroUsize| threads.get() <= MOST);
    number.ok_or_else(|| format!("expected a whole number from 1 to {MOST}"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct OnlyEngine {
        #[command(flatten)]
        engine: EngineArguments,
    }

    fn parse(flags: &[OsString]) -> OnlyEngine {
        OnlyEngine::try_parse_from([OsString::from("x")].iter().chain(flags)).unwrap()
    }

    #[cfg(feature = "ort")]
    #[test]
    fn every_flag_is_passed_on() {
        let command = EngineArguments::augment_args(clap::Command::new("x"));
        let value = |flag: &str| match flag {
            "engine" => "ort",
            "provider" => "cuda",
            "gpu-memory" => "512M",
            "tensorrt-precision" => "f16",
            _ => "7",
        };
        let long = command.get_arguments().filter_map(clap::Arg::get_long);
        let typed: Vec<OsString> = long.flat_map(|flag| [format!("--{flag}").into(), value(flag).into()]).collect();
        let passed = parse(&typed).engine.flags(None);
        assert_eq!(passed.len(), typed.len(), "{passed:?}");
        assert_eq!(format!("{:?}", parse(&typed)), format!("{:?}", parse(&passed)));
    }

    #[test]
    fn a_named_candidate_wins_over_the_flags() {
        let on_cpu = Candidate::ort(Provider::Cpu);
        let flags = OnlyEngine::try_parse_from(["x", "--provider", "auto"]).unwrap().engine.flags(Some(on_cpu));
        assert_eq!(flags[..4], ["--engine", "ort", "--provider", "cpu"].map(OsString::from));
    }

    #[cfg(all(feature = "ort", feature = "tract"))]
    #[test]
    fn tract_is_not_asked_for_what_it_does_not_have() {
        let asked = |flags: &str| {
            let parsed = OnlyEngine::try_parse_from(["x"].into_iter().chain(flags.split(' '))).unwrap();
            parsed.engine.request(NonZeroUsize::MIN).map(drop)
        };
        for contradiction in ["--ort-lib x.so", "--provider cuda", "--provider tensorrt"] {
            assert!(asked(&format!("--engine tract {contradiction}")).is_err(), "{contradiction}");
            assert_eq!(asked(contradiction), Ok(()));
            assert_eq!(asked(&format!("--engine ort {contradiction}")), Ok(()));
        }
        assert_eq!(asked("--engine tract --provider auto"), Ok(()));
    }

    #[cfg(feature = "ort")]
    #[test]
    fn a_library_goes_to_those_who_load_it() {
        let passed = |candidate| {
            let typed = OnlyEngine::try_parse_from(["x", "--ort-lib", "x.so"]).unwrap();
            typed.engine.flags(Some(candidate)).contains(&OsString::from("x.so"))
        };
        assert!(passed(Candidate::ort(Provider::Cpu)));
        assert!(!passed(Candidate::TRACT));
    }

    #[test]
    fn threads_are_counted_from_one() {
        assert_eq!(parse_threads("4").map(NonZeroUsize::get), Ok(4));
        for wrong in ["0", "-1", "1025", "all", ""] {
            assert!(parse_threads(wrong).is_err(), "{wrong}");
        }
    }

    #[cfg(feature = "ort")]
    #[test]
    fn sizes_have_a_unit() {
        assert_eq!((parse_size("512M"), parse_size("2G")), (Ok(512 << 20), Ok(2 << 30)));
        for wrong in
            ["", "M", "0G", "1", "1.5G", "-1M", "99999999999999999999G", "18446744073709551615G", "1k", "1\u{20ac}"]
        {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
    }

    #[cfg(feature = "ort")]
    #[test]
    fn engines_are_kept_where_a_service_or_a_user_keeps_such_things() {
        let of = |set: &[(&str, &str)]| {
            let value =
                |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value));
            engines(value).map(|path| path.display().to_string()).unwrap_or_default()
        };
        assert_eq!(of(&[("HOME", "/home/u"), ("CACHE_DIRECTORY", "/var/cache/moead")]), "/var/cache/moead/tensorrt");
        assert_eq!(of(&[("HOME", "/home/u"), ("XDG_CACHE_HOME", "/c")]), "/c/moead-edge/tensorrt");
        assert_eq!(of(&[("HOME", "/home/u")]), "/home/u/.cache/moead-edge/tensorrt");
        assert_eq!(of(&[("HOME", "relative")]), "");
    }
}
