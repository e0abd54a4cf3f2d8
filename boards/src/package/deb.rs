//! A Debian package: an `ar` archive of `debian-binary`, `control.tar.xz` and `data.tar.xz` (`deb(5)`).
//!
//! The paths are a distribution's, not a release's: a package is replaced by apt, which has its own way back. The site's
//! settings are a configuration file, which apt never overwrites. The same inputs give the same bytes.

use std::io;

use moead_bundle::version::Version;

use super::archive::{File, tar};
use crate::assemble::Files;
use crate::profile::Triple;

mod archive;
mod control;
mod tree;

/// Name of the package, and of its unit.
pub const NAME: &str = "moead-edge";

/// What is said about a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// Of the model, for people.
    pub name: String,
    /// Of the release.
    pub version: Version,
    /// `Name <address>`.
    pub maintainer: String,
    /// For which machine.
    pub triple: Triple,
    /// The least that the program asks for.
    pub glibc: Option<Version>,
}

/// The name that apt expects of a package's file.
#[must_use]
pub fn file_name(version: Version, triple: Triple) -> String {
    format!("{NAME}_{version}_{}.deb", triple.architecture())
}

/// The package's bytes. `files` are for [`crate::places::PACKAGE`].
///
/// # Errors
/// Those of compression, which are a want of memory.
pub fn package(files: &Files, labels: &Labels) -> io::Result<Vec<u8>> {
    let data = tree::files(files, labels)?;
    let installed = data.iter().map(|file| file.bytes.len().div_ceil(1024)).sum();
    let control = control::files(labels, installed);
    let members =
        [("debian-binary", b"2.0\n".to_vec()), ("control.tar.xz", tar_xz(&control)?), ("data.tar.xz", tar_xz(&data)?)];
    Ok(archive::ar(&members))
}

/// Small packages matter more than seconds on the PC.
const LEVEL: u32 = 6;

fn tar_xz(files: &[File]) -> io::Result<Vec<u8>> {
    tar(files, liblzma::write::XzEncoder::new(Vec::new(), LEVEL))?.finish()
}
