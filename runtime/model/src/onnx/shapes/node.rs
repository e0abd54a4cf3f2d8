//! A node as shape inference sees it: inputs with their values, attributes with the standard's defaults.

use super::ShapeProblem;
use crate::onnx::attributes;
use crate::onnx::messages::NodeProto;
use crate::onnx::value::{Element, Value};

/// A node and what is known of its inputs; `None` is an optional one that is left out.
pub(super) struct Node<'a> {
    pub(super) proto: &'a NodeProto,
    pub(super) inputs: Vec<Option<&'a Value>>,
}

/// What a node computes and how many multiply-accumulates it takes; reading and writing are counted by the caller.
pub(super) struct Inferred {
    pub(super) values: Vec<Value>,
    pub(super) work: u64,
}

impl Inferred {
    pub(super) fn new(value: Value) -> Self {
        Self { values: vec![value], work: 0 }
    }

    pub(super) fn with_work(self, factors: &[usize]) -> Self {
        Self { work: factors.iter().fold(1, |work: u64, &factor| work.saturating_mul(factor as u64)), ..self }
    }
}

impl Node<'_> {
    pub(super) fn input(&self, index: usize) -> Result<&Value, ShapeProblem> {
        self.optional(index).ok_or(ShapeProblem::Missing { index })
    }

    pub(super) fn optional(&self, index: usize) -> Option<&Value> {
        self.inputs.get(index).copied().flatten()
    }

    /// An input of 32-bit floats.
    pub(super) fn floats(&self, index: usize) -> Result<&Value, ShapeProblem> {
        let value = self.input(index)?;
        if value.element == Element::F32 {
            return Ok(value);
        }
        Err(ShapeProblem::Element { index, expected: "f32", found: value.element })
    }

    /// As [`Self::floats`], with exactly four dimensions: pictures, channels, rows, columns.
    pub(super) fn picture(&self, index: usize) -> Result<(&Value, [usize; 4]), ShapeProblem> {
        let value = self.floats(index)?;
        let expected = "four dimensions";
        let sides = value.dims.as_slice().try_into();
        Ok((value, sides.map_err(|_| ShapeProblem::Rank { index, expected, found: value.shape() })?))
    }

    /// The content of a list of integers.
    pub(super) fn integers(&self, index: usize) -> Result<&[i64], ShapeProblem> {
        let value = self.input(index)?;
        let list = value.integers().filter(|_| value.rank() == 1);
        list.ok_or(ShapeProblem::Constant { index, expected: "a few integers" })
    }

    /// An attribute that must be 0 or 1.
    pub(super) fn flag(&self, name: &'static str, default: i64) -> Result<bool, ShapeProblem> {
        match self.proto.int(name, default) {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(ShapeProblem::Attribute { name, expected: "0 or 1" }),
        }
    }

    /// An attribute that must have its default.
    pub(super) fn require_zero(&self, name: &'static str) -> Result<(), ShapeProblem> {
        if self.proto.int(name, 0) == 0 { Ok(()) } else { Err(ShapeProblem::Attribute { name, expected: "0" }) }
    }

    /// The attribute `axis` for a tensor of `rank` dimensions.
    pub(super) fn axis(&self, default: i64, rank: usize) -> Result<usize, ShapeProblem> {
        let expected = "a dimension of the input";
        attributes::axis(self.proto.int("axis", default), rank)
            .ok_or(ShapeProblem::Attribute { name: "axis", expected })
    }

    /// A constant list of different dimensions of a tensor of `rank`.
    pub(super) fn axes(&self, index: usize, rank: usize) -> Result<Vec<usize>, ShapeProblem> {
        let wrong = ShapeProblem::Constant { index, expected: "different dimensions" };
        let axes: Option<Vec<usize>> =
            self.integers(index)?.iter().map(|&value| attributes::axis(value, rank)).collect();
        let axes = axes.ok_or(wrong.clone())?;
        let different = axes.iter().enumerate().all(|(position, axis)| !axes[..position].contains(axis));
        if different { Ok(axes) } else { Err(wrong) }
    }
}

/// The shape of an operation on two tensors: aligned at the last dimension, a side of one is repeated.
pub(super) fn broadcast(left: &Value, right: &Value) -> Result<Vec<usize>, ShapeProblem> {
    broadcast_dims(&left.dims, &right.dims).ok_or_else(|| ShapeProblem::Unequal {
        rule: "sides are equal or one",
        left: left.shape(),
        right: right.shape(),
    })
}

/// As [`broadcast`].
pub(super) fn broadcast_dims(left: &[usize], right: &[usize]) -> Option<Vec<usize>> {
    let rank = left.len().max(right.len());
    let side = |dims: &[usize], axis: usize| (axis + dims.len()).checked_sub(rank).map_or(1, |axis| dims[axis]);
    (0..rank)
        .map(|axis| match (side(left, axis), side(right, axis)) {
            (left, right) if left == right => Some(left),
            (1, other) | (other, 1) => Some(other),
            _ => None,
        })
        .collect()
}
