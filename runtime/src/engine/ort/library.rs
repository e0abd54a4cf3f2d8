//! Finds ONNX Runtime on the machine and loads it, once for the process.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ::ort::environment::Environment;
use ::ort::logging::LogLevel;

use super::elf::{ElfError, Machine, SharedObject, Version};
use super::words::whole;

/// The oldest library that has what is called here: its interface 17.
pub const MINIMUM: Version = Version { major: 1, minor: ::ort::MINOR_VERSION, patch: 0 };

/// The library's name, apart from the version that may stand behind it.
const NAME: &str = "libonnxruntime.so";
/// Messages of the library that are kept. It can say the same about every picture, for months.
const MESSAGES: usize = 32;

/// Where to look, in this order. A path that was given by name is the only one that is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Search {
    /// A file, as asked for.
    pub asked: Option<PathBuf>,
    /// A file, from the environment variable that programs of ONNX Runtime's Rust bindings look at: `ORT_DYLIB_PATH`.
    pub variable: Option<PathBuf>,
    /// Folders.
    pub folders: Vec<PathBuf>,
    /// Folders of Python environments that are active.
    pub python: Vec<PathBuf>,
}

/// Folders in which Linux systems and the packages of ONNX Runtime's makers keep libraries.
const USUAL: [&str; 8] = [
    "/usr/local/lib",
    #[cfg(target_arch = "aarch64")]
    "/usr/lib/aarch64-linux-gnu",
    #[cfg(not(target_arch = "aarch64"))]
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib64",
    "/usr/local/onnxruntime/lib",
    "/opt/onnxruntime/lib",
    "/usr/local/cuda/lib64",
];

impl Search {
    /// In an environment: `asked`, `ORT_DYLIB_PATH`, beside the program and in `lib` there, the folders of `LD_LIBRARY_PATH`, the
    /// usual ones, `VIRTUAL_ENV`, `CONDA_PREFIX`.
    pub fn of(asked: Option<PathBuf>, program: Option<&Path>, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let beside = program.and_then(Path::parent).map(Path::to_path_buf);
        let below = beside.as_ref().map(|folder| folder.join("lib"));
        let listed = set("LD_LIBRARY_PATH");
        let listed = listed.iter().flat_map(std::env::split_paths).filter(|folder| folder.is_absolute());
        Self {
            asked,
            variable: set("ORT_DYLIB_PATH").map(PathBuf::from),
            folders: beside.into_iter().chain(below).chain(listed).chain(USUAL.map(PathBuf::from)).collect(),
            python: ["VIRTUAL_ENV", "CONDA_PREFIX"].iter().filter_map(|name| set(name)).map(PathBuf::from).collect(),
        }
    }

    /// The file to load.
    ///
    /// # Errors
    /// [`LibraryError::Unusable`] when a file that was given by name cannot be loaded, [`LibraryError::Missing`] when no folder
    /// has one that can.
    pub fn find(&self) -> Result<Found, LibraryError> {
        if let Some(path) = self.asked.as_ref().or(self.variable.as_ref()) {
            let path = path.canonicalize().unwrap_or_else(|_| path.clone());
            return examine(&path).map_err(|reason| LibraryError::Unusable { path, reason });
        }
        let mut looked = Vec::new();
        for folder in self.folders.iter().cloned().chain(self.python.iter().flat_map(|root| python_folders(root))) {
            let mut refused = Vec::new();
            for path in libraries(&folder) {
                match examine(&path) {
                    Ok(found) => return Ok(found),
                    Err(reason) => refused.push((path, reason)),
                }
            }
            looked.push(Looked { folder, refused });
        }
        Err(LibraryError::Missing { looked })
    }
}

/// A library's file that passed every check that can be made from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Absolute, links resolved.
    pub path: PathBuf,
    /// As its symbols say, if they do.
    pub version: Option<Version>,
}

/// A folder that was searched in vain.
#[derive(Debug)]
pub struct Looked {
    /// Which one.
    pub folder: PathBuf,
    /// What was in it, and why that is no use.
    pub refused: Vec<(PathBuf, Reason)>,
}

impl fmt::Display for Looked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.folder.display())?;
        let mut between = " (";
        for (path, reason) in &self.refused {
            let name = path.file_name().unwrap_or(path.as_os_str());
            write!(f, "{between}{}: {reason}", name.to_string_lossy())?;
            between = "; ";
        }
        if self.refused.is_empty() { Ok(()) } else { f.write_str(")") }
    }
}

/// Why a library's file is not loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The file is not there, or not what it should be.
    #[error(transparent)]
    File(#[from] ElfError),
    /// Another library, whole as it may be.
    #[error("not ONNX Runtime: it calls itself {0}")]
    Other(String),
    /// Too old.
    #[error("version {found}, expected at least {MINIMUM}")]
    Version {
        /// The library's.
        found: String,
    },
    /// The dynamic linker refuses it, or it is another library.
    #[error("{0}")]
    Linker(String),
}

/// Why there is no ONNX Runtime.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LibraryError {
    /// Nothing that can be used in any place.
    #[error("ONNX Runtime: no {NAME} in {}", list(looked))]
    Missing {
        /// Everything that was searched.
        looked: Vec<Looked>,
    },
    /// The one that was named, or found, cannot be used.
    #[error("{}: {reason}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        reason: Reason,
    },
    /// A process has one.
    #[error("{}: this process uses {} already, and cannot change it", asked.display(), loaded.display())]
    Another {
        /// As asked for.
        asked: PathBuf,
        /// In use.
        loaded: PathBuf,
    },
    /// It was loaded, and then could not set itself up.
    #[error("{}: {message}", path.display())]
    Start {
        /// The file.
        path: PathBuf,
        /// Its words.
        message: String,
    },
}

fn list(looked: &[Looked]) -> String {
    looked.iter().map(Looked::to_string).collect::<Vec<_>>().join(", ")
}

/// ONNX Runtime, in this process.
#[derive(Debug)]
pub struct Library {
    /// The file.
    pub path: PathBuf,
    /// From its symbols, or from the build information that it gives.
    pub version: Option<Version>,
    environment: Environment,
    messages: Messages,
}

/// What the library said, the newest last.
type Messages = Arc<Mutex<VecDeque<String>>>;

/// The bindings keep the first library for as long as the process lives.
static LOADED: OnceLock<Library> = OnceLock::new();
static LOADING: Mutex<()> = Mutex::new(());

impl Library {
    /// Finds and loads the library; the same one every time.
    ///
    /// # Errors
    /// [`LibraryError`]
    pub fn load(search: &Search) -> Result<&'static Self, LibraryError> {
        let _one_at_a_time = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = LOADED.get() {
            return loaded.unless_another(search);
        }
        let Found { path, version } = search.find()?;
        let builder = ::ort::init_from(&path).map_err(|error| {
            let reason = match error {
                ::ort::LoadDynamicError::BadVersion { version_str, .. } => Reason::Version { found: version_str },
                ::ort::LoadDynamicError::Dlopen { error, .. } => Reason::Linker(whole(&error)),
                ::ort::LoadDynamicError::MissingApi { .. } => {
                    Reason::Linker("not ONNX Runtime: no OrtGetApiBase".into())
                }
                other => Reason::Linker(other.to_string()),
            };
            LibraryError::Unusable { path: path.clone(), reason }
        })?;
        let messages = Messages::default();
        let kept = Arc::clone(&messages);
        let environment = builder
            .with_name("moead-edge")
            .with_telemetry(false)
            .with_logger(Arc::new(move |level, _, _, _, message| {
                if level >= LogLevel::Warning {
                    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    if kept.len() == MESSAGES {
                        kept.pop_front();
                    }
                    kept.push_back(message.to_owned());
                }
            }))
            .build()
            .map_err(|error| LibraryError::Start { path: path.clone(), message: whole(&error) })?;
        environment.set_log_level(LogLevel::Warning);
        Ok(LOADED.get_or_init(|| Self { path, version, environment, messages }))
    }

    fn unless_another(&'static self, search: &Search) -> Result<&'static Self, LibraryError> {
        match &search.asked {
            Some(asked) if asked.canonicalize().is_ok_and(|asked| asked == self.path) => Ok(self),
            Some(asked) => Err(LibraryError::Another { asked: asked.clone(), loaded: self.path.clone() }),
            None => Ok(self),
        }
    }

    /// Under which sessions are made, also those that this crate does not make. A process has one.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// What it has warned of since this was last asked; of a flood, the newest.
    pub fn take_messages(&self) -> Vec<String> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect()
    }
}

impl fmt::Display for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = self.version.map_or("of unknown version".into(), |version| version.to_string());
        write!(f, "ONNX Runtime {version} ({})", self.path.display())
    }
}

fn examine(path: &Path) -> Result<Found, Reason> {
    let path = path.canonicalize().map_err(ElfError::from)?;
    let SharedObject { name, version, .. } = SharedObject::read(&path, Machine::OWN)?;
    // The bindings look at the version first, and its own libraries have versions of their own.
    if let Some(name) = name.filter(|name| !name.starts_with(NAME)) {
        return Err(Reason::Other(name));
    }
    match version {
        // A library without a version in its symbols is asked once it is loaded, by the bindings.
        Some(found) if found < MINIMUM => Err(Reason::Version { found: found.to_string() }),
        version => Ok(Found { path, version }),
    }
}

/// Files of a folder that are named like the library, the highest version first.
fn libraries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = folder.read_dir() else { return Vec::new() };
    let numbers = |name: &str| -> Option<Vec<u32>> {
        let rest = name.strip_prefix(NAME)?;
        if rest.is_empty() {
            return Some(Vec::new());
        }
        rest.strip_prefix('.')?.split('.').map(|number| number.parse().ok()).collect()
    };
    let mut found: Vec<_> =
        entries.flatten().filter_map(|entry| Some((numbers(entry.file_name().to_str()?)?, entry.path()))).collect();
    found.sort_by(|(left, _), (right, _)| right.cmp(left));
    found.into_iter().map(|(_, path)| path).collect()
}

/// Where the Python package keeps its library.
fn python_folders(root: &Path) -> Vec<PathBuf> {
    let Ok(entries) = root.join("lib").read_dir() else { return vec![root.join("lib")] };
    let mut folders: Vec<_> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("python3"))
        .map(|entry| entry.path().join("site-packages/onnxruntime/capi"))
        .collect();
    folders.sort();
    folders
}

#[cfg(test)]
mod tests {
    use super::super::elf::tests::library;
    use super::*;

    const OWN: u16 = match Machine::OWN {
        Some(Machine(number)) => number,
        None => 0,
    };

    fn folder_with(files: &[(&str, Vec<u8>)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        folder
    }

    fn in_folders(folders: &[&tempfile::TempDir]) -> Search {
        Search { folders: folders.iter().map(|folder| folder.path().into()).collect(), ..Search::default() }
    }

    fn said(error: &LibraryError, folder: &tempfile::TempDir) -> String {
        error.to_string().replace(folder.path().canonicalize().unwrap().to_str().unwrap(), "[F]")
    }

    #[test]
    fn places_are_searched_in_order() {
        let variable = |name: &str| match name {
            "LD_LIBRARY_PATH" => Some("/a::relative:/b".into()),
            "VIRTUAL_ENV" => Some("/venv".into()),
            "ORT_DYLIB_PATH" => Some("".into()),
            _ => None,
        };
        let search = Search::of(None, Some(Path::new("/opt/moead/bin/moead-edge")), variable);
        let folders: Vec<_> = search.folders.iter().map(|folder| folder.to_str().unwrap()).collect();
        assert_eq!(folders[..4], ["/opt/moead/bin", "/opt/moead/bin/lib", "/a", "/b"]);
        assert_eq!(folders[4..], USUAL);
        assert_eq!((search.variable, search.python), (None, vec![PathBuf::from("/venv")]));
    }

    #[test]
    fn the_highest_version_of_a_folder_is_taken() {
        let old = library(OWN, "VERS_1.17.3");
        let new = library(OWN, "VERS_1.32.0");
        let folder = folder_with(&[
            ("libonnxruntime.so.1.9.0", old.clone()),
            ("libonnxruntime.so.1.32.0", new),
            ("libonnxruntime.so", old),
        ]);
        let found = in_folders(&[&folder]).find().unwrap();
        assert!(found.path.ends_with("libonnxruntime.so.1.32.0"), "{found:?}");
        assert_eq!(found.version, Version::parse("1.32.0"));
    }

    #[test]
    fn what_cannot_be_used_is_passed_over_and_told() {
        let bad = folder_with(&[
            ("libonnxruntime.so.1.11.0", library(OWN, "VERS_1.11.0")),
            ("libonnxruntime.so", b"INPUT ( libonnxruntime.so.1 )".to_vec()),
            ("libonnxruntime_providers_shared.so", Vec::new()),
        ]);
        let good = folder_with(&[("libonnxruntime.so.1", library(OWN, "VERS_1.17.0"))]);
        assert!(in_folders(&[&bad, &good]).find().unwrap().path.ends_with("libonnxruntime.so.1"));
        let error = in_folders(&[&bad]).find().unwrap_err();
        assert_eq!(
            said(&error, &bad),
            "ONNX Runtime: no libonnxruntime.so in [F] (libonnxruntime.so.1.11.0: version 1.11.0, expected at least 1.17.0; \
             libonnxruntime.so: not a shared library: it does not begin as ELF files do)"
        );
    }

    #[test]
    fn a_file_that_was_named_is_the_only_one_looked_at() {
        let good =
            folder_with(&[("libonnxruntime.so", library(OWN, "VERS_1.32.0")), ("old.so", library(OWN, "VERS_1.16.9"))]);
        let mut search = in_folders(&[&good]);
        search.variable = Some(good.path().join("old.so"));
        let error = search.find().unwrap_err();
        assert_eq!(said(&error, &good), "[F]/old.so: version 1.16.9, expected at least 1.17.0");
        search.asked = Some(good.path().join("libonnxruntime.so"));
        assert!(search.find().is_ok());
        search.asked = Some("/nowhere/libonnxruntime.so".into());
        let error = search.find().unwrap_err();
        assert_eq!(error.to_string(), "/nowhere/libonnxruntime.so: No such file or directory (os error 2)");
    }

    #[test]
    fn another_architecture_and_a_cut_file_are_refused_before_they_are_loaded() {
        let foreign = if OWN == 62 { 183 } else { 62 };
        let whole = library(OWN, "VERS_1.32.0");
        let folder = folder_with(&[
            ("foreign.so", library(foreign, "VERS_1.32.0")),
            ("cut.so", whole[..whole.len() - 1].to_vec()),
        ]);
        let renamed = folder.path().join("renamed.so");
        let name = whole.windows(14).position(|bytes| bytes == b"libonnxruntime").unwrap();
        std::fs::write(renamed, [&whole[..name], b"libotherwise..", &whole[name + 14..]].concat()).unwrap();
        let error = |name: &str| {
            let search = Search { asked: Some(folder.path().join(name)), ..Search::default() };
            said(&search.find().unwrap_err(), &folder)
        };
        let (found, expected) = (Machine(foreign), Machine(OWN));
        assert_eq!(
            error("foreign.so"),
            format!("[F]/foreign.so: a library for {found}, and this program is for {expected}")
        );
        assert_eq!(error("renamed.so"), "[F]/renamed.so: not ONNX Runtime: it calls itself libotherwise...so.1");
        assert!(error("cut.so").starts_with("[F]/cut.so: damaged: a segment lies at 0 to "), "{}", error("cut.so"));
    }

    #[test]
    fn a_python_environment_has_it_among_its_packages() {
        let file = "lib/python3.11/site-packages/onnxruntime/capi/libonnxruntime.so.1.32.0";
        let environment = folder_with(&[(file, library(OWN, "VERS_1.32.0"))]);
        let search = Search { python: vec![environment.path().into()], ..Search::default() };
        assert!(search.find().unwrap().path.ends_with(file));
    }
}
