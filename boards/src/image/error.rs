//! Why an image cannot be written.

use std::io;

use moead_bundle::admission::Refusal;
use moead_bundle::reader::BundleError;

use crate::packed::Packed;
use crate::payload::{PayloadError, StagingError};

/// Why an image cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The file system's own.
    #[error(transparent)]
    File(#[from] io::Error),
    /// The bundle is damaged.
    #[error("bundle: {0}")]
    Bundle(#[from] BundleError),
    /// A folder of this machine for what is unpacked.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// e2fsprogs is missing.
    #[error("{program} is not on this machine")]
    Tool {
        /// Its name.
        program: &'static str,
    },
    /// The base cannot be unpacked.
    #[error("{0}")]
    Base(String),
    /// Packed otherwise.
    #[error("is {found}, expected a raw image, .xz or .zip")]
    Packed {
        /// Its form.
        found: Packed,
    },
    /// The copy would not fit beside its target.
    #[error("the copy needs {needed} bytes, and {free} are free")]
    NoSpace {
        /// Bytes.
        needed: u64,
        /// Bytes.
        free: u64,
    },
    /// A partition table that makes no sense.
    #[error("partition table: {0}")]
    Table(String),
    /// Nothing that a release could be put into.
    #[error("no ext4 root file system, found {}", listed(found))]
    NoRoot {
        /// Partitions, for people.
        found: Vec<String>,
    },
    /// Nothing that a first boot could begin from.
    #[error("no FAT partition with a cmdline.txt, found {}", listed(found))]
    NoBoot {
        /// Partitions, for people.
        found: Vec<String>,
    },
    /// The first boot has something else to do.
    #[error("{path}: expected no command for the first boot, found `{found}`")]
    Hooked {
        /// On the partition.
        path: &'static str,
        /// The command.
        found: String,
    },
    /// A FAT file system that is damaged.
    #[error("the file system of {partition} cannot be used: {reason}")]
    Fat {
        /// For people.
        partition: String,
        /// In words.
        reason: String,
    },
    /// More than one.
    #[error("more than one ext4 file system could be the root: {}", listed(found))]
    Ambiguous {
        /// Partitions, for people.
        found: Vec<String>,
    },
    /// What was asked for is none.
    #[error("partition {asked} is no ext4 file system, found {}", listed(found))]
    Partition {
        /// Its number.
        asked: u32,
        /// Partitions, for people.
        found: Vec<String>,
    },
    /// Damage that is not to be repaired without somebody's look at it.
    #[error("the file system of {partition} is damaged: {said}")]
    Damaged {
        /// For people.
        partition: String,
        /// e2fsck's words.
        said: String,
    },
    /// A file system that the release cannot run on, or of another kind than is read here.
    #[error("the system on {partition} cannot be used: {reason}")]
    System {
        /// For people.
        partition: String,
        /// In words.
        reason: String,
    },
    /// The bundle is for other systems.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Not enough room.
    #[error("the files need {needed} bytes on {partition}, and {free} are free")]
    NoRoom {
        /// For people.
        partition: String,
        /// Bytes.
        needed: u64,
        /// Bytes.
        free: u64,
    },
    /// Not enough inodes, whatever the room.
    #[error("the files need {needed} inodes on {partition}, and {free} are free")]
    NoInodes {
        /// For people.
        partition: String,
        /// Files, folders and links.
        needed: u64,
        /// Of those that the file system was made with.
        free: u64,
    },
    /// Something else in the place of a folder.
    #[error("{path}: expected a folder, found {found}")]
    NoFolder {
        /// In the image.
        path: String,
        /// In words.
        found: String,
    },
    /// What was read back is something else.
    #[error("{path}: written, and {found} was read back")]
    ReadBack {
        /// In the image.
        path: String,
        /// In words.
        found: String,
    },
    /// A program could not do its work.
    #[error("{program}: {said}")]
    Failed {
        /// Its name.
        program: &'static str,
        /// Its words.
        said: String,
    },
}

impl From<PayloadError> for ImageError {
    fn from(error: PayloadError) -> Self {
        match error {
            PayloadError::Bundle(error) => Self::Bundle(error),
            PayloadError::Staging(error) => Self::Staging(error),
        }
    }
}

fn listed(found: &[String]) -> String {
    if found.is_empty() { "nothing".into() } else { found.join(", ") }
}
