//! A bundle from somewhere else: the signed manifest first, then as much as it says, and no byte more.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use moead_bundle::reader::{Beginning, BundleError, Sealed, beginning};

/// Bytes that are asked for at a time.
const PIECE: u64 = 1 << 16;

/// A bundle of which a part is there.
pub struct Download<'a> {
    source: &'a mut dyn Read,
    path: PathBuf,
    file: File,
    there: u64,
}

/// Why a bundle could not be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// The connection's.
    #[error("after {there} bytes: {error}")]
    Source {
        /// Bytes that came.
        there: u64,
        /// Why no more came.
        #[source]
        error: io::Error,
    },
    /// The file system's.
    #[error("{}: {error}", .path.display())]
    File {
        /// Where it is written.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// What came is no bundle's beginning.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// It ended early.
    #[error("ended after {there} bytes, expected {expected}")]
    Short {
        /// Bytes that came.
        there: u64,
        /// By the manifest, or as much as a bundle's beginning has.
        expected: u64,
    },
    /// It goes on.
    #[error("more than the {expected} bytes that were signed")]
    Long {
        /// By the manifest.
        expected: u64,
    },
}

impl<'a> Download<'a> {
    /// Fetches manifest and signature into a new file.
    ///
    /// # Errors
    /// [`DownloadError`]
    pub fn begin(source: &'a mut dyn Read, path: &Path) -> Result<(Self, Sealed), DownloadError> {
        let file = File::create(path).map_err(|error| DownloadError::File { path: path.to_owned(), error })?;
        let mut download = Self { source, path: path.to_owned(), file, there: 0 };
        let mut bytes = Vec::new();
        while let Beginning::Needs(needed) = beginning(&bytes)? {
            download.fetch(needed, |piece| bytes.extend_from_slice(piece))?;
        }
        let sealed = Sealed::open(path)?;
        Ok((download, sealed))
    }

    /// Bytes that are there.
    #[must_use]
    pub fn there(&self) -> u64 {
        self.there
    }

    /// Fetches the rest, to a length that a checked manifest has given. `tell` hears how much came.
    ///
    /// # Errors
    /// [`DownloadError`]
    pub fn finish(mut self, length: u64, tell: &mut dyn FnMut(u64)) -> Result<Sealed, DownloadError> {
        self.fetch(length, |piece| tell(piece.len() as u64))?;
        let mut more = [0];
        match self.source.read(&mut more) {
            Ok(0) => Ok(Sealed::open(&self.path)?),
            Ok(_) => Err(DownloadError::Long { expected: length }),
            Err(error) => Err(DownloadError::Source { there: self.there, error }),
        }
    }

    fn fetch(&mut self, until: u64, mut take: impl FnMut(&[u8])) -> Result<(), DownloadError> {
        let mut piece = vec![0; usize::try_from(PIECE.min(until.saturating_sub(self.there))).unwrap_or(0)];
        while self.there < until {
            let wanted = usize::try_from((until - self.there).min(PIECE)).unwrap_or(0);
            let count = match self.source.read(piece.get_mut(..wanted).unwrap_or_default()) {
                Ok(0) => return Err(DownloadError::Short { there: self.there, expected: until }),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(DownloadError::Source { there: self.there, error }),
            };
            let came = piece.get(..count).unwrap_or_default();
            self.file.write_all(came).map_err(|error| DownloadError::File { path: self.path.clone(), error })?;
            self.there += count as u64;
            take(came);
        }
        Ok(())
    }
}
