//! The files that hold trained weights, read as data.

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
}

/// A shape as people write it: `256x272`.
fn sides(shape: &[usize]) -> String {
    if shape.is_empty() {
        return "a single number".into();
    }
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join("x")
}
