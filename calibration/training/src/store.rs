//! Features of pictures in a file, so that they are computed once: they are frozen, and the backbone is most of the work.
//!
//! ```text
//! numbers    of each picture: tokens x channels, 32-bit floats, little-endian
//! index      JSON: {"schema": 1, "identity": …, "sides": [tokens, channels], "pictures": [place in the samples, …]}
//! length     of the index: 64 bits, little-endian
//! mark       "moead-features\n"
//! ```
//!
//! The file belongs to its identity: pictures, backbone, preprocessing. One that belongs to something else is not read.
//! Numbers are read from the file when a step needs them: memory does not depend on how many pictures there are.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

const MARK: &[u8; 15] = b"moead-features\n";
const SCHEMA: u64 = 1;
/// A line for each picture: a hundred million bytes are a million pictures.
const MOST_INDEX: u64 = 100_000_000;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Index {
    schema: u64,
    identity: Value,
    sides: [usize; 2],
    pictures: Vec<usize>,
}

/// A file of features.
#[derive(Debug)]
pub struct Store {
    file: File,
    sides: [usize; 2],
    pictures: Vec<usize>,
}

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file system.
    #[error(transparent)]
    File(#[from] io::Error),
    /// Not a file of features, or a part of one.
    #[error("not a complete file of features: {0}")]
    Damaged(String),
    /// Of other pictures, another backbone or another preprocessing.
    #[error("its features were made with another value of {key}")]
    Another {
        /// Of the identity.
        key: String,
    },
}

/// A file of features as it is being written.
pub struct Writer<'a> {
    out: &'a mut dyn Write,
    sides: [usize; 2],
    pictures: Vec<usize>,
}

impl<'a> Writer<'a> {
    /// Begins a file.
    ///
    /// * `sides`: tokens and channels.
    pub fn new(out: &'a mut dyn Write, sides: [usize; 2]) -> Self {
        Self { out, sides, pictures: Vec::new() }
    }

    /// Adds a picture.
    ///
    /// * `sample`: its place in the samples.
    /// * `features`: channels x tokens, as the engine gives them.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn add(&mut self, sample: usize, features: &[f32]) -> io::Result<()> {
        let [tokens, channels] = self.sides;
        let mut bytes = Vec::with_capacity(4 * features.len());
        for token in 0..tokens {
            for channel in 0..channels {
                bytes.extend_from_slice(&features[channel * tokens + token].to_le_bytes());
            }
        }
        self.pictures.push(sample);
        self.out.write_all(&bytes)
    }

    /// Ends the file.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn finish(self, identity: &Value) -> io::Result<()> {
        let Self { out, sides, pictures } = self;
        let index = serde_json::to_vec(&Index { schema: SCHEMA, identity: identity.clone(), sides, pictures })?;
        out.write_all(&index)?;
        out.write_all(&(index.len() as u64).to_le_bytes())?;
        out.write_all(MARK)
    }
}

impl Store {
    /// Opens the file that belongs to an identity.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn open(path: &Path, sides: [usize; 2], identity: &Value) -> Result<Self, StoreError> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        let tail = 8 + MARK.len() as u64;
        let damaged = |what: &str| StoreError::Damaged(what.to_owned());
        if length < tail {
            return Err(damaged("too short"));
        }
        let mut end = [0; 8 + MARK.len()];
        file.read_exact_at(&mut end, length - tail)?;
        let (index_length, mark) = end.split_at(8);
        if mark != MARK {
            return Err(damaged("its end is missing"));
        }
        let index_length = u64::from_le_bytes(index_length.try_into().unwrap_or_default());
        let most = (length - tail).min(MOST_INDEX);
        if index_length > most {
            return Err(damaged("its index is longer than the file"));
        }
        let numbers = length - tail - index_length;
        file.seek(SeekFrom::Start(numbers))?;
        let mut text = vec![0; index_length as usize];
        file.read_exact(&mut text)?;
        let index: Index = serde_json::from_slice(&text).map_err(|error| StoreError::Damaged(error.to_string()))?;
        if index.schema != SCHEMA {
            return Err(damaged("of another schema"));
        }
        if let Some(key) = difference(&index.identity, identity) {
            return Err(StoreError::Another { key });
        }
        let expected = (index.pictures.len() as u64).checked_mul(4 * (sides[0] * sides[1]) as u64);
        if index.sides != sides || expected != Some(numbers) {
            return Err(damaged("not as many numbers as its index says"));
        }
        Ok(Self { file, sides, pictures: index.pictures })
    }

    /// Pictures with features: their places in the samples.
    pub fn pictures(&self) -> &[usize] {
        &self.pictures
    }

    /// The features of some pictures, one behind the other: tokens x channels each.
    ///
    /// * `pictures`: places in [`Store::pictures`].
    ///
    /// # Errors
    /// Those of the file system.
    pub fn read(&self, pictures: &[usize]) -> io::Result<Vec<f32>> {
        let length = 4 * self.sides[0] * self.sides[1];
        let mut bytes = vec![0; length];
        let mut numbers = Vec::with_capacity(pictures.len() * length / 4);
        for picture in pictures {
            self.file.read_exact_at(&mut bytes, (*picture * length) as u64)?;
            numbers.extend(bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)));
        }
        Ok(numbers)
    }
}

/// The first key that differs.
fn difference(found: &Value, wanted: &Value) -> Option<String> {
    let (Value::Object(found), Value::Object(wanted)) = (found, wanted) else {
        return (found != wanted).then(|| "identity".to_owned());
    };
    found.keys().chain(wanted.keys()).find(|key| found.get(*key) != wanted.get(*key)).cloned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn written() -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes, [2, 3]);
        // Channels x tokens.
        writer.add(0, &[1.0, 4.0, 2.0, 5.0, 3.0, 6.0]).unwrap();
        writer.add(7, &[-1.0, -4.0, -2.0, -5.0, -3.0, -6.0]).unwrap();
        writer.finish(&json!({"pictures": "a", "backbone": "b"})).unwrap();
        bytes
    }

    fn opened(bytes: &[u8], identity: &Value) -> Result<Store, StoreError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.features");
        std::fs::write(&path, bytes).unwrap();
        Store::open(&path, [2, 3], identity)
    }

    #[test]
    fn what_was_written_is_read_token_by_token() {
        let store = opened(&written(), &json!({"pictures": "a", "backbone": "b"})).unwrap();
        assert_eq!(store.pictures(), [0, 7]);
        assert_eq!(store.read(&[0]).unwrap(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(store.read(&[1, 0]).unwrap()[..6], [-1.0, -2.0, -3.0, -4.0, -5.0, -6.0]);
    }

    #[test]
    fn features_of_something_else_are_not_read() {
        let error = |identity| opened(&written(), &identity).unwrap_err().to_string();
        let expected = "its features were made with another value of pictures";
        assert_eq!(error(json!({"pictures": "x", "backbone": "b"})), expected);
        assert!(error(json!({"pictures": "a"})).ends_with("backbone"));
    }

    #[test]
    fn a_part_of_a_file_is_no_file() {
        let (bytes, identity) = (written(), json!({"pictures": "a", "backbone": "b"}));
        for end in 0..bytes.len() {
            assert!(matches!(opened(&bytes[..end], &identity), Err(StoreError::Damaged(_))), "{end}");
            // A part of the front is missing.
            assert!(matches!(opened(&bytes[end.max(1)..], &identity), Err(StoreError::Damaged(_))), "{end}");
        }
    }

    proptest! {
        #[test]
        fn a_damaged_byte_is_no_panic(at in 0..200_usize, byte in any::<u8>()) {
            let mut bytes = written();
            let at = at % bytes.len();
            bytes[at] = byte;
            if let Ok(store) = opened(&bytes, &json!({"pictures": "a", "backbone": "b"})) {
                let all: Vec<usize> = (0..store.pictures().len()).collect();
                prop_assert!(store.read(&all).is_ok());
            }
        }
    }
}
