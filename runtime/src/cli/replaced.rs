//! Whether the model file is still the one that was loaded.
//!
//! `moead-calibrate` and `moead-export` put a new file in its place while a program runs; the run goes on with the model that it has, and whoever
//! looks at the old thresholds in the results should know why.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use moead_terminal::printer::Printer;

/// What tells files apart without reading them.
#[cfg(unix)]
type Identity = (u64, u64, u64, i64, i64);

#[cfg(unix)]
fn identity(metadata: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec())
}

#[cfg(not(unix))]
type Identity = (u64, Option<std::time::SystemTime>);

#[cfg(not(unix))]
fn identity(metadata: &Metadata) -> Identity {
    (metadata.len(), metadata.modified().ok())
}

/// A file that was read.
pub(super) struct Loaded {
    path: PathBuf,
    /// None: it could not be told, and nothing is ever said.
    seen: Mutex<Option<Identity>>,
}

impl Loaded {
    /// To be called before the file is read: what replaces it while it is read is then noticed.
    pub(super) fn before_reading(path: &Path) -> Self {
        let seen = std::fs::metadata(path).ok().map(|metadata| identity(&metadata));
        Self { path: path.to_owned(), seen: Mutex::new(seen) }
    }

    /// Whether another file has taken its place since the last call. A file that is gone may come back, and is no other one.
    fn is_replaced(&self) -> bool {
        let Ok(metadata) = std::fs::metadata(&self.path) else { return false };
        let now = identity(&metadata);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.as_mut().is_some_and(|seen| std::mem::replace(seen, now) != now)
    }

    /// Says so, once for each new file.
    pub(super) fn look(&self, printer: &Printer) {
        if self.is_replaced() {
            printer.warning(format_args!(
                "{}: the file has been replaced; this run goes on with the model that it loaded, and takes the new one when it is started again",
                self.path.display()
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_file_in_the_place_is_noticed_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.onnx");
        std::fs::write(&path, "one").unwrap();
        let loaded = Loaded::before_reading(&path);
        assert!(!loaded.is_replaced());
        // As an atomic write does it: the same length, and perhaps within the clock's grain.
        std::fs::write(folder.path().join("new"), "two").unwrap();
        std::fs::rename(folder.path().join("new"), &path).unwrap();
        assert_eq!([loaded.is_replaced(), loaded.is_replaced()], [true, false]);
        std::fs::remove_file(&path).unwrap();
        assert!(!loaded.is_replaced());
    }

    #[test]
    fn a_file_that_was_never_there_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.onnx");
        let loaded = Loaded::before_reading(&path);
        std::fs::write(&path, "one").unwrap();
        assert!(!loaded.is_replaced());
    }
}
