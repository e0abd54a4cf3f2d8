//! A log of all that a disk was asked to do, in the format of the kernel's dm-log-writes, which qemu's `blklogwrites` writes too
//! (`drivers/md/dm-log-writes.c`): a first sector, and then for each request a sector that describes it, with the data behind it.
//!
//! All numbers are little-endian. First sector: magic, version, number of entries (u64 each), bytes of a sector (u32). Entry: first sector, number of
//! sectors, flags, length of a mark's text (u64 each).

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

const MAGIC: u64 = 0x006a_7366_7773_6872;
const VERSION: u64 = 1;
const FLUSH: u64 = 1;
const FUA: u64 = 2;
const DISCARD: u64 = 4;
const MARK: u64 = 8;
/// Hours of a board have tens of thousands.
const MOST_ENTRIES: u64 = 10_000_000;

#[derive(Debug)]
pub(crate) struct WriteLog {
    file: File,
    pub(crate) entries: Vec<Entry>,
}

/// One request, in the order of their ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// What ended before it is on the medium.
    pub(crate) is_flush: bool,
    pub(crate) change: Option<Change>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    /// First byte on the disk.
    pub(crate) start: u64,
    pub(crate) length: u64,
    /// It did not end before it was on the medium.
    pub(crate) is_durable: bool,
    /// In the log's file; none: discarded, it reads as zeros.
    data: Option<u64>,
}

#[derive(Debug)]
pub(crate) enum LogError {
    Io(io::Error),
    /// Not such a log; where, and what stands there.
    Form(&'static str, u64),
}

impl fmt::Display for LogError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(formatter),
            Self::Form(what, found) => write!(formatter, "{what}: found {found:#x}"),
        }
    }
}

impl From<io::Error> for LogError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl WriteLog {
    pub(crate) fn open(path: &Path) -> Result<Self, LogError> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let numbers = |at: u64| -> io::Result<[u64; 4]> {
            let mut bytes = [0; 32];
            file.read_exact_at(&mut bytes, at)?;
            let mut numbers = bytes.chunks_exact(8).map(|bytes| u64::from_le_bytes(bytes.try_into().expect("8 bytes")));
            Ok(std::array::from_fn(|_| numbers.next().expect("4 numbers")))
        };
        let [magic, version, count, sector] = numbers(0)?;
        // The last one has 32 bits, and nothing follows.
        let sector = sector & u64::from(u32::MAX);
        for (what, found, is_right) in [
            ("magic", magic, magic == MAGIC),
            ("version", version, version == VERSION),
            ("number of entries", count, count <= MOST_ENTRIES),
            ("bytes of a sector", sector, sector.is_power_of_two() && (512..=4096).contains(&sector)),
        ] {
            if !is_right {
                return Err(LogError::Form(what, found));
            }
        }
        let mut entries = Vec::new();
        let mut at = sector;
        for _ in 0..count {
            let [first, sectors, flags, mark] = numbers(at)?;
            at += sector;
            let bytes = |sectors: u64| sectors.checked_mul(sector).filter(|&bytes| bytes <= 1 << 48);
            let start = bytes(first).ok_or(LogError::Form("first sector of an entry", first))?;
            let size = bytes(sectors).ok_or(LogError::Form("sectors of an entry", sectors))?;
            if flags & MARK != 0 {
                at += mark.min(length).next_multiple_of(sector);
                continue;
            }
            let has_data = flags & DISCARD == 0;
            let data = has_data.then_some(at);
            if has_data {
                at += size;
            }
            if at > length {
                return Err(LogError::Form("end of an entry's data, behind the log's", at));
            }
            let change = Change { start, length: size, is_durable: flags & FUA != 0, data };
            entries.push(Entry { is_flush: flags & FLUSH != 0, change: (size > 0).then_some(change) });
        }
        Ok(Self { file, entries })
    }

    /// Bytes `from..from + length` of what was written.
    pub(crate) fn read(&self, change: &Change, from: u64, length: u64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        if let Some(data) = change.data {
            self.file.read_exact_at(&mut bytes, data + from)?;
        }
        Ok(bytes)
    }

    /// The request that wrote that text to that place of the disk.
    pub(crate) fn place_of(&self, text: &str, start: u64) -> Option<usize> {
        self.entries.iter().position(|entry| {
            let change = entry.change.filter(|change| change.start == start && change.length >= text.len() as u64);
            let written = change.and_then(|change| self.read(&change, 0, text.len() as u64).ok());
            written.is_some_and(|written| written == text.as_bytes())
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A log as qemu would write it: start in sectors, flags, data.
    pub(crate) fn log_of(folder: &Path, entries: &[(u64, u64, Vec<u8>)]) -> WriteLog {
        WriteLog::open(&write(folder, entries)).unwrap()
    }

    fn write(folder: &Path, entries: &[(u64, u64, Vec<u8>)]) -> std::path::PathBuf {
        let padded = |mut bytes: Vec<u8>| {
            bytes.resize(bytes.len().next_multiple_of(512), 0);
            bytes
        };
        let numbers = |numbers: &[u64]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
        let mut log = padded(numbers(&[0x006a_7366_7773_6872, 1, entries.len() as u64, 512]));
        for (sector, flags, data) in entries {
            let is_discard = flags & DISCARD != 0;
            log.extend(padded(numbers(&[*sector, data.len() as u64 / 512, *flags, 0])));
            log.extend(if is_discard { Vec::new() } else { data.clone() });
        }
        let path = folder.join("log");
        std::fs::write(&path, log).unwrap();
        path
    }

    #[test]
    fn every_kind_of_entry_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let log = log_of(
            folder.path(),
            &[
                (8, 0, vec![7; 1024]),
                (0, FLUSH, vec![]),
                (2, FUA, b"mark".iter().copied().chain([0; 508]).collect()),
                (100, DISCARD, vec![0; 2048]),
                (8, FLUSH, vec![9; 512]),
            ],
        );
        let shape = |entry: &Entry| {
            let change = entry.change.map(|change| (change.start, change.length, change.is_durable));
            (entry.is_flush, change)
        };
        assert_eq!(
            log.entries.iter().map(shape).collect::<Vec<_>>(),
            [
                (false, Some((4096, 1024, false))),
                (true, None),
                (false, Some((1024, 512, true))),
                (false, Some((51_200, 2048, false))),
                (true, Some((4096, 512, false))),
            ]
        );
        assert_eq!(log.place_of("mark", 1024), Some(2));
        assert_eq!(log.place_of("mark", 4096), None);
        let read = |index: usize| log.read(&log.entries[index].change.unwrap(), 512, 512).unwrap();
        assert_eq!((read(0), read(3)), (vec![7; 512], vec![0; 512]));
    }

    #[test]
    fn what_is_no_log_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), &[(8, 0, vec![7; 1024])]);
        let log = std::fs::read(&path).unwrap();
        let said = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut log = log.clone();
            change(&mut log);
            std::fs::write(&path, log).unwrap();
            WriteLog::open(&path).unwrap_err().to_string()
        };
        assert_eq!(said(&|log| log[0] = 0), "magic: found 0x6a736677736800");
        assert_eq!(said(&|log| log[8] = 2), "version: found 0x2");
        assert_eq!(said(&|log| log[24] = 1), "bytes of a sector: found 0x201");
        assert_eq!(said(&|log| log[23] = 1), "number of entries: found 0x100000000000001");
        assert_eq!(said(&|log| log.truncate(1500)), "end of an entry's data, behind the log's: found 0x800");
        assert_eq!(said(&|log| log[512 + 15] = 1), "sectors of an entry: found 0x100000000000002");
        assert_eq!(said(&|log| log.truncate(530)), "failed to fill whole buffer");
    }
}
