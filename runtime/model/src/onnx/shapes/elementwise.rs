//! Element by element, and along one dimension: the shape stays, or two shapes are broadcast.

use super::ShapeProblem;
use super::node::{Inferred, Node, broadcast};
use crate::onnx::messages::tensor_proto::DataType;
use crate::onnx::value::{Element, Value};

/// `Add`, `Sub`, `Mul`, `Div`: of floats only, so that integers stay what the file or a selection made them.
pub(super) fn arithmetic(node: &Node<'_>) -> Result<Inferred, ShapeProblem> {
    Ok(Inferred::new(Value::f32(broadcast(node.floats(0)?, node.floats(1)?)?)))
}

/// `Abs`, `Sigmoid`, `Relu`, `Round`, `Sqrt`, `Erf`.
pub(super) fn function(node: &Node<'_>) -> Result<Inferred, ShapeProblem> {
    Ok(Inferred::new(Value::f32(node.floats(0)?.dims.clone())))
}

pub(super) fn identity(node: &Node<'_>) -> Result<Inferred, ShapeProblem> {
    Ok(Inferred::new(node.input(0)?.clone()))
}

/// To 32-bit floats: weights at rest, choices as numbers, and sums of eight-bit products. From floats to bytes: what is to be
/// multiplied in eight bits.
pub(super) fn cast(node: &Node<'_>) -> Result<Inferred, ShapeProblem> {
    let to = i32::try_from(node.proto.int("to", 0)).ok().and_then(|to| DataType::try_from(to).ok());
    let value = match to {
        Some(DataType::Float) => node.input(0)?,
        Some(DataType::Uint8) => node.floats(0)?,
        _ => return Err(ShapeProblem::Attribute { name: "to", expected: "1, 32-bit floats, or 2, bytes" }),
    };
    let element = if to == Some(DataType::Float) { Element::F32 } else { Element::U8 };
    Ok(Inferred::new(Value::new(element, value.dims.clone())))
}

/// Bounds must be in the file and in order: some engines stop the program when the lower one is above the upper one.
pub(super) fn clip(node: &Node<'_>) -> Result<Inferred, ShapeProblem> {
    let mut bounds = [f32::NEG_INFINITY, f32::INFINITY];
    for (index, bound) in (1..).zip(&mut bounds) {
        if let Some(value) = node.optional(index) {
            *bound = match value.floats() {
                Some([bound]) if value.rank() == 0 && !bound.is_nan() => *bound,
                _ => return Err(ShapeProblem::Constant { index, expected: "one number" }),
            };
        }
    }
    if bounds[0] > bounds[1] {
        return Err(ShapeProblem::Constant { index: 2, expected: "a number that is not below the least" });
    }
    function(node)
}

pub(super) fn equal(node: &Node<'_>) -> Result<Inferred, ShapeProblem> {
    let (left, right) = (node.input(0)?, node.input(1)?);
    if left.element != right.element || left.element == Element::F16 {
        return Err(ShapeProblem::Element { index: 1, expected: "the first input's type", found: right.element });
    }
    Ok(Inferred::new(Value::new(Element::Bool, broadcast(left, right)?)))
}

/// `Where`.
pub(super) fn choose(node: &Node<'_>) -> Result<Inferred, ShapeProblem> {
    let condition = node.input(0)?;
    if condition.element != Element::Bool {
        return Err(ShapeProblem::Element { index: 0, expected: "bool", found: condition.element });
    }
    let either = Value::f32(broadcast(node.floats(1)?, node.floats(2)?)?);
    Ok(Inferred::new(Value::f32(broadcast(condition, &either)?)))
}

pub(super) fn softmax(node: &Node<'_>) -> Result<Inferred, ShapeProblem> {
    node.axis(-1, node.floats(0)?.rank())?;
    function(node)
}

/// Scale and bias have the shape of the normalised dimensions.
pub(super) fn layer_normalization(node: &Node<'_>) -> Result<Inferred, ShapeProblem> {
    let value = node.floats(0)?;
    let axis = node.axis(-1, value.rank())?;
    if node.proto.int("stash_type", 1) != 1 {
        return Err(ShapeProblem::Attribute { name: "stash_type", expected: "1, 32-bit floats" });
    }
    let bias = if node.inputs.len() > 2 { Some(node.floats(2)?) } else { None };
    for parameter in [Some(node.floats(1)?), bias].into_iter().flatten() {
        if parameter.dims != value.dims[axis..] {
            let rule = "scale and bias have the normalised dimensions";
            return Err(ShapeProblem::Unequal { rule, left: value.shape(), right: parameter.shape() });
        }
    }
    function(node)
}
