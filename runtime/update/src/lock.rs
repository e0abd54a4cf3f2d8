//! One update at a time: a lock that the kernel gives up when its process ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use moead_bundle::release::{LOCK, ROOT};

use crate::disk::board::BoardDisk;
use crate::error::{DiskError, OnDisk as _};

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

/// What is done while somebody else has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// [`LockError::Busy`]
    Refuse,
    /// Wait, for as long as it takes.
    Wait,
}

impl Lock {
    /// Takes the lock of the board whose root that is.
    ///
    /// # Errors
    /// [`LockError`]
    pub fn take(disk: &BoardDisk, held: Held) -> Result<Self, LockError> {
        let path = Path::new(ROOT).join(LOCK);
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(disk.here(&path)).on(&path)?;
        match held {
            Held::Wait => file.lock().on(&path)?,
            Held::Refuse => match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(LockError::Busy { path }),
                Err(TryLockError::Error(error)) => return Err(DiskError { path, error }.into()),
            },
        }
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_at_a_time() {
        let root = tempfile::tempdir().unwrap();
        let disk = BoardDisk::below(root.path());
        assert!(matches!(Lock::take(&disk, Held::Refuse), Err(LockError::Disk(_))), "there is no folder for it");
        std::fs::create_dir_all(root.path().join("opt/moead")).unwrap();
        let lock = Lock::take(&disk, Held::Refuse).unwrap();
        let error = Lock::take(&disk, Held::Refuse).unwrap_err().to_string();
        assert_eq!(error, "/opt/moead/lock: held by another update");
        drop(lock);
        Lock::take(&disk, Held::Wait).unwrap();
    }
}
