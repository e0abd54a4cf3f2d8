//! Anomaly maps as NumPy arrays: `--maps`.
//!
//! The format is version 1.0 of `numpy.lib.format` (<https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>):
//! the magic string, the version, the length of the header in two bytes, the header (a Python dictionary, filled with
//! spaces up to a line feed so that the data start at a multiple of 64 bytes), the data. Written as little-endian
//! 32-bit floats in C order, on every machine; not-a-number and infinities keep their bits.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use moead_model::atomic_file;

/// What every `.npy` file begins with, and version 1.0.
const MAGIC: &[u8; 8] = b"\x93NUMPY\x01\x00";

/// The data start at a multiple of this, so that a reader may map the file into memory.
const ALIGNMENT: usize = 64;

/// An array that cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// As many values as the shape says are not there.
    #[error("an array of shape {shape:?}: expected {expected} values, found {found}")]
    Values {
        /// As given.
        shape: Vec<usize>,
        /// The product of the shape.
        expected: usize,
        /// As given.
        found: usize,
    },
    /// The length of the header does not fit the two bytes that version 1.0 has for it.
    #[error("a shape of {0} dimensions is too long for version 1.0 of the format")]
    Dimensions(usize),
}

/// Writes `data`, in C order (last dimension fastest), as an array of `shape`; `[height, width]` for an anomaly map. The
/// file appears whole or not at all.
///
/// # Errors
/// Kind [`InvalidInput`](io::ErrorKind::InvalidInput) around an [`EncodeError`] when shape and data do not fit, and the
/// file system's own errors.
pub fn write_npy(path: &Path, shape: &[usize], data: &[f32]) -> io::Result<()> {
    let file = encode(shape, data).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    atomic_file::write(path, |out| out.write_all(&file))
}

/// The bytes of the file: the header, then four bytes for each value.
///
/// # Errors
/// [`EncodeError`] when `data` does not hold as many values as `shape` says, or `shape` has thousands of dimensions.
pub fn encode(shape: &[usize], data: &[f32]) -> Result<Vec<u8>, EncodeError> {
    let expected = shape.iter().fold(1_usize, |product, &length| product.saturating_mul(length));
    if expected != data.len() {
        return Err(EncodeError::Values { shape: shape.to_vec(), expected, found: data.len() });
    }
    let mut file = header(shape)?;
    file.reserve_exact(size_of_val(data));
    for value in data {
        file.extend_from_slice(&value.to_le_bytes());
    }
    Ok(file)
}

/// Everything before the data.
fn header(shape: &[usize]) -> Result<Vec<u8>, EncodeError> {
    let mut tuple = String::new();
    for (dimension, length) in shape.iter().enumerate() {
        let separator = if dimension == 0 { "" } else { ", " };
        // Writing into a string does not fail.
        let _ = write!(tuple, "{separator}{length}");
    }
    // Python's tuple of one element keeps its comma.
    if shape.len() == 1 {
        tuple.push(',');
    }
    let mut dictionary = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({tuple}), }}");
    let before = MAGIC.len() + size_of::<u16>();
    let total = (before + dictionary.len() + 1).next_multiple_of(ALIGNMENT);
    let length = u16::try_from(total - before).map_err(|_| EncodeError::Dimensions(shape.len()))?;
    dictionary.extend(std::iter::repeat_n(' ', usize::from(length) - dictionary.len() - 1));
    dictionary.push('\n');

    let mut header = Vec::with_capacity(total);
    header.extend_from_slice(MAGIC);
    header.extend_from_slice(&length.to_le_bytes());
    header.extend_from_slice(dictionary.as_bytes());
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_encoded_byte_by_byte_as_numpy_does() {
        let file = encode(&[2, 1], &[1.0, -2.5]).unwrap();
        let mut expected = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
        expected.extend_from_slice(b"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }");
        expected.resize(127, b' ');
        expected.push(b'\n');
        expected.extend_from_slice(&[0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0]);
        assert_eq!(file, expected);
    }

    #[test]
    fn shapes_read_as_python_tuples() {
        let text = |shape: &[usize], count: usize| {
            let file = encode(shape, &vec![0.0; count]).unwrap();
            String::from_utf8_lossy(&file[10..]).split_inclusive('}').next().unwrap().to_owned()
        };
        assert!(text(&[], 1).contains("'shape': (), "));
        assert!(text(&[3], 3).contains("'shape': (3,), "));
        assert!(text(&[1, 2, 3], 6).contains("'shape': (1, 2, 3), "));
        assert!(text(&[0, 5], 0).contains("'shape': (0, 5), "));
    }

    #[test]
    fn the_data_start_at_a_multiple_of_64_bytes() {
        for dimensions in 0..200 {
            let file = encode(&vec![1; dimensions], &[f32::NAN]).unwrap();
            assert_eq!((file.len() - 4) % 64, 0, "{dimensions}");
            assert_eq!(file[file.len() - 5], b'\n', "{dimensions}");
        }
    }

    #[test]
    fn shape_and_data_must_fit() {
        let error = encode(&[2, 2], &[0.0; 3]).unwrap_err();
        assert_eq!(error.to_string(), "an array of shape [2, 2]: expected 4 values, found 3");
        assert_eq!(encode(&vec![1; 40_000], &[0.0]), Err(EncodeError::Dimensions(40_000)));
        assert!(encode(&[usize::MAX, 2], &[]).is_err());
    }

    #[test]
    fn a_file_holds_what_was_encoded() {
        let folder = std::env::temp_dir().join(format!("moead-maps-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("map.npy");
        write_npy(&path, &[1, 3], &[0.5, f32::NAN, f32::INFINITY]).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(bytes, encode(&[1, 3], &[0.5, f32::NAN, f32::INFINITY]).unwrap());
        let error = write_npy(&path, &[2], &[0.5]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
