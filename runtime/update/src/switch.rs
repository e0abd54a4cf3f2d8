//! Links, changed in one moment.

use std::path::Path;

use moead_bundle::manifest::Manifest;
use moead_bundle::release::{LINKS, ROOT};

use crate::disk::{self, Disk};
use crate::error::{DiskError, OnDisk as _};
use crate::host::{Host, Step};
use crate::installed::ReleaseName;

/// What a link's or a file's name ends in before it takes the place of the one that is there.
pub(crate) const NEXT: &str = ".next";

/// Makes a link in [`ROOT`] lead to a release. After a power cut it leads to the old one or to the new one; after this returns, to the new one.
///
/// # Errors
/// The file system's.
pub fn point(disk: &mut dyn Disk, link: &str, release: &ReleaseName) -> Result<(), DiskError> {
    let root = Path::new(ROOT);
    let (link, next) = (root.join(link), root.join(format!("{link}{NEXT}")));
    if disk.target(&link).on(&link)?.is_none_or(|target| target != release.target()) {
        if disk.kind(&next).on(&next)?.is_some() {
            disk.remove_file(&next).on(&next)?;
        }
        disk.link(&release.target(), &next).on(&next)?;
        disk.rename(&next, &link).on(&link)?;
    }
    // Also when it led there already: an earlier attempt may have ended before this.
    disk.sync(root).on(root)
}

/// Before a switch: from then on somebody must bring it to its end, should this process end early. Without, the next start of the board does.
pub(crate) fn call_understudy(host: &mut Host<'_>) {
    if let Err(error) = host.service.call_understudy() {
        (host.tell)(Step::Alone(error.to_string()));
    }
}

/// Makes the links through which the system finds what a release brings, where they are missing: a board that was set up before the release
/// had that part. Links that lead elsewhere are the site's.
///
/// # Errors
/// The file system's.
pub fn complete_links(disk: &mut dyn Disk, manifest: &Manifest) -> Result<(), DiskError> {
    for (path, target) in LINKS {
        let path = Path::new(path);
        let name = path.file_name().and_then(|name| name.to_str());
        let is_brought = manifest.members.iter().any(|member| member.path.as_str().rsplit('/').next() == name);
        if !is_brought || disk.kind(path).on(path)?.is_some() {
            continue;
        }
        if let Some(folder) = path.parent() {
            disk::make_folders(disk, folder)?;
            disk.link(target, path).on(path)?;
            disk.sync(folder).on(folder)?;
        }
    }
    Ok(())
}
