//! Files that appear whole or not at all.
//!
//! Written beside the target, synced, renamed, and the folder synced: after a power cut a reader finds the old file or
//! the new one. A link stays one, and leads to the new file; who may read the old file may read the new one. A process that a signal ends
//! takes along what it was writing: [`abandon`].

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::NamedTempFile;

/// Links that are followed, one to the next, as on Linux.
const MOST_LINKS: usize = 40;

/// What this process is writing.
static UNFINISHED: Unfinished = Unfinished(Mutex::new(Vec::new()));

/// Files that are being written, by their temporary names.
struct Unfinished(Mutex<Vec<PathBuf>>);

impl Unfinished {
    fn paths(&self) -> MutexGuard<'_, Vec<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a file, unless all were abandoned.
    fn begin(&self, builder: &tempfile::Builder<'_, '_>, folder: &Path) -> io::Result<Part<'_>> {
        let mut paths = self.paths();
        let file = builder.tempfile_in(folder).map_err(without_name)?;
        let path = file.path().to_owned();
        paths.push(path.clone());
        Ok(Part { file: Some(file), path, among: self })
    }

    fn abandon(&self) -> Abandoned<'_> {
        let paths = self.paths();
        for path in paths.iter() {
            // What is gone already has got its name, or failed.
            let _ = std::fs::remove_file(path);
        }
        Abandoned { _paths: paths }
    }
}

/// A file under its temporary name; it goes when this does.
struct Part<'a> {
    /// None once it has its own name.
    file: Option<NamedTempFile>,
    path: PathBuf,
    among: &'a Unfinished,
}

impl Part<'_> {
    fn file(&self) -> io::Result<&File> {
        self.file.as_ref().map(NamedTempFile::as_file).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn persist(mut self, path: &Path) -> io::Result<()> {
        self.file.take().map_or(Ok(()), |file| file.persist(path).map(drop).map_err(|error| error.error))
    }
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        drop(self.file.take());
        self.among.paths().retain(|path| *path != self.path);
    }
}

/// As long as it lives no file is begun, and none is known to be done.
pub struct Abandoned<'a> {
    _paths: MutexGuard<'a, Vec<PathBuf>>,
}

/// Removes what is being written: for a process that is about to end by a signal, and whose other threads may still want to write.
pub fn abandon() -> Abandoned<'static> {
    UNFINISHED.abandon()
}

/// Writes `path` through `fill`; on any error the old file, if there was one, is untouched and nothing else is left.
///
/// # Errors
/// Whatever `fill` returns, or the file system's own error: a full disk, a missing folder, a missing permission.
pub fn write<E: From<io::Error>>(path: &Path, fill: impl FnOnce(&mut dyn Write) -> Result<(), E>) -> Result<(), E> {
    write_checked(path, fill, |_| Ok(()))
}

/// As [`write()`], and `check` looks at the complete file under its temporary name before it takes the target's place.
///
/// # Errors
/// As [`write()`], and whatever `check` returns.
pub fn write_checked<E: From<io::Error>>(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    check: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    write_among(&UNFINISHED, path, fill, check)
}

fn write_among<E: From<io::Error>>(
    unfinished: &Unfinished,
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    check: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    let path = &followed(path)?;
    check_followed(path)?;
    let folder = folder_of(path);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".moead-").suffix(".part");
    #[cfg(unix)]
    {
        // The permissions a plain `File::create` would give; tempfile's own default hides the file from everyone else.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let part = unfinished.begin(&builder, folder)?;
    #[cfg(unix)]
    if let Ok(old) = std::fs::metadata(path) {
        take_after(part.file()?, &old)?;
    }
    {
        let mut writer = BufWriter::with_capacity(1 << 20, part.file()?);
        fill(&mut writer)?;
        writer.flush()?;
    }
    part.file()?.sync_all()?;
    check(&part.path)?;
    part.persist(path)?;
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// Gives a new file the permissions of the old one; its owner and group, too, where this user can.
#[cfg(unix)]
fn take_after(new: &File, old: &std::fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
    // Before the permissions, which a change of owner may narrow. Who may not give files away may still give them to a group of his.
    let is_owned = fchown(new, Some(old.uid()), Some(old.gid())).is_ok();
    let is_of_group = is_owned || fchown(new, None, Some(old.gid())).is_ok();
    let mode = old.permissions().mode();
    let kept = match (is_owned, is_of_group) {
        (true, _) => 0o7777,
        // What was for another owner is not for this one's programs to run as.
        (false, true) => 0o777,
        // Nor is what one group may do for another, unless everybody may.
        (false, false) => 0o707 | (mode & 0o007) << 3,
    };
    new.set_permissions(std::fs::Permissions::from_mode(mode & kept))
}

/// Where a path leads if it is a link, also to a file that is not there yet.
///
/// Links of the system (`/dev/stdout`) lead to whatever a program has open. That cannot be replaced, even where it is a file.
pub(crate) fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(target) = std::fs::read_link(&path) else { return Ok(path) };
        let folder = std::fs::canonicalize(folder_of(&path))?;
        if folder.starts_with("/dev") || folder.starts_with("/proc") {
            return Err(no_file());
        }
        path = folder.join(target);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "expected a file, found links that lead in a circle"))
}

/// What is neither a file nor a folder.
pub(crate) fn no_file() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "expected a regular file, found a device or a pipe")
}

/// Says early what [`write()`] would find out late: a missing folder, a target that is no file.
///
/// # Errors
/// What is expected and found; permissions and space are not looked at.
pub fn check_target(path: &Path) -> io::Result<()> {
    check_followed(&followed(path)?)
}

fn check_followed(path: &Path) -> io::Result<()> {
    // A target that is a device or a pipe (`-o /dev/null`) cannot be replaced by a rename.
    if let Ok(metadata) = std::fs::metadata(path)
        && !metadata.is_file()
    {
        if metadata.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "expected a file, found a folder"));
        }
        return Err(no_file());
    }
    let folder = folder_of(path);
    match std::fs::metadata(folder) {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => {
            let words = format!("{}: expected a folder, found a file", folder.display());
            Err(io::Error::new(io::ErrorKind::NotADirectory, words))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let words = format!("{}: expected a folder, found nothing", folder.display());
            Err(io::Error::new(io::ErrorKind::NotFound, words))
        }
        Err(error) => Err(error),
    }
}

/// As [`check_target()`], and tries whether a file can be made in the folder: before minutes of work, not after them.
///
/// # Errors
/// Those of [`check_target()`], and a missing permission or a full folder.
pub fn check_writable(path: &Path) -> io::Result<()> {
    let path = followed(path)?;
    check_followed(&path)?;
    let probe = tempfile::Builder::new().prefix(".moead-").suffix(".part").tempfile_in(folder_of(&path));
    probe.and_then(tempfile::NamedTempFile::close).map_err(without_name)
}

/// The folder that a path's name is in; the current one has no name of its own in it.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// The temporary file's name means nothing to anybody.
fn without_name(error: io::Error) -> io::Error {
    error.kind().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_abandoned_leaves_nothing_and_the_old_file_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "old").unwrap();
        let unfinished = Unfinished(Mutex::new(Vec::new()));
        let names = || std::fs::read_dir(folder.path()).unwrap().count();
        let fill = |writer: &mut dyn Write| -> io::Result<()> {
            writer.write_all(b"new")?;
            assert_eq!(names(), 2);
            drop(unfinished.abandon());
            assert_eq!(names(), 1);
            Ok(())
        };
        assert!(write_among(&unfinished, &path, fill, |_| Ok(())).is_err());
        assert_eq!((std::fs::read_to_string(&path).unwrap(), names()), ("old".into(), 1));
        write_among(&unfinished, &path, |writer| writer.write_all(b"new"), |_| Ok(())).unwrap();
        assert_eq!((std::fs::read_to_string(&path).unwrap(), names()), ("new".into(), 1));
        assert!(unfinished.paths().is_empty());
    }

    #[test]
    fn a_target_is_looked_at_before_anything_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let kind = |path: &Path| check_target(path).map_err(|error| error.kind());
        std::fs::write(folder.path().join("file"), "").unwrap();
        assert_eq!(kind(&folder.path().join("file")), Ok(()));
        assert_eq!(kind(&folder.path().join("new")), Ok(()));
        assert_eq!(kind(Path::new("new")), Ok(()));
        assert_eq!(kind(folder.path()), Err(io::ErrorKind::IsADirectory));
        assert_eq!(kind(&folder.path().join("missing/new")), Err(io::ErrorKind::NotFound));
        assert_eq!(kind(&folder.path().join("file/new")), Err(io::ErrorKind::NotADirectory));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_and_leads_to_the_new_file() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("models")).unwrap();
        std::fs::write(at("models/v1"), "old").unwrap();
        symlink("models/v1", at("current")).unwrap();
        symlink(at("current"), at("newest")).unwrap();
        symlink("models/v2", at("coming")).unwrap();
        write::<io::Error>(&at("newest"), |out| out.write_all(b"new")).unwrap();
        write::<io::Error>(&at("coming"), |out| out.write_all(b"next")).unwrap();
        assert_eq!(std::fs::read(at("models/v1")).unwrap(), b"new");
        assert_eq!(std::fs::read(at("models/v2")).unwrap(), b"next");
        for link in ["current", "newest", "coming"] {
            assert!(at(link).is_symlink(), "{link}");
        }

        symlink("there", at("here")).unwrap();
        symlink("here", at("there")).unwrap();
        let error = check_writable(&at("here")).unwrap_err().to_string();
        assert_eq!(error, "expected a file, found links that lead in a circle");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_a_program_has_open_is_no_target() {
        use std::os::fd::AsRawFd as _;
        let folder = tempfile::tempdir().unwrap();
        let open = File::create(folder.path().join("open")).unwrap();
        let link = folder.path().join("stdout");
        std::os::unix::fs::symlink(format!("/proc/self/fd/{}", open.as_raw_fd()), &link).unwrap();
        let error = write::<io::Error>(&link, |out| out.write_all(b"new")).unwrap_err().to_string();
        assert_eq!(error, "expected a regular file, found a device or a pipe");
        assert!(link.is_symlink());
        assert_eq!(open.metadata().unwrap().len(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_those_of_the_old_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.onnx");
        std::fs::write(&path, "old").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        write::<io::Error>(&path, |out| out.write_all(b"new")).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o7777, 0o640);
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.onnx");
        write::<io::Error>(&path, |out| out.write_all(b"old")).unwrap();
        let error = write::<io::Error>(&path, |out| {
            out.write_all(b"half of the new")?;
            Err(io::Error::other("no more"))
        });
        assert!(error.is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failed_check_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.onnx");
        let result = write_checked::<io::Error>(
            &path,
            |out| out.write_all(b"new"),
            |written| {
                assert_eq!(std::fs::read(written).unwrap(), b"new");
                Err(io::Error::other("wrong"))
            },
        );
        assert!(result.is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
