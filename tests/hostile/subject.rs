//! A checkpoint's bytes in front of its reader.

use std::cell::OnceCell;
use std::fs;
use std::path::Path;

use moead_exporter::checkpoint::{Checkpoint, CheckpointError};
use moead_exporter::weights::Weights;

use crate::memory;

/// Longer messages help nobody, and hide the line above them.
const LONGEST_MESSAGE: usize = 4096;

/// A tensor's name, its sides, and its numbers or why there are none.
pub(crate) type Found = (String, Vec<usize>, Result<Vec<f32>, String>);

/// Runs `work` on a file with these bytes; each thread has one file, which is written again and again.
pub(crate) fn with_file<T>(bytes: &[u8], work: impl FnOnce(&Path) -> T) -> T {
    thread_local! {
        static FOLDER: OnceCell<tempfile::TempDir> = const { OnceCell::new() };
    }
    FOLDER.with(|folder| {
        let path = folder.get_or_init(|| tempfile::tempdir().unwrap()).path().join("hostile");
        fs::write(&path, bytes).unwrap();
        work(&path)
    })
}

/// Opens a file with these bytes, within bounds.
#[track_caller]
pub(crate) fn open(bytes: &[u8]) -> Result<Checkpoint, CheckpointError> {
    with_file(bytes, |path| memory::bounded(bytes.len(), || Checkpoint::open(path)))
}

/// What the reader says about bytes that it must refuse.
#[track_caller]
pub(crate) fn refused(bytes: &[u8]) -> String {
    let error = open(bytes).expect_err("hostile bytes are refused").to_string();
    assert!(error.len() <= LONGEST_MESSAGE, "a message of {} bytes: {:.200}…", error.len(), error);
    error
}

/// Asserts that bytes are refused with a message that has all these parts.
#[track_caller]
pub(crate) fn assert_refused(what: &str, bytes: &[u8], parts: &[&str]) {
    let error = refused(bytes);
    for part in parts {
        assert!(error.contains(part), "{what}: {part:?} is not in {error:?}");
    }
}

/// Opens a file and reads every tensor, all within bounds.
#[track_caller]
pub(crate) fn contents(bytes: &[u8]) -> Result<Vec<Found>, String> {
    let checkpoint = open(bytes).map_err(|error| error.to_string())?;
    let read = |name: &str| {
        let numbers = memory::bounded(bytes.len(), || checkpoint.read(name)).map_err(|error| error.to_string());
        let shape = checkpoint.shape(name).unwrap().to_vec();
        if let Ok(numbers) = &numbers {
            assert_eq!(numbers.len(), shape.iter().product::<usize>(), "{name}");
        }
        (name.to_owned(), shape, numbers)
    };
    Ok(checkpoint.names().map(read).collect())
}

/// The one tensor of a file that is as it should be.
#[track_caller]
pub(crate) fn only_tensor(bytes: &[u8]) -> (Vec<usize>, Result<Vec<f32>, String>) {
    let mut found = contents(bytes).unwrap();
    assert_eq!(found.len(), 1);
    let (_, shape, numbers) = found.remove(0);
    (shape, numbers)
}
