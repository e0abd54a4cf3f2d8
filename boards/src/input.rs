//! Files that are read whole, up to a size that honest ones have.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// Bytes of a program. Ours have 20 MB, with everything and unstripped 100 MB.
pub const PROGRAM_BYTES: u64 = 1 << 30;
/// Bytes of a text: keys, settings.
pub const TEXT_BYTES: u64 = 1 << 20;
/// Bytes of a bill of materials. Ours have 100 kB.
pub const BILL_BYTES: u64 = 64 << 20;

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// The system's words.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// Larger than any honest one.
    #[error("more than {limit} bytes")]
    TooLarge {
        /// Bytes.
        limit: u64,
    },
    /// A text that is none.
    #[error("not UTF-8 text")]
    Text,
}

/// All of a file.
///
/// # Errors
/// [`InputError`], which does not name the file.
pub fn bytes(path: &Path, limit: u64) -> Result<Vec<u8>, InputError> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(InputError::TooLarge { limit }) } else { Ok(bytes) }
}

/// A file's text.
///
/// # Errors
/// [`InputError`], which does not name the file.
pub fn text(path: &Path) -> Result<String, InputError> {
    String::from_utf8(bytes(path, TEXT_BYTES)?).map_err(|_| InputError::Text)
}
