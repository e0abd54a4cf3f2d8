//! Row-major tensors in f64, and how they come out of a checkpoint.

use crate::checkpoint::TensorError;
use crate::weights::Weights;

/// Numbers and their shape, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Sides, the slowest first.
    pub shape: Vec<usize>,
    /// As many numbers as the sides' product.
    pub data: Vec<f64>,
}

impl Tensor {
    pub(super) fn new(shape: &[usize], data: Vec<f64>) -> Self {
        debug_assert_eq!(shape.iter().product::<usize>(), data.len());
        Self { shape: shape.to_vec(), data }
    }

    pub(super) fn zeros(shape: &[usize]) -> Self {
        Self::new(shape, vec![0.0; shape.iter().product()])
    }

    /// Channels, rows and columns of a 1 x c x h x w map.
    pub(super) fn map_sides(&self) -> (usize, usize, usize) {
        debug_assert_eq!(self.shape.len(), 4);
        (self.shape[1], self.shape[2], self.shape[3])
    }

    /// Length of the last side.
    pub(super) fn columns(&self) -> usize {
        self.shape.last().copied().unwrap_or(1)
    }

    /// The runs along the last side: a token's features, or one row of a map.
    pub(super) fn rows(&self) -> std::slice::ChunksExact<'_, f64> {
        self.data.chunks_exact(self.columns())
    }

    pub(super) fn map(mut self, function: impl Fn(f64) -> f64) -> Self {
        self.data.iter_mut().for_each(|value| *value = function(*value));
        self
    }

    /// Element by element.
    pub(super) fn plus(&self, other: &Self) -> Self {
        debug_assert_eq!(self.shape, other.shape);
        let sums = self.data.iter().zip(&other.data).map(|(left, right)| left + right);
        Self { shape: self.shape.clone(), data: sums.collect() }
    }

    /// Rows become columns; of a matrix.
    pub(super) fn transposed(&self) -> Self {
        debug_assert_eq!(self.shape.len(), 2);
        let (rows, columns) = (self.shape[0], self.shape[1]);
        let data = (0..rows * columns).map(|at| self.data[at % rows * columns + at / rows]).collect();
        Self { shape: vec![columns, rows], data }
    }
}

/// Tensors of a checkpoint under one prefix.
pub(super) struct Scope<'a> {
    weights: &'a dyn Weights,
    prefix: String,
}

impl<'a> Scope<'a> {
    pub(super) fn new(weights: &'a dyn Weights, prefix: &str) -> Self {
        Self { weights, prefix: prefix.to_owned() }
    }

    pub(super) fn under(&self, part: &str) -> Self {
        Self { weights: self.weights, prefix: self.name_of(part) }
    }

    /// The full name of a tensor of this scope.
    pub(super) fn name_of(&self, part: &str) -> String {
        format!("{}.{part}", self.prefix)
    }

    /// Reads a tensor that must have this shape, and widens it.
    pub(super) fn read(&self, part: &str, expected: &[usize]) -> Result<Tensor, TensorError> {
        let name = self.name_of(part);
        let wrong = |name: &str, found: &[usize]| TensorError::Shape {
            name: name.to_owned(),
            expected: expected.to_vec(),
            found: found.to_vec(),
        };
        match self.weights.shape(&name) {
            None => return Err(TensorError::Missing { name }),
            Some(found) if found != expected => return Err(wrong(&name, found)),
            Some(_) => {}
        }
        let values = self.weights.read(&name)?;
        if values.len() != expected.iter().product::<usize>() {
            return Err(wrong(&name, &[values.len()]));
        }
        Ok(Tensor::new(expected, values.into_iter().map(f64::from).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transposed_matrix_reads_by_columns() {
        let matrix = Tensor::new(&[2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(matrix.transposed(), Tensor::new(&[3, 2], vec![1.0, 4.0, 2.0, 5.0, 3.0, 6.0]));
    }
}
