//! What follows a product in one of our ops.

use tract_onnx::tract_core::internal::*;

use super::super::kernels::activation::Activation;
use super::super::kernels::matmul::{Addend, Bias, Blend};

/// Activation(product + bias + addend). Bias and addend are inputs of the op, the last ones, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine::tract) struct Tail {
    pub(in crate::engine::tract) bias: Presence,
    pub(in crate::engine::tract) addend: Presence,
    pub(in crate::engine::tract) activation: Activation,
}

/// Whether an input is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine::tract) enum Presence {
    /// It is.
    Given,
    /// It is not.
    Absent,
}

/// Bias and addend, as far as they are there.
pub(super) type Operands<'a> = (Option<&'a [f32]>, Option<&'a [f32]>);

impl Tail {
    /// The bias and the addend among `inputs`, of which `first` precede them.
    pub(super) fn operands(self, inputs: &[TValue], first: usize) -> TractResult<Operands<'_>> {
        let mut rest = inputs[first..].iter();
        let mut next = |presence| match presence {
            Presence::Absent => Ok(None),
            Presence::Given => rest.next().context("an operand")?.try_as_plain_ram()?.as_slice::<f32>().map(Some),
        };
        Ok((next(self.bias)?, next(self.addend)?))
    }

    /// What is done with the part of a product that begins with row `row`.
    pub(super) fn blend<'a>(self, bias: Bias<'a>, addend: Option<&'a [f32]>, row: usize, pitch: usize) -> Blend<'a> {
        let addend = addend.map(|numbers| Addend { numbers: &numbers[row * pitch..], pitch });
        Blend { bias, addend, activation: self.activation }
    }
}
