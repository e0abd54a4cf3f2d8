//! A file that is read piece by piece, each from its own place: no mapping, no common cursor.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::error::CheckpointError;

/// An open file and the length that it had then. A file that shrinks later gives errors, never wrong numbers.
#[derive(Debug)]
pub(super) struct PositionedFile {
    file: File,
    length: u64,
}

impl PositionedFile {
    pub(super) fn open(path: &Path) -> Result<Self, CheckpointError> {
        // A pipe would block in `open`, so its kind is asked for first.
        let kind = std::fs::metadata(path)?.file_type();
        if !kind.is_file() {
            let found = if kind.is_dir() { "a folder" } else { "a device or a pipe" };
            return Err(CheckpointError::NotAFile { found });
        }
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Self { file, length })
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The first `N` bytes, zeros where the file is shorter.
    pub(super) fn head<const N: usize>(&self) -> io::Result<[u8; N]> {
        let mut head = [0; N];
        let present = usize::try_from(self.length).map_or(N, |length| length.min(N));
        self.read_exact_at(&mut head[..present], 0)?;
        Ok(head)
    }

    pub(super) fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }

    /// The bytes from `start` to `end`, as a stream.
    pub(super) fn stream(&self, start: u64, end: u64) -> FileStream<'_> {
        FileStream { file: self, position: start, end }
    }

    pub(super) fn sha256(&self) -> io::Result<String> {
        let mut hash = Sha256::new();
        let mut stream = self.stream(0, self.length);
        let mut piece = vec![0; 1 << 18];
        loop {
            match stream.read(&mut piece)? {
                0 => break,
                read => hash.update(&piece[..read]),
            }
        }
        Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl rawzip::ReaderAt for &PositionedFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }
}

/// Part of a file, from front to back.
#[derive(Debug)]
pub(super) struct FileStream<'a> {
    file: &'a PositionedFile,
    position: u64,
    end: u64,
}

impl Read for FileStream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let wanted = left.min(buffer.len());
        let read = self.file.file.read_at(&mut buffer[..wanted], self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}
