//! What an update that was cut short leaves behind, and releases that nobody will go back to.

use std::path::Path;

use moead_bundle::release::{CURRENT, PREVIOUS, RECORD, ROOT};

use crate::disk::{Disk, Kind};
use crate::error::{DiskError, OnDisk as _};
use crate::host::Step;
use crate::installed::{ReleaseName, releases};
use crate::switch::NEXT;

/// Removes all of that but the releases in `keep`.
///
/// A release that goes loses its name first: a folder with a release's name is whole, or has never been.
///
/// # Errors
/// The file system's.
pub fn sweep(disk: &mut dyn Disk, keep: &[&ReleaseName], tell: &mut dyn FnMut(Step)) -> Result<(), DiskError> {
    let half_made = [CURRENT, PREVIOUS].map(|link| Path::new(ROOT).join(format!("{link}{NEXT}")));
    for path in half_made.iter().map(|path| &**path).chain([Path::new(&format!("{RECORD}{NEXT}"))]) {
        if disk.kind(path).on(path)?.is_some() {
            disk.remove_file(path).on(path)?;
        }
    }
    let folder = releases();
    for name in disk.names(&folder).on(&folder)? {
        let release = ReleaseName::parse(&name);
        if release.as_ref().is_some_and(|release| keep.contains(&release)) {
            continue;
        }
        tell(Step::Sweep(name.clone()));
        match &release {
            Some(release) => discard(disk, release)?,
            None => remove(disk, &folder.join(&name))?,
        }
    }
    Ok(())
}

/// Removes a release.
///
/// # Errors
/// The file system's.
pub fn discard(disk: &mut dyn Disk, release: &ReleaseName) -> Result<(), DiskError> {
    let (folder, part) = (release.folder(), release.part());
    remove(disk, &part)?;
    disk.rename(&folder, &part).on(&folder)?;
    disk.sync(&releases()).on(&folder)?;
    remove(disk, &part)
}

/// Removes whatever is at a path, if something is.
fn remove(disk: &mut dyn Disk, path: &Path) -> Result<(), DiskError> {
    match disk.kind(path).on(path)? {
        None => Ok(()),
        Some(Kind::Folder) => {
            for name in disk.names(path).on(path)? {
                remove(disk, &path.join(name))?;
            }
            disk.remove_folder(path).on(path)
        }
        Some(Kind::File | Kind::Link | Kind::Other) => disk.remove_file(path).on(path),
    }
}
