//! `torch.save` since 1.6: a zip archive of stored entries, `NAME/data.pkl` and one `NAME/data/KEY` per storage.
//!
//! Checksums are not compared: torch itself can be told to write none. A changed weight shows in `--check` only if it is
//! no number; the file's hash in the manifest tells files apart.

use std::collections::HashMap;
use std::io::BufReader;

use rawzip::{CompressionMethod, RECOMMENDED_BUFFER_SIZE, ZipArchive};

use super::error::CheckpointError;
use super::file::PositionedFile;
use super::limits::{MAX_PICKLE_BYTES, MAX_ZIP_ENTRIES, MAX_ZIP_NAME_BYTES};
use super::pickle::{self, StorageName};
use super::stored::Storage;
use super::{Contents, saved_object};

/// An entry's bytes in the file.
#[derive(Debug, Clone, Copy)]
struct Range {
    start: u64,
    end: u64,
}

pub(super) fn read(file: &PositionedFile) -> Result<Contents, CheckpointError> {
    let entries = entries(file)?;
    let mut pickles = entries.keys().filter(|name| name.ends_with("/data.pkl") && name.matches('/').count() == 1);
    let pickle_name = match (pickles.next(), pickles.next()) {
        (Some(name), None) => name,
        (None, _) => return Err(zip("expected an entry NAME/data.pkl, found none: torch.save did not write this")),
        (Some(_), Some(_)) => return Err(zip("expected one entry NAME/data.pkl, found several")),
    };
    let root = pickle_name.trim_end_matches("data.pkl");
    if entries.contains_key(&format!("{root}constants.pkl")) {
        return Err(zip("expected a checkpoint of torch.save, found a TorchScript archive"));
    }
    if let Some(range) = entries.get(&format!("{root}byteorder")) {
        let mut order = [0; 3];
        if range.end - range.start == 3 {
            file.read_exact_at(&mut order, range.start)?;
        }
        if &order == b"big" {
            return Err(CheckpointError::BigEndian);
        }
    }
    let range = entries[pickle_name];
    let length = range.end - range.start;
    if length > MAX_PICKLE_BYTES {
        return Err(zip(&format!("{pickle_name}: expected at most {MAX_PICKLE_BYTES} bytes, found {length}")));
    }
    let pickled = pickle::load(BufReader::new(file.stream(range.start, range.end)), length)
        .map_err(|source| CheckpointError::Pickle { part: pickle_name.clone(), source })?;
    saved_object::interpret(&pickled, |storage| locate(storage, root, &entries))
}

fn locate(storage: &StorageName, root: &str, entries: &HashMap<String, Range>) -> Result<Storage, String> {
    let name = format!("{root}data/{}", storage.key);
    let range = entries.get(&name).ok_or_else(|| format!("expected the archive entry {name}, found none"))?;
    let found = range.end - range.start;
    let expected = (storage.length as u64).checked_mul(storage.element.bytes() as u64);
    if expected != Some(found) {
        return Err(format!(
            "archive entry {name}: expected {} numbers of type {}, found {found} bytes",
            storage.length,
            storage.element.name()
        ));
    }
    Ok(Storage { element: storage.element, offset: range.start, length: storage.length })
}

/// All entries by name, each stored, none twice, none sharing bytes with another.
fn entries(file: &PositionedFile) -> Result<HashMap<String, Range>, CheckpointError> {
    let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
    let archive = ZipArchive::with_max_search_space(1 << 16)
        .locate_in_reader(file, &mut buffer, file.length())
        .map_err(|(_, error)| zip(&format!("{error}: the file is cut short or damaged")))?;
    let expected = archive.entries_hint();
    if expected > MAX_ZIP_ENTRIES {
        return Err(zip(&format!("expected at most {MAX_ZIP_ENTRIES} entries, found {expected}")));
    }
    let mut found = HashMap::new();
    let mut header = vec![0; RECOMMENDED_BUFFER_SIZE];
    let mut records = archive.entries(&mut buffer);
    let mut count = 0;
    while let Some(record) = records.next_entry().map_err(|error| zip(&error.to_string()))? {
        count += 1;
        if count > expected {
            break;
        }
        let raw = record.file_path().as_bytes();
        let name = safe_name(raw)?;
        let at = |problem: &str| zip(&format!("{name}: {problem}"));
        if record.is_dir() {
            continue;
        }
        if record.flags().is_encrypted() {
            return Err(at("expected plain bytes, found encrypted ones"));
        }
        if record.compression_method() != CompressionMethod::STORE {
            return Err(at("expected stored bytes, found compressed ones: torch never compresses"));
        }
        if record.compressed_size_hint() != record.uncompressed_size_hint() {
            return Err(at("expected two equal sizes of a stored entry, found different ones"));
        }
        let entry = archive.get_entry(record.wayfinder()).map_err(|error| at(&error.to_string()))?;
        let local = entry.local_header(&mut header).map_err(|error| at(&error.to_string()))?;
        if local.file_path().as_bytes() != raw {
            return Err(at("the directory and the entry itself give different names"));
        }
        let (start, end) = entry.compressed_data_range();
        if end < start || end > file.length() || end - start != record.compressed_size_hint() {
            return Err(at(&format!("expected bytes inside the file, found {start} to {end} of {}", file.length())));
        }
        // The header in front of the data belongs to the entry too.
        let header_start = record.local_header_offset();
        if found.insert(name.clone(), (header_start, Range { start, end })).is_some() {
            return Err(at("occurs twice"));
        }
    }
    if count != expected {
        return Err(zip(&format!("expected {expected} entries, found {count}")));
    }
    refuse_overlaps(&found)?;
    Ok(found.into_iter().map(|(name, (_, range))| (name, range)).collect())
}

/// Names as torch writes them: relative, with forward slashes, without steps upwards.
fn safe_name(raw: &[u8]) -> Result<String, CheckpointError> {
    let shown = || String::from_utf8_lossy(&raw[..raw.len().min(100)]).into_owned();
    if raw.len() > MAX_ZIP_NAME_BYTES {
        return Err(zip(&format!("{}…: expected names of at most {MAX_ZIP_NAME_BYTES} bytes", shown())));
    }
    let name = std::str::from_utf8(raw).map_err(|_| zip(&format!("{}: expected a name in UTF-8", shown())))?;
    let plain = |part: &str| part != ".." && part != ".";
    if name.is_empty() || name.starts_with('/') || name.contains(['\\', '\0', ':']) || !name.split('/').all(plain) {
        return Err(zip(&format!("{:?}: expected a plain relative name", shown())));
    }
    Ok(name.to_owned())
}

fn refuse_overlaps(entries: &HashMap<String, (u64, Range)>) -> Result<(), CheckpointError> {
    let mut ranges: Vec<_> = entries.iter().map(|(name, (header, range))| (*header, range.end, name)).collect();
    ranges.sort_unstable();
    match ranges.windows(2).find(|pair| pair[1].0 < pair[0].1) {
        Some(pair) => Err(zip(&format!("{} and {}: share bytes", pair[0].2, pair[1].2))),
        None => Ok(()),
    }
}

fn zip(problem: &str) -> CheckpointError {
    CheckpointError::Zip { problem: problem.to_owned() }
}
