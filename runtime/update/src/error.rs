//! Why an update did not come to its end.

use std::io;
use std::path::{Path, PathBuf};

use moead_bundle::admission::Refusal;
use moead_bundle::reader::BundleError;

use crate::installed::{Damage, ReleaseName};
use crate::record::RecordError;
use crate::service::ServiceError;
use crate::trial::Reason;

/// The file system's word about a path.
#[derive(Debug, thiserror::Error)]
#[error("{}: {error}", .path.display())]
pub struct DiskError {
    /// As on the board.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub error: io::Error,
}

/// Puts the path to the file system's word.
pub trait OnDisk<T> {
    /// Names the path.
    ///
    /// # Errors
    /// The error that was there, with the path.
    fn on(self, path: &Path) -> Result<T, DiskError>;
}

impl<T> OnDisk<T> for io::Result<T> {
    fn on(self, path: &Path) -> Result<T, DiskError> {
        self.map_err(|error| DiskError { path: path.to_owned(), error })
    }
}

/// Why an update, a way back, or a look after a trial failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateError {
    /// The file system's.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The bundle is damaged, or not signed by the board's key.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The board does not take it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What outlived the last start cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The disk is too full.
    #[error("needs {needed} bytes in {}, and {free} are free", .folder.display())]
    NoSpace {
        /// Of the board.
        folder: PathBuf,
        /// Bytes.
        needed: u64,
        /// Bytes.
        free: u64,
    },
    /// Nothing is installed that could be updated.
    #[error("{}: no release is installed", .link.display())]
    NoRelease {
        /// Where the link to it should be.
        link: PathBuf,
    },
    /// Something else in the place of a link.
    #[error("{}: expected a link to a release, found something else", .link.display())]
    NoLink {
        /// Its place.
        link: PathBuf,
    },
    /// A link that leads somewhere else than into the releases.
    #[error("{}: leads to {target}, expected a release", .link.display())]
    Astray {
        /// The link.
        link: PathBuf,
        /// Where it leads.
        target: String,
    },
    /// There is one release alone.
    #[error("there is no release to go back to: {current} is the only one")]
    NothingBefore {
        /// The one that runs.
        current: ReleaseName,
    },
    /// One update at a time.
    #[error("release {release} is on trial")]
    OnTrial {
        /// The one that was switched to.
        release: ReleaseName,
    },
    /// A release on the disk is not what was signed.
    #[error("release {release}: {damage}")]
    Damaged {
        /// Its name.
        release: ReleaseName,
        /// What is wrong.
        #[source]
        damage: Damage,
    },
    /// The new program does not run, or computes something else than it should.
    #[error("release {release} does not pass its own test on this board: {said}")]
    Verify {
        /// The new one.
        release: ReleaseName,
        /// The program's words.
        said: String,
    },
    /// Nothing was switched, since the service's manager could not be asked.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// It was tried and is not well.
    #[error("release {release} was not well, and {back} is back: {reason}")]
    WentBack {
        /// The new one.
        release: ReleaseName,
        /// The one that runs again.
        back: ReleaseName,
        /// Why.
        reason: Reason,
    },
    /// It is not well, or not wanted, and going back failed. The next start of the board, or of the update unit, tries again.
    #[error("{}, and going back failed", left(release, reason))]
    Stuck {
        /// The one that is to be left.
        release: ReleaseName,
        /// Why.
        reason: Reason,
        /// Why going back failed.
        #[source]
        error: Box<UpdateError>,
    },
}

fn left(release: &ReleaseName, reason: &Reason) -> String {
    match reason {
        Reason::Asked => format!("release {release} is to be left, as asked"),
        reason => format!("release {release} is not well ({reason})"),
    }
}
