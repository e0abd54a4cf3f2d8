//! A root file system after a cut, looked at as the next start would: is it whole, does `current` lead to one whole release, and can an update that
//! was going on be brought to its end, either way?

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use ext4_view::{Ext4, FileType};
use moead_bundle::release::{CURRENT, PREVIOUS, PROGRAM, ROOT};
use moead_update::disk::board::BoardDisk;
use moead_update::installed::{ReleaseName, check_whole, linked};
use moead_update::record::{Phase, Record};

use crate::settling::{Life, settle_below};

/// What an update touches, and the rest is the system's.
const FOLDERS: [&str; 2] = [ROOT, "/var/lib/moead-update"];

/// What a whole board was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) current: String,
    /// Of the trial; none: there is none.
    pub(crate) phase: Option<&'static str>,
    /// Entries beside the releases that are linked.
    pub(crate) strays: usize,
}

/// Looks at a root file system in a file, which is repaired as at a start. An error says what is broken.
pub(crate) fn examine(partition: &Path, known: &[String]) -> Result<Found, String> {
    repair(partition)?;
    let scratch =
        tempfile::tempdir_in(partition.parent().unwrap_or(Path::new("."))).map_err(|error| error.to_string())?;
    let root = scratch.path().join("root");
    read_out(partition, &root)?;
    let found = look(&root, known)?;
    // What the next start does, whether the release that it finds is well or not.
    for (life, name) in [(Life::Well, "well"), (Life::Ends, "ends")] {
        let copy = scratch.path().join(name);
        // Nothing is written into a file there; links are enough.
        run(Command::new("cp").arg("-al").arg(&root).arg(&copy), &[0])?;
        settle_below(&copy, life).map_err(|error| format!("settle, of a release that {name}: {error}"))?;
        let after = look(&copy, known).map_err(|error| format!("after settle, of a release that {name}: {error}"))?;
        if after.phase.is_some() || after.strays > 0 {
            return Err(format!("settle left {after:?}"));
        }
        if life == Life::Ends && found.phase.is_some() && Some(&after.current) != known.first() {
            return Err(format!("a release that ends stayed: {}", after.current));
        }
    }
    Ok(found)
}

/// As a start does: the journal is replayed; what would need a decision is an error, and so is anything that is wrong afterwards.
fn repair(partition: &Path) -> Result<(), String> {
    run(e2fsck().arg("-fp").arg(partition), &[0, 1, 2, 3])?;
    run(e2fsck().arg("-fn").arg(partition), &[0])
}

fn e2fsck() -> Command {
    let mut command = Command::new("e2fsck");
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{path}:/usr/sbin:/sbin")).env("LC_ALL", "C");
    command
}

fn run(command: &mut Command, fine: &[i32]) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.code().is_some_and(|status| fine.contains(&status)) {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said: Vec<_> = String::from_utf8_lossy(&said).lines().map(str::to_owned).take(6).collect();
    Err(format!("{}: {}: {}", command.get_program().display(), output.status, said.join("; ")))
}

/// Copies what an update touches onto this machine, by a reader that shares nothing with the kernel's.
fn read_out(partition: &Path, root: &Path) -> Result<(), String> {
    let files = Ext4::load_from_path(partition).map_err(|error| error.to_string())?;
    FOLDERS.iter().try_for_each(|folder| {
        if files.exists(*folder).map_err(|error| format!("{folder}: {error}"))? {
            read_folder(&files, folder, root)
        } else {
            Ok(())
        }
    })
}

fn read_folder(files: &Ext4, folder: &str, root: &Path) -> Result<(), String> {
    let said = |path: &str| {
        let path = path.to_owned();
        move |error: &dyn std::fmt::Display| format!("{path}: {error}")
    };
    let here = |path: &str| -> PathBuf { root.join(path.trim_start_matches('/')) };
    fs::create_dir_all(here(folder)).map_err(|error| said(folder)(&error))?;
    for entry in files.read_dir(folder).map_err(|error| said(folder)(&error))? {
        let entry = entry.map_err(|error| said(folder)(&error))?;
        let name = entry.file_name().as_str().map_err(|error| said(folder)(&error))?.to_owned();
        if name == "." || name == ".." {
            continue;
        }
        let path = format!("{folder}/{name}");
        let said = said(&path);
        match entry.file_type().map_err(|error| said(&error))? {
            FileType::Directory => read_folder(files, &path, root)?,
            FileType::Symlink => {
                let target = files.read_link(&*path).map_err(|error| said(&error))?;
                let target = target.to_str().map_err(|error| said(&error))?.to_owned();
                symlink(target, here(&path)).map_err(|error| said(&error))?;
            }
            _ => {
                let content = files.read(&*path).map_err(|error| said(&error))?;
                let mode = files.metadata(&*path).map_err(|error| said(&error))?.mode();
                fs::write(here(&path), content).map_err(|error| said(&error))?;
                let mode = fs::Permissions::from_mode(u32::from(mode) & 0o777);
                fs::set_permissions(here(&path), mode).map_err(|error| said(&error))?;
            }
        }
    }
    Ok(())
}

/// Compares everything that is linked with what was signed, and reads the record.
fn look(root: &Path, known: &[String]) -> Result<Found, String> {
    let disk = BoardDisk::below(root);
    let record = Record::load(&disk).map_err(|error| error.to_string())?;
    let mut linked_releases = Vec::new();
    for link in [CURRENT, PREVIOUS] {
        let release = linked(&disk, link).map_err(|error| error.to_string())?;
        let release = release.ok_or_else(|| format!("{ROOT}/{link} is missing"))?;
        is_whole(&disk, &release).map_err(|error| format!("{link} leads to {release}: {error}"))?;
        if !known.contains(&release.to_string()) {
            return Err(format!("{link} leads to {release}, expected one of {known:?}"));
        }
        linked_releases.push(release.to_string());
    }
    let phase = record.trial.as_ref().map(|trial| match trial.phase {
        Phase::Switching => "switching",
        Phase::Trying => "trying",
        Phase::GoingBack { .. } => "going back",
    });
    let current = linked_releases.first().cloned().unwrap_or_default();
    Ok(Found { current, phase, strays: strays(root, &linked_releases).map_err(|error| error.to_string())? })
}

fn is_whole(disk: &BoardDisk, release: &ReleaseName) -> Result<(), String> {
    check_whole(disk, release).map_err(|error| error.to_string())?;
    let program = disk.here(&release.folder().join(PROGRAM));
    let mode = fs::metadata(&program).map_err(|error| error.to_string())?.permissions().mode() & 0o777;
    if mode == 0o755 { Ok(()) } else { Err(format!("{PROGRAM} has mode {mode:o}")) }
}

/// Beside what is linked: releases, parts of some, links and records that were being made.
fn strays(root: &Path, linked: &[String]) -> std::io::Result<usize> {
    let mut count = 0;
    for folder in ["opt/moead", "opt/moead/releases", "var/lib/moead-update"] {
        let Ok(entries) = fs::read_dir(root.join(folder)) else { continue };
        for entry in entries {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let is_known = ["current", "previous", "lock", "releases", "state.json"].contains(&name.as_str());
            count += usize::from(!is_known && !linked.contains(&name));
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests;
