//! A release put into somebody's system image: offline, without root, without mounting anything.
//!
//! The base is copied, and the copy is changed with `debugfs` of e2fsprogs, whose exit status says nothing: therefore the root's file
//! system is checked before, the room is counted before, everything is read back afterwards with another reader (the crate
//! ext4-view) and compared, and the file system is checked again. Only then does the copy get its name. The base is never opened for
//! writing.
//!
//! Linux only, as e2fsprogs is.

use std::fs::File;
use std::path::{Path, PathBuf};

use moead_bundle::reader::Bundle;

pub mod error;
mod inject;
pub mod plan;
mod root;
mod source;
mod superblock;
mod table;
mod tools;

use error::ImageError;
use plan::{Extras, Plan};
use root::Root;

/// What is wanted.
#[derive(Debug)]
pub struct Request<'a> {
    /// The system image: raw, `.xz`, or `.zip` with one file.
    pub base: &'a Path,
    /// Where the new one goes.
    pub output: &'a Path,
    /// The partition with the root file system; none: it is found.
    pub partition: Option<u32>,
    /// What the site adds.
    pub extras: Extras,
}

/// What was found and done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The partition, for people.
    pub partition: String,
    /// The system's own name.
    pub system: String,
    /// Of the system, if its library says it.
    pub glibc: Option<moead_bundle::version::Version>,
    /// The base's file system was not closed properly, and was repaired in the copy.
    pub was_repaired: bool,
    /// Files, links and folders that were written and read back.
    pub written: usize,
}

/// Writes the image.
///
/// # Errors
/// [`ImageError`]; then nothing is at `output` that was not there before.
pub fn write(request: &Request<'_>, bundle: &mut Bundle, step: &mut dyn FnMut(&str)) -> Result<Report, ImageError> {
    let folder = request.output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    tools::check()?;
    let copy = tempfile::Builder::new().prefix(".moead-").suffix(".part").tempfile_in(folder)?;
    step(&format!("copying {}", request.base.display()));
    source::copy(request.base, copy.as_file(), folder)?;
    step("looking for the root file system");
    let partition = table::find_root(copy.as_file(), request.partition)?;
    step("checking the file system");
    let was_repaired = tools::make_clean(copy.path(), &partition)?;
    let root = Root::open(copy.path(), &partition)?;
    root.check(&bundle.manifest().target)?;
    let staging = tempfile::tempdir()?;
    step("unpacking the bundle");
    let plan = Plan::new(bundle, &request.extras, staging.path())?;
    inject::check_room(copy.as_file(), &partition, &plan)?;
    step("writing files");
    inject::write(copy.path(), &partition, &plan)?;
    step("reading everything back");
    let written = inject::check(copy.path(), &partition, &plan)?;
    step("checking the file system again");
    tools::check_clean(copy.path(), &partition)?;
    copy.as_file().sync_all()?;
    let output: PathBuf = request.output.to_owned();
    let (system, glibc) = (root.system(), root.glibc());
    let file = copy.persist(&output).map_err(|error| error.error)?;
    set_readable(&file)?;
    File::open(folder)?.sync_all()?;
    Ok(Report { partition: partition.to_string(), system, glibc, was_repaired, written })
}

/// As a plain `File::create` would make it; temporary files are their owner's alone.
fn set_readable(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}
