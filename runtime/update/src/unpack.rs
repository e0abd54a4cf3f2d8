//! A bundle's files, beside the releases that are there.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;

use moead_bundle::archive;
use moead_bundle::reader::{Bundle, BundleError};

use crate::disk::{self, Disk};
use crate::error::{DiskError, OnDisk as _, UpdateError};
use crate::host::{Host, Step};
use crate::installed::{Damage, ReleaseName, digest, releases};

/// Unpacks into the folder's unfinished name, reads every file back, and gives the folder its name when all of it is on the medium.
///
/// # Errors
/// [`UpdateError`]; what was written so far is swept at the next start.
pub fn unpack(host: &mut Host<'_>, bundle: &mut Bundle, release: &ReleaseName) -> Result<(), UpdateError> {
    let (part, folder, all) = (release.part(), release.folder(), releases());
    disk::make_folders(host.disk, &all)?;
    host.disk.make_folder(&part).on(&part)?;
    let mut folders = BTreeSet::from([part.clone()]);
    for member in bundle.manifest().members.clone() {
        let path = part.join(member.path.as_str());
        (host.tell)(Step::Unpack(member.path.to_string()));
        make_parents(host.disk, &path, &mut folders)?;
        let mut file = host.disk.create(&path, member.kind.mode()).on(&path)?;
        match bundle.unpack(&member, &mut *file) {
            // Of the file that is written: the bundle was read before.
            Err(BundleError::Read(error)) => return Err(DiskError { path, error }.into()),
            other => other?,
        }
        file.flush().on(&path)?;
        drop(file);
        host.disk.sync(&path).on(&path)?;
        let found = digest(host.disk, &path, member.size)?;
        if found != member.sha256 {
            let damage = Damage::Altered { path: member.path, expected: member.sha256, found };
            return Err(UpdateError::Damaged { release: release.clone(), damage });
        }
    }
    let (manifest, signature) = (bundle.manifest_text(), bundle.signature_text().as_bytes());
    for (name, content) in [(archive::MANIFEST, manifest), (archive::SIGNATURE, signature)] {
        write(host.disk, &part.join(name), content)?;
    }
    for folder in folders.iter().rev() {
        host.disk.sync(folder).on(folder)?;
    }
    host.disk.rename(&part, &folder).on(&folder)?;
    host.disk.sync(&all).on(&all)?;
    Ok(())
}

/// A small file, on the medium before this returns; its name is not, yet.
pub(crate) fn write(disk: &mut dyn Disk, path: &Path, content: &[u8]) -> Result<(), DiskError> {
    let mut file = disk.create(path, 0o644).on(path)?;
    file.write_all(content).and_then(|()| file.flush()).on(path)?;
    drop(file);
    disk.sync(path).on(path)
}

fn make_parents(disk: &mut dyn Disk, path: &Path, made: &mut BTreeSet<std::path::PathBuf>) -> Result<(), DiskError> {
    let missing: Vec<_> = path.ancestors().skip(1).take_while(|folder| !made.contains(*folder)).collect();
    for folder in missing.into_iter().rev() {
        disk.make_folder(folder).on(folder)?;
        made.insert(folder.to_owned());
    }
    Ok(())
}
