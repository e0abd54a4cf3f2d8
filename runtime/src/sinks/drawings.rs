//! What is written about each picture beside its line: heatmaps and maps, by a thread of their own, since drawing takes
//! longer than judging.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use moead_model::architecture::ImageSize;

use super::heatmap::{self, Annotation, Scale};
use super::lines::{WhenFailing, WhenFull};
use super::maps;
use crate::engine::Tensor;
use crate::preprocess::picture::Picture;
use crate::score::regions::Region;
use crate::score::verdict::{Score, Threshold, Verdict};
use crate::stream::pipeline::FrameResult;

/// Drawings that wait for the thread; each holds a picture.
const QUEUE: usize = 2;

/// An output folder that was there when the run began.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
}

/// Why a folder cannot be written into.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// There is none.
    #[error("{}: expected a folder, found nothing", .0.display())]
    Missing(PathBuf),
    /// It is something else.
    #[error("{}: expected a folder, found a file", .0.display())]
    NotAFolder(PathBuf),
    /// The file system does not say.
    #[error("{}: {source}", .path.display())]
    Read {
        /// As given.
        path: PathBuf,
        /// By the file system.
        source: io::Error,
    },
}

impl Folder {
    /// The folder must exist: a typing error would otherwise fill the disk at a place where nobody looks.
    ///
    /// # Errors
    /// [`FolderError`]
    pub fn existing(path: &Path) -> Result<Self, FolderError> {
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => Ok(Self { path: path.to_owned() }),
            Ok(_) => Err(FolderError::NotAFolder(path.to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(FolderError::Missing(path.to_owned())),
            Err(source) => Err(FolderError::Read { path: path.to_owned(), source }),
        }
    }

    /// Where `output` with this ending goes, in a folder of its own for a `source`; folders below ours are made.
    ///
    /// # Errors
    /// [`DrawingError`] when they cannot be.
    pub fn place(&self, source: Option<&str>, output: &Path, ending: &str) -> Result<PathBuf, DrawingError> {
        let mut place = self.path.clone();
        if let Some(source) = source {
            place.push(folder_of(source));
        }
        place.push(output);
        let mut name = place.file_name().map(ToOwned::to_owned).unwrap_or_default();
        name.push(ending);
        place.set_file_name(name);
        if let Some(parent) = place.parent() {
            std::fs::create_dir_all(parent).map_err(|source| DrawingError { path: self.path.clone(), source })?;
        }
        Ok(place)
    }
}

/// A source's name as a folder's name. Several names may become the same.
pub fn folder_of(source: &str) -> String {
    let name: String =
        source.chars().map(|char| if char.is_alphanumeric() || "-_.".contains(char) { char } else { '_' }).collect();
    // `.` and `..` are folders already.
    if name.chars().all(|char| char == '.') { "_".repeat(name.len().max(1)) } else { name }
}

/// What a run draws.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Where the model sees something.
    pub heatmaps: Option<Folder>,
    /// The numbers themselves.
    pub maps: Option<Folder>,
}

impl Wanted {
    /// Whether anything is drawn.
    pub fn is_nothing(&self) -> bool {
        self.heatmaps.is_none() && self.maps.is_none()
    }
}

/// A drawing could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", .path.display())]
pub struct DrawingError {
    /// The file.
    pub path: PathBuf,
    /// By the file system.
    pub source: io::Error,
}

impl DrawingError {
    /// Whether the same keeps another drawing from being written.
    fn is_alike(&self, other: &Self) -> bool {
        (self.source.kind(), self.source.raw_os_error()) == (other.source.kind(), other.source.raw_os_error())
    }
}

/// Draws what it is given, one after the other.
#[derive(Debug)]
pub struct DrawingSink {
    queue: Option<SyncSender<Drawing>>,
    thread: Option<JoinHandle<()>>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// The first since one could be written.
    failure: Option<DrawingError>,
    /// Why, until somebody asks.
    trouble: Option<String>,
    missing: Missing,
}

/// Results without a drawing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Missing {
    /// Others were drawn meanwhile.
    pub dropped: u64,
    /// It could not be written.
    pub failed: u64,
}

/// A judged picture, apart from its frame.
#[derive(Debug)]
struct Drawing {
    source: Option<String>,
    output: PathBuf,
    title: String,
    picture: Option<Picture>,
    map: Tensor,
    score: Score,
    threshold: Option<Threshold>,
    regions_from: Option<Threshold>,
    verdict: Option<Verdict>,
    regions: Vec<Region>,
}

impl DrawingSink {
    /// Starts the thread. `network` is the size of maps.
    pub fn start(wanted: Wanted, network: ImageSize) -> Self {
        let (queue, drawings) = sync_channel(QUEUE);
        let state = Arc::new(Mutex::new(State::default()));
        let told = Arc::clone(&state);
        let thread = thread::spawn(move || Painter { wanted, network, state: told }.run(&drawings));
        Self { queue: Some(queue), thread: Some(thread), state }
    }

    /// Takes a result's picture and map, to be drawn. `source` is the folder below, when there are several sources.
    ///
    /// # Errors
    /// The first failure, where `failing` says that it ends the run.
    pub fn draw(
        &self,
        result: &mut FrameResult,
        source: Option<&str>,
        when_full: WhenFull,
        failing: WhenFailing,
    ) -> Result<(), DrawingError> {
        if failing == WhenFailing::End
            && let Some(failure) = self.lock().failure.take()
        {
            return Err(failure);
        }
        let Ok(judgement) = &mut result.outcome else { return Ok(()) };
        let frame = &mut result.frame;
        let mut regions = judgement.regions.clone();
        for Region { bounds, .. } in &mut regions {
            bounds.x -= frame.region.x;
            bounds.y -= frame.region.y;
        }
        let file = frame.file.as_ref().and_then(|file| file.path.file_name());
        let drawing = Drawing {
            source: source.map(ToOwned::to_owned),
            output: frame.output(),
            title: file.map_or_else(|| frame.title().to_string(), |name| name.to_string_lossy().into_owned()),
            picture: frame.picture.take(),
            map: Tensor { shape: Vec::new(), data: std::mem::take(&mut judgement.map.data) },
            score: judgement.score,
            threshold: result.standard.threshold,
            regions_from: result.standard.regions_from,
            verdict: judgement.verdict.ok(),
            regions,
        };
        let Some(queue) = &self.queue else { return Ok(()) };
        // The thread ends only when the queue does.
        match when_full {
            WhenFull::Wait => drop(queue.send(drawing)),
            WhenFull::Drop => {
                if let Err(TrySendError::Full(_)) = queue.try_send(drawing) {
                    self.lock().missing.dropped += 1;
                }
            }
        }
        Ok(())
    }

    /// What keeps drawings from being written, if the last one was not; told once until one is, or the cause is another one.
    pub fn trouble(&self) -> Option<String> {
        self.lock().trouble.take()
    }

    /// Draws what waits. How many results have no drawing.
    ///
    /// # Errors
    /// The failure of the last drawing.
    pub fn finish(mut self) -> Result<Missing, DrawingError> {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic while drawing costs the drawings that are left.
            let _ = thread.join();
        }
        let mut state = self.lock();
        let missing = state.missing;
        state.failure.take().map_or(Ok(missing), Err)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread.
struct Painter {
    wanted: Wanted,
    network: ImageSize,
    state: Arc<Mutex<State>>,
}

impl Painter {
    fn run(&self, drawings: &Receiver<Drawing>) {
        for drawing in drawings {
            let written = self.write(&drawing);
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            match written {
                Ok(()) => (state.failure, state.trouble) = (None, None),
                Err(error) => {
                    state.missing.failed += 1;
                    // Each drawing has another path, for the same reason.
                    let is_known = state.failure.as_ref().is_some_and(|failure| failure.is_alike(&error));
                    if !is_known {
                        state.trouble = Some(error.to_string());
                        state.failure = Some(error);
                    }
                }
            }
        }
    }

    fn write(&self, drawing: &Drawing) -> Result<(), DrawingError> {
        let source = drawing.source.as_deref();
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| DrawingError { path, source }
        };
        if let Some(folder) = &self.wanted.maps {
            let path = folder.place(source, &drawing.output, ".npy")?;
            let shape = [self.network.height, self.network.width];
            maps::write_npy(&path, &shape, &drawing.map.data).map_err(at(&path))?;
        }
        if let (Some(folder), Some(picture)) = (&self.wanted.heatmaps, &drawing.picture) {
            let path = folder.place(source, &drawing.output, ".heatmap.png")?;
            let annotation = Annotation {
                picture,
                map: &drawing.map.data,
                map_size: self.network,
                score: drawing.score,
                threshold: drawing.threshold,
                regions_from: drawing.regions_from,
                verdict: drawing.verdict,
                regions: &drawing.regions,
                title: &drawing.title,
            };
            let scale = Scale::around(drawing.threshold);
            heatmap::write_png(&path, &heatmap::draw(&annotation, scale)).map_err(at(&path))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_cannot_lead_out_of_the_folder() {
        assert_eq!(folder_of("../../etc"), ".._.._etc");
        assert_eq!(folder_of(".."), "__");
        assert_eq!(folder_of("line 1"), "line_1");
    }

    #[test]
    fn outputs_keep_their_folders() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::existing(root.path()).unwrap();
        let place = folder.place(Some("b"), Path::new("deep/a.b"), ".npy").unwrap();
        assert_eq!(place, root.path().join("b/deep/a.b.npy"));
        assert!(place.parent().unwrap().is_dir());
    }

    /// A painter of maps of one pixel, and its folder.
    fn painter() -> (tempfile::TempDir, Painter) {
        let root = tempfile::tempdir().unwrap();
        let wanted = Wanted { heatmaps: None, maps: Some(Folder::existing(root.path()).unwrap()) };
        let network = ImageSize { height: 1, width: 1 };
        (root, Painter { wanted, network, state: Arc::default() })
    }

    fn drawing(output: &str) -> Drawing {
        Drawing {
            source: None,
            output: output.into(),
            title: String::new(),
            picture: None,
            map: Tensor { shape: vec![1, 1], data: vec![0.5] },
            score: Score(0.5),
            threshold: None,
            regions_from: None,
            verdict: None,
            regions: Vec::new(),
        }
    }

    #[test]
    fn what_cannot_be_written_is_told_once_a_cause_and_again_after_it_was_well() {
        let (root, painter) = painter();
        // What has the name of a folder's is in the way of that folder.
        std::fs::write(root.path().join("file"), b"").unwrap();
        let mut said = Vec::new();
        for output in ["a", "file/b", "file/c", &"x".repeat(300), "d", "file/e", "file/f"] {
            let (queue, drawings) = sync_channel(1);
            queue.send(drawing(output)).unwrap();
            drop(queue);
            painter.run(&drawings);
            said.extend(painter.state.lock().unwrap().trouble.take().map(|_| output.len().min(9)));
        }
        assert_eq!(said, [6, 9, 6]);
        let state = painter.state.lock().unwrap();
        assert_eq!(state.missing, Missing { dropped: 0, failed: 5 });
        assert!(state.failure.is_some(), "the last one failed");
    }
}
