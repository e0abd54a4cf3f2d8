//! What a file is packed as, by its first bytes: names lie, and a packed image that is written as it is makes a card that no board boots from.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use moead_bundle::archive::MANIFEST;

/// A form that is no raw image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packed {
    /// `.xz`
    Xz,
    /// `.zip`
    Zip,
    /// `.gz`
    Gzip,
    /// `.zst`
    Zstd,
    /// `.bz2`
    Bzip2,
    /// `.moead`: a release, and no system.
    Bundle,
}

impl Packed {
    /// Of a file, wherever its reader is; none: none of them.
    ///
    /// # Errors
    /// The file system's.
    pub fn of(file: &File) -> io::Result<Option<Self>> {
        let mut first = [0; MANIFEST.len() + 1];
        let mut filled = 0;
        while let Some(rest) = first.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self::beginning(&first))
    }

    fn beginning(first: &[u8]) -> Option<Self> {
        let is_bundle = first.strip_prefix(MANIFEST.as_bytes()).is_some_and(|rest| rest.starts_with(&[0]));
        match first {
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            [b'P', b'K', 3, 4, ..] => Some(Self::Zip),
            [0x1f, 0x8b, 8, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Some(Self::Bzip2),
            _ => is_bundle.then_some(Self::Bundle),
        }
    }
}

impl fmt::Display for Packed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Xz => "packed by xz",
            Self::Zip => "packed by zip",
            Self::Gzip => "packed by gzip",
            Self::Zstd => "packed by zstd",
            Self::Bzip2 => "packed by bzip2",
            Self::Bundle => "a bundle",
        })
    }
}
