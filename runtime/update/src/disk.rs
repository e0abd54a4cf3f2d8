//! A board's file system, as far as updates touch it: every change is one call, so that a test can cut the power between any two.
//!
//! Nothing here promises an order: what was not synced may be there after a power cut, or not, or in part.

use std::io::{self, Read, Write};
use std::path::Path;

use crate::error::{DiskError, OnDisk as _};

pub mod board;

/// What is at a path, links not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A device, a pipe, a socket.
    Other,
}

/// A file system below some root. Paths are absolute, as on the board.
pub trait Disk {
    /// What is there; none: nothing.
    ///
    /// # Errors
    /// The file system's.
    fn kind(&self, path: &Path) -> io::Result<Option<Kind>>;

    /// Names in a folder, in order; none where there is no folder.
    ///
    /// # Errors
    /// The file system's.
    fn names(&self, folder: &Path) -> io::Result<Vec<String>>;

    /// A file's content.
    ///
    /// # Errors
    /// The file system's.
    fn open(&self, path: &Path) -> io::Result<Box<dyn Read + '_>>;

    /// Where a link leads; none: nothing is there.
    ///
    /// # Errors
    /// The file system's; also for what is no link.
    fn target(&self, link: &Path) -> io::Result<Option<String>>;

    /// Bytes that can still be written below a folder.
    ///
    /// # Errors
    /// The file system's.
    fn free(&self, folder: &Path) -> io::Result<u64>;

    /// Makes a folder; its parent is there, and it is not.
    ///
    /// # Errors
    /// The file system's.
    fn make_folder(&mut self, path: &Path) -> io::Result<()>;

    /// Makes a file, which is not there yet. What is written has reached the file system, not the medium, after `flush`.
    ///
    /// # Errors
    /// The file system's.
    fn create(&mut self, path: &Path, mode: u32) -> io::Result<Box<dyn Write + '_>>;

    /// Makes a symbolic link, which is not there yet.
    ///
    /// # Errors
    /// The file system's.
    fn link(&mut self, target: &str, path: &Path) -> io::Result<()>;

    /// Renames within a folder; what is at `to`, if it is no folder, is replaced in the same moment.
    ///
    /// # Errors
    /// The file system's.
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file or a link.
    ///
    /// # Errors
    /// The file system's.
    fn remove_file(&mut self, path: &Path) -> io::Result<()>;

    /// Removes an empty folder.
    ///
    /// # Errors
    /// The file system's.
    fn remove_folder(&mut self, path: &Path) -> io::Result<()>;

    /// Does not return before a file's content, or a folder's list of names, is on the medium.
    ///
    /// # Errors
    /// The file system's.
    fn sync(&mut self, path: &Path) -> io::Result<()>;
}

/// Makes a folder and those that it lies in, each of which is synced into its parent.
///
/// # Errors
/// [`DiskError`]
pub fn make_folders(disk: &mut dyn Disk, path: &Path) -> Result<(), DiskError> {
    let missing: Vec<_> = path.ancestors().take_while(|folder| matches!(disk.kind(folder), Ok(None))).collect();
    for folder in missing.into_iter().rev() {
        disk.make_folder(folder).on(folder)?;
        if let Some(parent) = folder.parent() {
            disk.sync(parent).on(parent)?;
        }
    }
    Ok(())
}

/// Reads a small file whole; none: it is not there.
///
/// # Errors
/// [`DiskError`]; a file of more than `limit` bytes is one, too.
pub fn read(disk: &dyn Disk, path: &Path, limit: u64) -> Result<Option<Vec<u8>>, DiskError> {
    if disk.kind(path).on(path)?.is_none() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    disk.open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes)).on(path)?;
    if bytes.len() as u64 > limit {
        let words = format!("expected at most {limit} bytes, found more");
        return Err(io::Error::new(io::ErrorKind::InvalidData, words)).on(path);
    }
    Ok(Some(bytes))
}
