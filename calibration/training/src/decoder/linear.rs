//! y = x W^T + b

use crate::number::Number;
use crate::parameters::{Layout, Place};
use crate::product::{Matrix, MatrixMut, Mode, product};
use crate::vectors;

/// A linear layer.
#[derive(Debug, Clone)]
pub(super) struct Linear {
    /// Outputs x inputs.
    weight: Place,
    bias: Place,
    inputs: usize,
    outputs: usize,
}

impl Linear {
    /// * `lead`: sides of 1 in front of those of the tensors, as experts have them.
    pub(super) fn new(layout: &mut Layout, name: &str, lead: &[usize], [outputs, inputs]: [usize; 2]) -> Self {
        let shape = |sides: &[usize]| [lead, sides].concat();
        let weight = layout.push(format!("{name}.weight"), &shape(&[outputs, inputs]), true);
        let bias = layout.push(format!("{name}.bias"), &shape(&[outputs]), true);
        Self { weight, bias, inputs, outputs }
    }

    /// Some outputs of a layer whose tensors stand in the layout already.
    pub(super) fn part(weight: &Place, bias: &Place, inputs: usize, outputs: Place) -> Self {
        let count = outputs.len();
        Self {
            weight: weight.start + outputs.start * inputs..weight.start + outputs.end * inputs,
            bias: bias.start + outputs.start..bias.start + outputs.end,
            inputs,
            outputs: count,
        }
    }

    /// Rows x inputs become rows x outputs.
    pub(super) fn forward<T: Number>(&self, parameters: &[T], x: &[T]) -> Vec<T> {
        let mut y = vectors::repeated(&parameters[self.bias.clone()], x.len() / self.inputs);
        let weight = Matrix::new(&parameters[self.weight.clone()], self.inputs);
        product(Matrix::new(x, self.inputs), weight.transposed(), MatrixMut::new(&mut y, self.outputs), Mode::Add);
        y
    }

    /// Adds the gradients of weight and bias.
    pub(super) fn backward_parameters<T: Number>(&self, gradients: &mut [T], x: &[T], dy: &[T]) {
        vectors::add_each(&mut gradients[self.bias.clone()], dy);
        let weight = MatrixMut::new(&mut gradients[self.weight.clone()], self.inputs);
        product(Matrix::new(dy, self.outputs).transposed(), Matrix::new(x, self.inputs), weight, Mode::Add);
    }

    /// The gradient of the input, into `dx` or added to it.
    pub(super) fn backward_input<T: Number>(&self, parameters: &[T], dy: &[T], dx: &mut [T], mode: Mode) {
        let weight = Matrix::new(&parameters[self.weight.clone()], self.inputs);
        product(Matrix::new(dy, self.outputs), weight, MatrixMut::new(dx, self.inputs), mode);
    }

    /// Both.
    pub(super) fn backward<T: Number>(&self, parameters: &[T], gradients: &mut [T], x: &[T], dy: &[T]) -> Vec<T> {
        self.backward_parameters(gradients, x, dy);
        let mut dx = vec![T::ZERO; x.len()];
        self.backward_input(parameters, dy, &mut dx, Mode::Replace);
        dx
    }
}
