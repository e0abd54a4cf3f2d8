//! One view of named tensors: what the graph builder, the plain evaluation and `inspect` read, whatever file is behind.

use crate::checkpoint::TensorError;

/// Named tensors. Names have no wrapper's `module.` or `_orig_mod.` in front: `backbone.…`, `reconstruction.…`.
pub trait Weights {
    /// Every tensor's name, in the order of the file.
    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_>;

    /// The tensor's shape, if it is there.
    fn shape(&self, name: &str) -> Option<&[usize]>;

    /// Reads one tensor as f32, row-major; converts from the stored float type (F64 is rounded once).
    ///
    /// # Errors
    /// [`TensorError`] when the tensor is missing, is not of a float type, holds a value that is not finite, or the file
    /// cannot be read.
    fn read(&self, name: &str) -> Result<Vec<f32>, TensorError>;
}
