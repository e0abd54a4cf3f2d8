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
}
