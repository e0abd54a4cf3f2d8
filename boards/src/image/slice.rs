//! A piece of a file that reads, writes and ends like a file of its own.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt as _;

/// The least that a cluster of FAT has.
const CLUSTER: u64 = 512;

/// Bytes `start..start + length` of a file. A file system is read through it whose chains may lead to themselves, so it may be asked so often and
/// no more: for each cluster that there can be, to read its place in the table, to look whether that is free, to chain it, and to read it, twice.
#[derive(Debug)]
pub(super) struct Slice {
    file: File,
    start: u64,
    length: u64,
    /// From `start` on.
    at: u64,
    /// How often it may still be read.
    reads: u64,
}

impl Slice {
    pub(super) fn new(file: File, start: u64, length: u64) -> Self {
        Self { file, start, length, at: 0, reads: (length / CLUSTER).saturating_mul(8).saturating_add(1 << 16) }
    }

    /// How many of so many bytes lie before its end.
    fn within(&self, count: usize) -> usize {
        usize::try_from(self.length.saturating_sub(self.at)).map_or(count, |left| left.min(count))
    }
}

impl Read for Slice {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let circles = || io::Error::new(io::ErrorKind::InvalidData, "its chains go in circles");
        self.reads = self.reads.checked_sub(1).ok_or_else(circles)?;
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
    fn what_goes_in_circles_is_left() {
        let file = tempfile::tempfile().expect("a file");
        file.set_len(1024).expect("a length");
        let mut slice = Slice::new(file, 0, 1024);
        let mut rounds = 0;
        let error = loop {
            slice.seek(SeekFrom::Start(0)).expect("inside");
            match slice.read(&mut [0; 32]) {
                Ok(count) => rounds += usize::from(count == 32),
                Err(error) => break error,
            }
        };
        assert_eq!((rounds, error.to_string().as_str()), ((1 << 16) + 16, "its chains go in circles"));
    }

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
