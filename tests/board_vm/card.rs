//! Disks as files with holes: copied whole, or the partition of the root alone.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use rustix::fs::SeekFrom;

/// The root's place on the base image, which `vm.sh` makes.
pub(crate) const ROOT_START: u64 = 1 << 20;
pub(crate) const ROOT_LENGTH: u64 = 720 << 20;
/// The partition for marks.
pub(crate) const MARKS_START: u64 = ROOT_START + ROOT_LENGTH;

/// Copies all of a disk.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let length = from.metadata()?.len();
    copy_range(from, to, 0, length)
}

/// Copies bytes `start..start + length` into a file of their own; what is a hole stays one.
pub(crate) fn copy_range(from: &Path, to: &Path, start: u64, length: u64) -> io::Result<()> {
    let (source, target) = (File::open(from)?, File::create(to)?);
    target.set_len(length)?;
    let end = start + length;
    let mut buffer = vec![0; 1 << 20];
    let mut at = start;
    while at < end {
        // Nothing but a hole behind it is an error of its own.
        let Ok(data) = rustix::fs::seek(&source, SeekFrom::Data(at)) else { break };
        let hole = rustix::fs::seek(&source, SeekFrom::Hole(data))?.min(end);
        at = data;
        while at < hole {
            let count = usize::try_from(hole - at).unwrap_or(usize::MAX).min(buffer.len());
            let bytes = buffer.get_mut(..count).expect("at most its length");
            source.read_exact_at(bytes, at)?;
            target.write_all_at(bytes, at - start)?;
            at += count as u64;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn a_range_is_copied_with_its_holes() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        let file = File::create(&from).unwrap();
        file.set_len(64 << 20).unwrap();
        for (at, byte) in [(0, 1), (8 << 20, 2), (40 << 20, 3)] {
            file.write_all_at(&[byte; 5000], at).unwrap();
        }
        copy_range(&from, &to, 4096, 32 << 20).unwrap();
        let (whole, copied) = (std::fs::read(&from).unwrap(), std::fs::read(&to).unwrap());
        assert!(copied == whole[4096..4096 + (32 << 20)]);
        assert!(to.metadata().unwrap().blocks() * 512 < 1 << 20);
        copy(&from, &to).unwrap();
        assert!(std::fs::read(&to).unwrap() == whole);
    }
}
