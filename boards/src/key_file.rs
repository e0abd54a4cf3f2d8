//! Keys on disk: the secret half is its owner's alone, and no key ever takes another's place.

use std::fs::{File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use moead_model::atomic_file;

use crate::key::Texts;

/// Writes both halves, the secret one readable by its owner alone. Neither may be there.
///
/// # Errors
/// The file system's own, which name the file; when the second cannot be written, the first is removed.
pub fn write(texts: &Texts, secret: &Path, public: &Path) -> io::Result<()> {
    for path in [secret, public] {
        atomic_file::check_target(path).map_err(|error| named(path, &error))?;
        if path.symlink_metadata().is_ok() {
            return Err(named(path, &io::Error::new(io::ErrorKind::AlreadyExists, "there is one already")));
        }
    }
    place(&texts.secret, secret, 0o600).map_err(|error| named(secret, &error))?;
    let placed = place(&texts.public, public, 0o644).map_err(|error| named(public, &error));
    placed.inspect_err(|_| {
        // Half a pair is no pair; what cannot be removed is said by the error that follows.
        let _ = std::fs::remove_file(secret);
    })
}

/// With the key's path in front: two files are written, and one of them is meant.
fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn place(text: &str, path: &Path, mode: u32) -> io::Result<()> {
    let folder = atomic_file::folder_of(path);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".moead-").suffix(".part").permissions(Permissions::from_mode(mode));
    let mut file = builder.tempfile_in(folder).map_err(|error| io::Error::from(error.kind()))?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

/// The file's permissions, if others than its owner may read it.
///
/// # Errors
/// The file system's own.
pub fn exposed(path: &Path) -> io::Result<Option<u32>> {
    let mode = std::fs::metadata(path)?.permissions().mode() & 0o777;
    Ok((mode & 0o077 != 0).then_some(mode))
}
