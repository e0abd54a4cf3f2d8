//! One update at a time: a lock that the kernel gives up when its process ends, however it ends.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use moead_bundle::release::{LOCK, ROOT};

use crate::disk::board::BoardDisk;
use crate::error::{DiskError, OnDisk as _};

/// Whoever may read the file may hold the lock, for ever: its owner alone.
const MODE: u32 = 0o600;

/// Held until it is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Why there is no lock.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// The file system's.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Somebody else has it.
    #[error("{}: held by another update", .path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
}

impl Lock {
    /// Takes the lock of the board whose root that is.
    ///
    /// # Errors
    /// [`LockError`]
    pub fn take(disk: &BoardDisk) -> Result<Self, LockError> {
        let path = Path::new(ROOT).join(LOCK);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(MODE);
        let file = options.open(disk.here(&path)).on(&path)?;
        // One that an earlier version has made.
        if file.metadata().on(&path)?.permissions().mode() & 0o777 != MODE {
            file.set_permissions(Permissions::from_mode(MODE)).on(&path)?;
        }
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Busy { path }),
            Err(TryLockError::Error(error)) => Err(DiskError { path, error }.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_at_a_time() {
        let root = tempfile::tempdir().unwrap();
        let disk = BoardDisk::below(root.path());
        assert!(matches!(Lock::take(&disk), Err(LockError::Disk(_))), "there is no folder for it");
        std::fs::create_dir_all(root.path().join("opt/moead")).unwrap();
        let lock = Lock::take(&disk).unwrap();
        let error = Lock::take(&disk).unwrap_err().to_string();
        assert_eq!(error, "/opt/moead/lock: held by another update");
        drop(lock);
        Lock::take(&disk).unwrap();
    }

    #[test]
    fn nobody_but_its_owner_can_hold_it() {
        let root = tempfile::tempdir().unwrap();
        let disk = BoardDisk::below(root.path());
        let file = root.path().join("opt/moead/lock");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let mode = || std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        Lock::take(&disk).unwrap();
        assert_eq!(mode(), 0o600);
        std::fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        Lock::take(&disk).unwrap();
        assert_eq!(mode(), 0o600);
    }
}
