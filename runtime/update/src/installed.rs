//! Releases that are on the board, and whether they are what was signed.

use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use moead_bundle::archive;
use moead_bundle::digest::Digest;
use moead_bundle::limits;
use moead_bundle::manifest::{Manifest, ManifestError};
use moead_bundle::member_path::MemberPath;
use moead_bundle::release::{self, PART, RELEASES, ROOT};
use moead_bundle::version::Version;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::disk::{self, Disk, Kind};
use crate::error::{DiskError, OnDisk as _, UpdateError};

/// The name of a release's folder: one plain name, not that of a folder which is being unpacked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReleaseName(String);

impl ReleaseName {
    /// None: not such a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_name = MemberPath::parse(text).is_some() && !text.contains('/') && !text.ends_with(PART);
        is_name.then(|| Self(text.to_owned()))
    }

    /// Of a bundle with that manifest.
    ///
    /// # Panics
    /// Never: versions and digests have letters and digits alone.
    #[must_use]
    pub fn of(manifest: &Manifest, digest: Digest) -> Self {
        Self::parse(&release::folder_name(manifest.version, digest)).expect("a version and a digest are a plain name")
    }

    /// The version in it; none: somebody has named the folder otherwise.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        release::version_of(&self.0)
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        releases().join(&self.0)
    }

    /// The folder under the name that it has while it is not, or no longer, whole.
    #[must_use]
    pub fn part(&self) -> PathBuf {
        releases().join(format!("{}{PART}", self.0))
    }

    /// Where a link to it leads, from [`ROOT`].
    #[must_use]
    pub fn target(&self) -> String {
        format!("{RELEASES}/{}", self.0)
    }
}

impl fmt::Display for ReleaseName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Serialize for ReleaseName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ReleaseName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format_args!("{text:?} is no release's name")))
    }
}

/// The folder of all releases.
#[must_use]
pub fn releases() -> PathBuf {
    Path::new(ROOT).join(RELEASES)
}

/// The release that a link in [`ROOT`] leads to; none: there is no link.
///
/// # Errors
/// [`UpdateError::NoLink`], [`UpdateError::Astray`], and the file system's.
pub fn linked(disk: &dyn Disk, link: &str) -> Result<Option<ReleaseName>, UpdateError> {
    let link = Path::new(ROOT).join(link);
    if disk.kind(&link).on(&link)?.is_some_and(|kind| kind != Kind::Link) {
        return Err(UpdateError::NoLink { link });
    }
    let Some(target) = disk.target(&link).on(&link)? else { return Ok(None) };
    let plain = target.strip_prefix(ROOT).map_or(target.as_str(), |rest| rest.trim_start_matches('/'));
    let name = plain.strip_prefix(RELEASES).and_then(|rest| rest.strip_prefix('/')).and_then(ReleaseName::parse);
    name.map(Some).ok_or(UpdateError::Astray { link, target })
}

/// Whether there is a folder for a release; it may be damaged.
///
/// # Errors
/// The file system's.
pub fn is_there(disk: &dyn Disk, release: &ReleaseName) -> Result<bool, DiskError> {
    let folder = release.folder();
    Ok(disk.kind(&folder).on(&folder)? == Some(Kind::Folder))
}

/// What is wrong with a release on the disk.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] DiskError),
    /// A file is not there.
    #[error("{path} is missing")]
    Missing {
        /// In the release's folder.
        path: String,
    },
    /// Its manifest cannot be used.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Its manifest is another release's.
    #[error("{}: of release {found}", archive::MANIFEST)]
    OtherManifest {
        /// By the manifest.
        found: ReleaseName,
    },
    /// A file is another one.
    #[error("{path}: expected SHA-256 {expected}, found {found}")]
    Altered {
        /// In the release's folder.
        path: MemberPath,
        /// By the manifest.
        expected: Digest,
        /// Of the file.
        found: Digest,
    },
}

/// A release's manifest.
///
/// # Errors
/// [`Damage`]
pub fn manifest(disk: &dyn Disk, release: &ReleaseName) -> Result<Manifest, Damage> {
    let path = release.folder().join(archive::MANIFEST);
    let text = disk::read(disk, &path, limits::MANIFEST_BYTES)?;
    let text = text.ok_or_else(|| Damage::Missing { path: archive::MANIFEST.into() })?;
    let manifest = Manifest::parse(&text)?;
    let found = ReleaseName::of(&manifest, Digest::of(&text));
    if found == *release { Ok(manifest) } else { Err(Damage::OtherManifest { found }) }
}

/// Reads all of a release and compares it with its manifest.
///
/// # Errors
/// [`Damage`]
pub fn check_whole(disk: &dyn Disk, release: &ReleaseName) -> Result<Manifest, Damage> {
    let manifest = manifest(disk, release)?;
    let folder = release.folder();
    for member in &manifest.members {
        let path = folder.join(member.path.as_str());
        if disk.kind(&path).on(&path)?.is_none() {
            return Err(Damage::Missing { path: member.path.to_string() });
        }
        let found = digest(disk, &path, member.size)?;
        if found != member.sha256 {
            return Err(Damage::Altered { path: member.path.clone(), expected: member.sha256, found });
        }
    }
    Ok(manifest)
}

/// Of a file that should have that size; of a longer one, of a byte more.
pub(crate) fn digest(disk: &dyn Disk, path: &Path, size: u64) -> Result<Digest, DiskError> {
    let mut content = disk.open(path).on(path)?.take(size.saturating_add(1));
    Digest::of_reader(&mut content).map(|(digest, _)| digest).on(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_plain_name() {
        assert_eq!(ReleaseName::parse("1.4.0-3fa9c1d2e4b5").unwrap().target(), "releases/1.4.0-3fa9c1d2e4b5");
        for wrong in ["", "..", "a/b", "1.5.0-3fa9c1d2e4b5.part", "-x", ".x"] {
            assert_eq!(ReleaseName::parse(wrong), None, "{wrong}");
        }
    }
}
