//! A Debian package: an `ar` archive of `debian-binary`, `control.tar.xz` and `data.tar.xz` (`deb(5)`).
//!
//! The paths are a distribution's, not a release's: a package is replaced by apt, which has its own way back. The site's
//! settings are a configuration file, which apt never overwrites. The same inputs give the same bytes.

use std::io;

use moead_bundle::version::Version;

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

impl Labels {
    /// As Debian names the machine.
    #[must_use]
    pub fn architecture(&self) -> &'static str {
        match self.triple {
            Triple::Aarch64 => "arm64",
            Triple::X86_64 => "amd64",
        }
    }

    /// The name that apt expects of a package's file.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{NAME}_{}_{}.deb", self.version, self.architecture())
    }
}

/// The package's bytes. `files` are for [`crate::places::PACKAGE`].
///
/// # Errors
/// Those of compression, which are a want of memory.
pub fn package(files: &Files, labels: &Labels) -> io::Result<Vec<u8>> {
    let data = tree::files(files, labels)?;
    let installed = data.iter().map(|file| file.bytes.len().div_ceil(1024)).sum();
    let control = control::files(labels, installed);
    let members = [
        ("debian-binary", b"2.0\n".to_vec()),
        ("control.tar.xz", archive::tar_xz(&control)?),
        ("data.tar.xz", archive::tar_xz(&data)?),
    ];
    Ok(archive::ar(&members))
}

/// A file of one of the two archives.
struct File {
    /// Without a leading slash.
    path: String,
    mode: u32,
    bytes: Vec<u8>,
}

impl File {
    fn plain(path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self { path: path.trim_start_matches('/').to_owned(), mode: 0o644, bytes: bytes.into() }
    }

    fn program(path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self { mode: 0o755, ..Self::plain(path, bytes) }
    }
}
