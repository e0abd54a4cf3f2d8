//! A piece of a file that reads, writes and ends like a file of its own.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt as _;

/// Bytes `start..start + length` of a file.
#[derive(Debug)]
pub(super) struct Slice {
    file: File,
    start: u64,
    length: u64,
    /// From `start` on.
    at: u64,
}

impl Slice {
    pub(super) fn new(file: File, start: u64, length: u64) -> Self {
        Self { file, start, length, at: 0 }
    }

    /// How many of so many bytes lie before its end.
    fn within(&self, count: usize) -> usize {
        usize::try_from(self.length.saturating_sub(self.at)).map_or(count, |left| left.min(count))
    }
}

impl Read for Slice {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.within(buffer.len());
        let read = self.file.read_at(buffer.get_mut(..count).unwrap_or_default(), self.start + self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Write for Slice {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.within(bytes.len());
        let written = self.file.write_at(bytes.get(..count).unwrap_or_default(), self.start + self.at)?;
        self.at += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Slice {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(offset) => self.length.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.at.checked_add_signed(offset),
        };
        // Beyond the end nothing can be: a partition does not grow.
        let place = place.filter(|&place| place <= self.length);
        self.at = place.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "outside of the partition"))?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_is_read_or_written() {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(b"0123456789").expect("written");
        let mut slice = Slice::new(file.try_clone().expect("a handle"), 3, 4);
        let mut all = Vec::new();
        slice.read_to_end(&mut all).expect("read");
        assert_eq!(all, b"3456");
        slice.seek(SeekFrom::End(-1)).expect("inside");
        assert_eq!(slice.write(b"xyz").expect("written"), 1);
        assert_eq!(slice.write(b"yz").expect("the end"), 0);
        for outside in [SeekFrom::Start(5), SeekFrom::Current(1), SeekFrom::End(-5)] {
            assert!(slice.seek(outside).is_err(), "{outside:?}");
        }
        let mut bytes = [0; 10];
        file.read_exact_at(&mut bytes, 0).expect("read");
        assert_eq!(&bytes, b"012345x789");
    }
}
