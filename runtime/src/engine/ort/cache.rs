//! TensorRT engines that were built before. Building one takes minutes and is right for one model on one GPU with one set of
//! libraries; what is loaded again must be that, whole, or it is built anew.
//!
//! An engine is a folder, named after its [`Key`]: the files that the provider wrote, and `moead-engine.json`, which says for what
//! they are, how long each is, and its SHA-256. It is filled under another name and renamed when it is complete.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use moead_model::atomic_file;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The list of files; it has one line a file, and an engine has three.
const MANIFEST: &str = "moead-engine.json";
/// Bytes of that list.
const MAX_MANIFEST: u64 = 1 << 20;
/// Grows when a field changes its meaning.
const SCHEMA: u32 = 1;

/// For what an engine is good. Two that differ in any field are two engines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// SHA-256 of the model file.
    pub model: String,
    /// GPU or board, and its number.
    pub device: String,
    /// ONNX Runtime's version.
    pub onnxruntime: String,
    /// TensorRT's version, as far as its file's name tells.
    pub tensorrt: String,
    /// f32, f16 or int8.
    pub precision: String,
    /// SHA-256 of the calibration table, with int8.
    pub calibration: Option<String>,
}

impl Key {
    /// The folder's name: short, and another one for every key.
    fn name(&self) -> String {
        let fields = [&self.model, &self.device, &self.onnxruntime, &self.tensorrt, &self.precision];
        let mut hash = Sha256::new();
        for field in fields.into_iter().chain(&self.calibration) {
            hash.update((field.len() as u64).to_le_bytes());
            hash.update(field);
        }
        hex(&hash.finalize())[..32].to_owned()
    }
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[derive(Serialize, Deserialize)]
struct Manifest {
    schema: u32,
    key: Key,
    files: Vec<Entry>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    name: String,
    bytes: u64,
    sha256: String,
}

/// What lies in the cache for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// An engine that is whole, in this folder.
    Ready(PathBuf),
    /// None.
    Absent,
    /// Something that must not be loaded, and why.
    Refused(String),
}

/// The cache's folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the engine cache {}: {error}", path.display())]
pub struct CacheError {
    /// Where.
    path: PathBuf,
    /// What failed.
    #[source]
    error: io::Error,
}

/// One engine's place.
#[derive(Debug, Clone)]
pub struct EngineCache {
    root: PathBuf,
    key: Key,
}

impl EngineCache {
    /// Below a folder, which need not be there yet.
    pub fn new(root: impl Into<PathBuf>, key: Key) -> Self {
        Self { root: root.into(), key }
    }

    /// Where the engine lies when it is complete.
    pub fn folder(&self) -> PathBuf {
        self.root.join(self.key.name())
    }

    /// That something about it cannot be written or read.
    pub fn failed(&self, error: io::Error) -> CacheError {
        CacheError { path: self.folder(), error }
    }

    /// Looks what is there; reads all of it.
    ///
    /// # Errors
    /// [`CacheError`] when it cannot be read. What is there and wrong is no error, but [`State::Refused`].
    pub fn look(&self) -> Result<State, CacheError> {
        let folder = self.folder();
        let failed = |error| CacheError { path: folder.clone(), error };
        let manifest = match File::open(folder.join(MANIFEST)) {
            Ok(file) => {
                let mut text = String::new();
                match file.take(MAX_MANIFEST).read_to_string(&mut text) {
                    Ok(_) => text,
                    Err(error) if error.kind() == io::ErrorKind::InvalidData => String::new(),
                    Err(error) => return Err(failed(error)),
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let is_there = folder.try_exists().map_err(failed)?;
                return Ok(if is_there { State::Refused(format!("it has no {MANIFEST}")) } else { State::Absent });
            }
            Err(error) => return Err(failed(error)),
        };
        let manifest: Manifest = match serde_json::from_str(&manifest) {
            Ok(manifest) => manifest,
            Err(error) => return Ok(State::Refused(format!("{MANIFEST}: {error}"))),
        };
        if manifest.schema != SCHEMA || manifest.key != self.key {
            return Ok(State::Refused("it is for another model, device, library or precision".into()));
        }
        let found = match entries(&folder) {
            Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
                return Ok(State::Refused("it has folders".into()));
            }
            found => found.map_err(failed)?,
        };
        Ok(match difference(&manifest.files, &found) {
            Some(reason) => State::Refused(reason),
            None => State::Ready(folder),
        })
    }

    /// Has an engine built into an empty folder, and keeps it when `build` succeeds. What was there before goes.
    ///
    /// # Errors
    /// What `build` says, or that the folder cannot be written; then nothing is left behind.
    pub fn build<T, E: From<CacheError>>(&self, build: impl FnOnce(&Path) -> Result<T, E>) -> Result<T, E> {
        let folder = self.folder();
        let begun = self.root.join(format!("{}.building-{}", self.key.name(), std::process::id()));
        let failed = |error| CacheError { path: begun.clone(), error };
        fs::create_dir_all(&self.root).map_err(failed)?;
        remove(&begun).map_err(failed)?;
        fs::create_dir(&begun).map_err(failed)?;
        let built = build(&begun).and_then(|built| {
            self.seal(&begun).map_err(failed)?;
            remove(&folder).map_err(failed)?;
            fs::rename(&begun, &folder).and_then(|()| sync(&self.root)).map_err(failed)?;
            Ok(built)
        });
        if built.is_err() {
            // The reason is told already; what cannot be removed is overwritten by the next try.
            let _ = remove(&begun);
        }
        built
    }

    /// Takes note of what the provider changed in a complete engine: it builds one anew, on its own, when it does not like it.
    /// Whether it did.
    ///
    /// # Errors
    /// [`CacheError`]
    pub fn settle(&self) -> Result<bool, CacheError> {
        let folder = self.folder();
        let is_changed = matches!(self.look()?, State::Refused(_));
        if is_changed {
            self.seal(&folder).map_err(|error| CacheError { path: folder.clone(), error })?;
        }
        Ok(is_changed)
    }

    /// Lists what is in a folder, after it has reached the disk.
    fn seal(&self, folder: &Path) -> io::Result<()> {
        let files = entries(folder)?;
        if files.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the provider wrote no engine"));
        }
        for Entry { name, .. } in &files {
            File::open(folder.join(name))?.sync_all()?;
        }
        let manifest = Manifest { schema: SCHEMA, key: self.key.clone(), files };
        let text = serde_json::to_string_pretty(&manifest).map_err(io::Error::other)?;
        atomic_file::write(&folder.join(MANIFEST), |file| file.write_all(text.as_bytes()))?;
        sync(folder)
    }
}

/// The files of a folder, but for the list of them.
fn entries(folder: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in folder.read_dir()? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == MANIFEST {
            continue;
        }
        let (bytes, sha256) = digest(File::open(entry.path())?)?;
        entries.push(Entry { name, bytes, sha256 });
    }
    entries.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(entries)
}

/// Length and SHA-256.
fn digest(mut file: File) -> io::Result<(u64, String)> {
    let mut hash = Sha256::new();
    let mut part = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        match file.read(&mut part)? {
            0 => return Ok((bytes, hex(&hash.finalize()))),
            count => {
                hash.update(&part[..count]);
                bytes += count as u64;
            }
        }
    }
}

fn difference(expected: &[Entry], found: &[Entry]) -> Option<String> {
    for entry in expected {
        match found.iter().find(|other| other.name == entry.name) {
            None => return Some(format!("{} is missing", entry.name)),
            Some(other) if other != entry => return Some(format!("{} is not what was stored", entry.name)),
            Some(_) => {}
        }
    }
    let stranger = found.iter().find(|other| !expected.iter().any(|entry| entry.name == other.name));
    stranger.map(|other| format!("{} was not stored with it", other.name))
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Key {
            model: sha256(b"model"),
            device: "0: Orin Nano".into(),
            onnxruntime: "1.20.0".into(),
            tensorrt: "10.3.0".into(),
            precision: "f16".into(),
            calibration: None,
        }
    }

    fn cache(root: &tempfile::TempDir) -> EngineCache {
        EngineCache::new(root.path().join("tensorrt"), key())
    }

    /// In a session's place: writes what a provider would.
    fn write(folder: &Path) -> Result<&'static str, CacheError> {
        let failed = |error| CacheError { path: folder.into(), error };
        fs::write(folder.join("graph_0_fp16_sm87.engine"), b"engine").map_err(failed)?;
        fs::write(folder.join("cache_sm87.timing"), b"timing").map_err(failed)?;
        Ok("session")
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn refused(cache: &EngineCache) -> String {
        match cache.look().unwrap() {
            State::Refused(reason) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_was_built_is_there_the_next_time() {
        let root = tempfile::tempdir().unwrap();
        let cache = cache(&root);
        assert_eq!(cache.look().unwrap(), State::Absent);
        assert_eq!(cache.build(write).unwrap(), "session");
        assert_eq!(cache.look().unwrap(), State::Ready(cache.folder()));
        assert_eq!(names(&cache.folder()), ["cache_sm87.timing", "graph_0_fp16_sm87.engine", MANIFEST]);
        assert_eq!(names(&root.path().join("tensorrt")).len(), 1);
    }

    #[test]
    fn every_part_of_the_key_is_another_engine() {
        let mut folders = std::collections::HashSet::new();
        let changes: [fn(&mut Key); 7] = [
            |_| {},
            |key| key.model = sha256(b"other"),
            |key| key.device = "1: Orin Nano".into(),
            |key| key.onnxruntime = "1.20.1".into(),
            |key| key.tensorrt = "10.4.0".into(),
            |key| key.precision = "f32".into(),
            |key| key.calibration = Some(sha256(b"table")),
        ];
        for change in changes {
            let mut key = key();
            change(&mut key);
            folders.insert(EngineCache::new("/", key).folder());
        }
        assert_eq!(folders.len(), changes.len());
    }

    #[test]
    fn an_engine_of_another_key_in_this_place_is_refused_and_replaced() {
        let root = tempfile::tempdir().unwrap();
        let cache = cache(&root);
        cache.build(write).unwrap();
        let foreign = EngineCache::new(root.path().join("tensorrt"), Key { device: "0: other".into(), ..key() });
        fs::rename(cache.folder(), foreign.folder()).unwrap();
        assert_eq!(refused(&foreign), "it is for another model, device, library or precision");
        foreign.build(write).unwrap();
        assert_eq!(foreign.look().unwrap(), State::Ready(foreign.folder()));
    }

    #[test]
    fn damage_of_every_kind_is_named() {
        let root = tempfile::tempdir().unwrap();
        let cache = cache(&root);
        let engine = cache.folder().join("graph_0_fp16_sm87.engine");
        let built = || cache.build(write).unwrap();
        built();
        fs::write(&engine, b"enginf").unwrap();
        assert_eq!(refused(&cache), "graph_0_fp16_sm87.engine is not what was stored");
        built();
        fs::write(&engine, b"engin").unwrap();
        assert_eq!(refused(&cache), "graph_0_fp16_sm87.engine is not what was stored");
        fs::remove_file(&engine).unwrap();
        assert_eq!(refused(&cache), "graph_0_fp16_sm87.engine is missing");
        built();
        fs::write(cache.folder().join("stranger"), b"").unwrap();
        assert_eq!(refused(&cache), "stranger was not stored with it");
        built();
        fs::create_dir(cache.folder().join("folder")).unwrap();
        assert_eq!(refused(&cache), "it has folders");
        built();
        fs::write(cache.folder().join(MANIFEST), b"{\"schema\":").unwrap();
        assert!(refused(&cache).starts_with("moead-engine.json: EOF"), "{}", refused(&cache));
        fs::write(cache.folder().join(MANIFEST), b"\xff\xfe").unwrap();
        assert!(refused(&cache).starts_with("moead-engine.json: EOF"), "{}", refused(&cache));
        fs::remove_file(cache.folder().join(MANIFEST)).unwrap();
        assert_eq!(refused(&cache), "it has no moead-engine.json");
        built();
        assert_eq!(cache.look().unwrap(), State::Ready(cache.folder()));
    }

    #[test]
    fn a_build_that_fails_leaves_what_was_there() {
        let root = tempfile::tempdir().unwrap();
        let cache = cache(&root);
        cache.build(write).unwrap();
        let failed = cache.build(|folder| {
            write(folder)?;
            Err::<(), _>(CacheError { path: "session".into(), error: io::Error::other("out of memory") })
        });
        assert_eq!(failed.unwrap_err().to_string(), "the engine cache session: out of memory");
        assert_eq!(cache.look().unwrap(), State::Ready(cache.folder()));
        assert_eq!(names(&root.path().join("tensorrt")).len(), 1);
    }

    #[test]
    fn a_build_without_an_engine_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        let error = cache(&root).build(|_| Ok::<_, CacheError>(())).unwrap_err();
        assert!(error.to_string().ends_with("the provider wrote no engine"), "{error}");
        assert_eq!(cache(&root).look().unwrap(), State::Absent);
    }

    #[test]
    fn an_engine_that_the_provider_built_anew_is_taken_note_of() {
        let root = tempfile::tempdir().unwrap();
        let cache = cache(&root);
        cache.build(write).unwrap();
        assert!(!cache.settle().unwrap());
        fs::write(cache.folder().join("graph_0_fp16_sm87.engine"), b"another engine").unwrap();
        assert!(cache.settle().unwrap());
        assert_eq!(cache.look().unwrap(), State::Ready(cache.folder()));
    }
}
