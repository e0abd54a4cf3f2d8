//! A release put into somebody's system image: offline, without root, without mounting anything.
//!
//! The base is copied, and the copy is changed with `debugfs` of e2fsprogs, whose exit status says nothing: therefore the root's file
//! system is checked before, the room is counted before, everything is read back afterwards with another reader (the crate
//! ext4-view) and compared, and the file system is checked again. Only then does the copy take the output's place, as any file of ours does
//! ([`atomic_file`]). The base is never opened for writing.
//!
//! Linux only, as e2fsprogs is. [`Way::FirstBoot`] needs neither: the release is laid into a Raspberry Pi card's FAT partition, from where the
//! board installs it when it first boots.

use std::fs::{File, Permissions};
use std::path::Path;

use moead_bundle::reader::Bundle;
use moead_model::atomic_file;

mod boot_partition;
pub mod error;
mod inject;
pub mod plan;
mod root;
pub mod root_keys;
mod slice;
mod source;
mod superblock;
mod table;
mod tools;

use error::ImageError;
use plan::{Extras, Plan};
use root::Root;

use crate::temporaries::Temporaries;

/// What is wanted.
#[derive(Debug)]
pub struct Request<'a> {
    /// The system image: raw, `.xz`, or `.zip` with one file.
    pub base: &'a Path,
    /// Where the new one goes.
    pub output: &'a Path,
    /// How the release gets onto the board.
    pub way: Way,
    /// What the site adds.
    pub extras: Extras,
    /// Knows what is written for a while.
    pub temporaries: &'a Temporaries,
}

/// How the release gets onto the board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Into its root file system, in the image.
    Root {
        /// The partition with it; none: it is found.
        partition: Option<u32>,
    },
    /// The board installs it when it first boots.
    FirstBoot,
}

/// What was found and done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The partition, for people.
    pub partition: String,
    /// The system's own name; none: it was not looked at.
    pub system: Option<String>,
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
    if matches!(request.way, Way::Root { .. }) {
        tools::check()?;
    }
    let mut report = None;
    atomic_file::write_checked::<ImageError>(
        request.output,
        // Whatever makes an image wants a file with a name.
        |_| Ok(()),
        |copy| {
            report = Some(make(copy, request, bundle, step)?);
            Ok(())
        },
    )?;
    Ok(report.expect("an image that has its name was made"))
}

/// Makes the image of an empty file. That has the permissions of the one whose place it takes, which need not let anybody write.
fn make(
    copy: &Path,
    request: &Request<'_>,
    bundle: &mut Bundle,
    step: &mut dyn FnMut(&str),
) -> Result<Report, ImageError> {
    use std::os::unix::fs::PermissionsExt as _;
    let permissions = std::fs::metadata(copy)?.permissions();
    std::fs::set_permissions(copy, Permissions::from_mode(0o600))?;
    let file = File::options().read(true).write(true).open(copy)?;
    step(&format!("copying {}", request.base.display()));
    source::copy(request.base, &file, atomic_file::folder_of(copy))?;
    let report = match request.way {
        Way::Root { partition } => into_root((copy, &file), partition, request, bundle, step)?,
        Way::FirstBoot => boot_partition::write(copy, bundle, request, step)?,
    };
    file.set_permissions(permissions)?;
    file.sync_all()?;
    Ok(report)
}

fn into_root(
    (copy, file): (&Path, &File),
    partition: Option<u32>,
    request: &Request<'_>,
    bundle: &mut Bundle,
    step: &mut dyn FnMut(&str),
) -> Result<Report, ImageError> {
    step("looking for the root file system");
    let partition = table::find_root(file, partition)?;
    step("checking the file system");
    let was_repaired = tools::make_clean(copy, &partition, request.temporaries)?;
    let root = Root::open(copy, &partition)?;
    root.check(&bundle.manifest().target)?;
    let staging = request.temporaries.folder()?;
    step("unpacking the bundle");
    let plan = Plan::new(bundle, &request.extras, staging.path())?;
    inject::check_folders(&root, &plan)?;
    inject::check_room(file, &partition, &plan)?;
    step("writing files");
    inject::write(copy, &partition, &plan, staging.path())?;
    tools::count_quotas(copy, &partition)?;
    step("reading everything back");
    let written = inject::check(copy, &partition, &plan)?;
    step("checking the file system again");
    tools::check_clean(copy, &partition)?;
    let (system, glibc) = (Some(root.system()), root.glibc());
    Ok(Report { partition: partition.to_string(), system, glibc, was_repaired, written })
}
