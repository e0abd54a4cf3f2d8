//! Files and folders that are written for a while, and that a signal must not leave behind: gigabytes beside somebody's images.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tempfile::{NamedTempFile, TempDir};

use crate::payload::StagingError;

/// All of them. Clones know the same ones.
#[derive(Debug, Clone, Default)]
pub struct Temporaries(Arc<Mutex<Vec<PathBuf>>>);

/// As long as it lives nothing new is made.
#[derive(Debug)]
pub struct Gone<'a> {
    _paths: MutexGuard<'a, Vec<PathBuf>>,
}

impl Temporaries {
    fn paths(&self) -> MutexGuard<'_, Vec<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A file in that folder.
    ///
    /// # Errors
    /// The file system's.
    pub(crate) fn file_in(&self, folder: &Path) -> io::Result<NamedTempFile> {
        let mut paths = self.paths();
        let file = tempfile::Builder::new().prefix(".moead-").suffix(".part").tempfile_in(folder)?;
        paths.push(file.path().to_owned());
        Ok(file)
    }

    /// A folder in that folder, with the permissions that any new one has: for what is renamed when it is whole.
    ///
    /// # Errors
    /// The file system's.
    pub(crate) fn folder_in(&self, folder: &Path) -> io::Result<TempDir> {
        let mut paths = self.paths();
        let mut builder = tempfile::Builder::new();
        builder.prefix(".moead-").suffix(".part").permissions(Permissions::from_mode(0o777));
        // Its name means nothing to anybody.
        let made = builder.tempdir_in(folder).map_err(|error| io::Error::from(error.kind()))?;
        paths.push(made.path().to_owned());
        Ok(made)
    }

    /// A folder where this machine keeps such things.
    ///
    /// # Errors
    /// The file system's.
    pub(crate) fn folder(&self) -> Result<TempDir, StagingError> {
        let mut paths = self.paths();
        let place = std::env::temp_dir();
        // The name that it would have had means nothing to anybody.
        let folder = tempfile::tempdir_in(&place).map_err(|error| StagingError::at(&place)(error.kind().into()))?;
        paths.push(folder.path().to_owned());
        Ok(folder)
    }

    /// Removes all that are still there: for a process that is about to end, and whose other threads may still want to make some.
    pub fn remove(&self) -> Gone<'_> {
        let paths = self.paths();
        for path in paths.iter() {
            // What is gone already was removed, or got its name.
            let _ = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
        }
        Gone { _paths: paths }
    }
}
