//! Why a checkpoint, or one tensor of it, cannot be used.

use std::io;

use super::pickle::PickleError;

/// Why a file is not a checkpoint that can be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The file system.
    #[error("{0}")]
    Read(#[from] io::Error),
    /// A folder, a device, a pipe.
    #[error("expected a file, found {found}")]
    NotAFile {
        /// What it is.
        found: &'static str,
    },
    /// No format that is known here.
    #[error("expected a torch file or safetensors, found {}", beginning(.head, *.length))]
    Unrecognised {
        /// The first bytes, zeros after the end.
        head: [u8; 9],
        /// Of the file.
        length: u64,
    },
    /// The archive is damaged, or not one that torch writes.
    #[error("zip archive: {problem}")]
    Zip {
        /// What was expected and found.
        problem: String,
    },
    /// The pickle is damaged, or holds something else than weights.
    #[error("{part}: {source}")]
    Pickle {
        /// The archive's entry, or `pickle N` of an old file.
        part: String,
        /// With the byte offset inside the part.
        source: PickleError,
    },
    /// An old torch file that is damaged.
    #[error("torch file (before 1.6): {problem}")]
    Legacy {
        /// What was expected and found.
        problem: String,
    },
    /// The safetensors header is damaged.
    #[error("safetensors header: {problem}")]
    Safetensors {
        /// What was expected and found.
        problem: String,
    },
    /// Written on a big-endian machine.
    #[error("expected little-endian numbers, found big-endian ones")]
    BigEndian,
    /// What was pickled is no checkpoint.
    #[error("expected a state dict or a dict with the key state_dict, found {found}")]
    NotACheckpoint {
        /// What it is.
        found: String,
    },
    /// A key occurs twice in one dict.
    #[error("{place}: the key {key:?} occurs twice")]
    DuplicateKey {
        /// Which dict.
        place: String,
        /// The key.
        key: String,
    },
    /// A key as long as a novel.
    #[error("{place}: expected keys of at most {limit} bytes, found one of {found}")]
    LongKey {
        /// Which dict.
        place: String,
        /// Bytes.
        limit: usize,
        /// Bytes.
        found: usize,
    },
    /// Two tensors have one name, with and without `module.` perhaps.
    #[error("tensor {name}: occurs twice, with and without module. in front")]
    DuplicateTensor {
        /// Without `module.`.
        name: String,
    },
    /// There is nothing to export.
    #[error("expected weights, found no tensor{}", if .keys.is_empty() { String::new() } else { format!(" beside {}", .keys.join(", ")) })]
    NoTensors {
        /// What is there instead.
        keys: Vec<String>,
    },
    /// The description of the network cannot be one.
    #[error("{place}: {problem}")]
    Architecture {
        /// `arch…` or the metadata key.
        place: String,
        /// What was expected and found.
        problem: String,
    },
    /// Two tensors of a storage that the file does not hold, or a tensor that leaves its storage.
    #[error("tensor {name}: {problem}")]
    Tensor {
        /// Without `module.`.
        name: String,
        /// What was expected and found.
        problem: String,
    },
}

/// Why a tensor of a checkpoint cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TensorError {
    /// There is no tensor of that name.
    #[error("tensor {name}: missing")]
    Missing {
        /// Without `module.`.
        name: String,
    },
    /// The tensor's shape is not the network's.
    #[error("tensor {name}: expected {}, found {}", sides(.expected), sides(.found))]
    Shape {
        /// Without `module.`.
        name: String,
        /// What the network needs.
        expected: Vec<usize>,
        /// What the file holds.
        found: Vec<usize>,
    },
    /// A batch norm's variance that is no variance.
    #[error("tensor {name}: expected variances of at least 0, found a negative one at index {index}")]
    NegativeVariance {
        /// Without `module.`.
        name: String,
        /// Channel.
        index: usize,
    },
    /// A factor, or the diagonal of a matrix, that statistics have above 0.
    #[error("tensor {name}: expected a number above 0 at index {index}, found {value}")]
    NotPositive {
        /// Without `module.`.
        name: String,
        /// In row-major order.
        index: usize,
        /// As it is.
        value: f32,
    },
    /// The tensor has another number of sides than its kind has.
    #[error("tensor {name}: expected {expected} sides, found {}", sides(.found))]
    Rank {
        /// Without `module.`.
        name: String,
        /// Number of sides.
        expected: usize,
        /// The shape in the file.
        found: Vec<usize>,
    },
    /// A shape that no network has.
    #[error("tensor {name}: expected sides from 1 to {limit}, found {}", sides(.found))]
    Sides {
        /// Without `module.`.
        name: String,
        /// Of any side.
        limit: u64,
        /// The shape in the file.
        found: Vec<usize>,
    },
    /// Integers, booleans, complex numbers.
    #[error("tensor {name}: expected a floating point type, found {found}")]
    NotFloat {
        /// Without `module.`.
        name: String,
        /// The stored type.
        found: &'static str,
    },
    /// Training went wrong, or the file is damaged.
    #[error("tensor {name}: expected finite numbers, found {value} at index {index}")]
    NotFinite {
        /// Without `module.`.
        name: String,
        /// In row-major order.
        index: usize,
        /// NaN or an infinity.
        value: f32,
    },
    /// Too large for 16 bits.
    #[error("tensor {name}: {value} at index {index} does not fit half precision, whose largest number is 65504")]
    HalfOverflow {
        /// Without `module.`.
        name: String,
        /// In row-major order.
        index: usize,
        /// As it would be stored; a convolution's with its batch norm folded in.
        value: f32,
    },
    /// The numbers cannot be read.
    #[error("tensor {name}: {source}")]
    Read {
        /// Without `module.`.
        name: String,
        /// By the file system.
        source: io::Error,
    },
}

/// What a file begins with: as text where it is text.
fn beginning(head: &[u8], length: u64) -> String {
    let present = &head[..usize::try_from(length).map_or(head.len(), |length| length.min(head.len()))];
    if present.is_empty() {
        return "an empty file".into();
    }
    match std::str::from_utf8(present) {
        Ok(text) if text.chars().all(|char| char.is_whitespace() || !char.is_control()) => {
            format!("{length} bytes that begin with {text:?}")
        }
        _ => {
            let bytes: Vec<String> = present.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{length} bytes that begin with {}", bytes.join(" "))
        }
    }
}

/// A shape as people write it: `256x272`.
fn sides(shape: &[usize]) -> String {
    if shape.is_empty() {
        return "a single number".into();
    }
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join("x")
}
