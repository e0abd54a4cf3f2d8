//! The file system of this machine, or a tree on it that stands for a board's root.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::{Disk, Kind};

/// A root folder; `/` on a board.
#[derive(Debug, Clone)]
pub struct BoardDisk {
    root: PathBuf,
}

impl BoardDisk {
    /// Below that folder.
    #[must_use]
    pub fn below(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Where a path of the board is on this machine.
    #[must_use]
    pub fn here(&self, path: &Path) -> PathBuf {
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }
}

/// Nothing there is an answer, not an error.
fn if_there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Disk for BoardDisk {
    fn kind(&self, path: &Path) -> io::Result<Option<Kind>> {
        let metadata = if_there(fs::symlink_metadata(self.here(path)))?;
        Ok(metadata.map(|metadata| match metadata.file_type() {
            kind if kind.is_symlink() => Kind::Link,
            kind if kind.is_dir() => Kind::Folder,
            kind if kind.is_file() => Kind::File,
            _ => Kind::Other,
        }))
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        let Some(entries) = if_there(fs::read_dir(self.here(folder)))? else { return Ok(Vec::new()) };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry?.file_name().into_string();
            names.push(name.map_err(|name| io::Error::other(format!("a name that is no UTF-8: {}", name.display())))?);
        }
        names.sort();
        Ok(names)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn Read + '_>> {
        // Not a pipe, which would be waited for before it is known to be one.
        let flags = i32::try_from(OFlags::NONBLOCK.bits()).map_err(io::Error::other)?;
        let file = File::options().read(true).custom_flags(flags).open(self.here(path))?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "expected a file, found something else"));
        }
        Ok(Box::new(BufReader::with_capacity(1 << 16, file)))
    }

    fn target(&self, link: &Path) -> io::Result<Option<String>> {
        let Some(target) = if_there(fs::read_link(self.here(link)))? else { return Ok(None) };
        Ok(Some(target.to_string_lossy().into_owned()))
    }

    fn free(&self, folder: &Path) -> io::Result<u64> {
        let here = self.here(folder);
        let existing = here.ancestors().find(|folder| folder.is_dir()).unwrap_or(&self.root);
        let system = rustix::fs::statvfs(existing)?;
        Ok(system.f_bavail.saturating_mul(system.f_frsize))
    }

    fn make_folder(&mut self, path: &Path) -> io::Result<()> {
        let here = self.here(path);
        DirBuilder::new().mode(0o755).create(&here)?;
        // Whatever the caller's umask says: the service must be able to read a release.
        fs::set_permissions(here, fs::Permissions::from_mode(0o755))
    }

    fn create(&mut self, path: &Path, mode: u32) -> io::Result<Box<dyn Write + '_>> {
        let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(self.here(path))?;
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        Ok(Box::new(BufWriter::with_capacity(1 << 20, file)))
    }

    fn link(&mut self, target: &str, path: &Path) -> io::Result<()> {
        std::os::unix::fs::symlink(target, self.here(path))
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(self.here(from), self.here(to))
    }

    fn remove_file(&mut self, path: &Path) -> io::Result<()> {
        fs::remove_file(self.here(path))
    }

    fn remove_folder(&mut self, path: &Path) -> io::Result<()> {
        fs::remove_dir(self.here(path))
    }

    fn sync(&mut self, path: &Path) -> io::Result<()> {
        File::open(self.here(path))?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_no_error_and_what_is_wrong_is() {
        let folder = tempfile::tempdir().unwrap();
        let mut disk = BoardDisk::below(folder.path());
        assert_eq!(disk.kind(Path::new("/opt/moead")).unwrap(), None);
        assert_eq!(disk.names(Path::new("/opt/moead")).unwrap(), [""; 0]);
        assert_eq!(disk.target(Path::new("/opt/moead/current")).unwrap(), None);
        disk.make_folder(Path::new("/opt")).unwrap();
        disk.create(Path::new("/opt/file"), 0o755).unwrap().write_all(b"x").unwrap();
        disk.link("file", Path::new("/opt/link")).unwrap();
        assert_eq!(disk.names(Path::new("/opt")).unwrap(), ["file", "link"]);
        assert_eq!(disk.target(Path::new("/opt/link")).unwrap().as_deref(), Some("file"));
        assert!(disk.target(Path::new("/opt/file")).is_err());
        assert_eq!(fs::metadata(folder.path().join("opt/file")).unwrap().permissions().mode() & 0o777, 0o755);
        rustix::fs::mkfifoat(rustix::fs::CWD, folder.path().join("opt/pipe"), rustix::fs::Mode::RWXU).unwrap();
        for other in ["/opt/pipe", "/opt"] {
            let error = disk.open(Path::new(other)).map(drop).unwrap_err().to_string();
            assert_eq!(error, "expected a file, found something else", "{other}");
        }
        disk.sync(Path::new("/opt")).unwrap();
        assert!(disk.free(Path::new("/opt/not/there")).unwrap() > 0);
    }
}
