//! Bundles are written here; the same inputs give the same bytes.

use std::io::{self, Write};

use crate::archive;
use crate::digest::Digest;
use crate::limits;
use crate::manifest::{Kind, Manifest, ManifestError, Member, Stored};
use crate::member_path::MemberPath;

/// A file to put into a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Below the release's folder.
    pub path: MemberPath,
    /// Program or not.
    pub kind: Kind,
    /// All of it.
    pub bytes: Vec<u8>,
}

/// Everything of a bundle but its signature.
#[derive(Debug)]
pub struct Draft {
    manifest: Manifest,
    text: Vec<u8>,
    stored: Vec<Vec<u8>>,
}

/// Why a bundle cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DraftError {
    /// The reader would refuse it.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The reader would refuse it.
    #[error("the manifest has {found} bytes, expected at most {limit}")]
    TooLarge {
        /// Bytes.
        found: u64,
        /// Bytes.
        limit: u64,
    },
    /// zstd could not.
    #[error("compressing {path}: {error}")]
    Compress {
        /// Of the member.
        path: MemberPath,
        /// zstd's words.
        error: io::Error,
    },
}

/// zstd's level: on the PC minutes count less than bytes on a hundred boards' networks.
const LEVEL: i32 = 19;

impl Draft {
    /// Compresses the contents and fills `manifest.members` with them, in their order.
    ///
    /// # Errors
    /// [`DraftError`]
    pub fn new(mut manifest: Manifest, contents: &[Content]) -> Result<Self, DraftError> {
        let mut stored = Vec::with_capacity(contents.len());
        manifest.members.clear();
        for content in contents {
            let bytes =
                compress(&content.bytes).map_err(|error| DraftError::Compress { path: content.path.clone(), error })?;
            manifest.members.push(Member {
                path: content.path.clone(),
                kind: content.kind,
                size: content.bytes.len() as u64,
                sha256: Digest::of(&content.bytes),
                stored: Stored { size: bytes.len() as u64, sha256: Digest::of(&bytes) },
            });
            stored.push(bytes);
        }
        manifest.check()?;
        let text = manifest.to_json();
        if text.len() as u64 > limits::MANIFEST_BYTES {
            return Err(DraftError::TooLarge { found: text.len() as u64, limit: limits::MANIFEST_BYTES });
        }
        Ok(Self { manifest, text, stored })
    }

    /// What will be signed, as values.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What must be signed, byte for byte.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        &self.text
    }

    /// Writes the bundle with minisign's text for [`Self::message`].
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, signature: &str, out: &mut dyn Write) -> io::Result<()> {
        archive::write(out, archive::MANIFEST, &self.text)?;
        archive::write(out, archive::SIGNATURE, signature.as_bytes())?;
        for (member, stored) in self.manifest.members.iter().zip(&self.stored) {
            archive::write(out, &archive::stored_name(&member.path), stored)?;
        }
        out.write_all(&[0; archive::END as usize])
    }
}

fn compress(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = zstd::Encoder::new(Vec::new(), LEVEL)?;
    encoder.window_log(limits::WINDOW_LOG)?;
    encoder.include_contentsize(true)?;
    encoder.set_pledged_src_size(Some(bytes.len() as u64))?;
    encoder.write_all(bytes)?;
    encoder.finish()
}
