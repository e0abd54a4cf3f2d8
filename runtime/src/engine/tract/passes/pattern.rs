//! What passes ask about nodes.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::binary::{BinMiniOp, TypedBinOp};
use tract_onnx::tract_core::ops::element_wise::{ElementWiseMiniOp, ElementWiseOp};

/// Whether it applies the function `Op` to each number.
pub(super) fn is_element_wise<Op: ElementWiseMiniOp>(node: &TypedNode) -> bool {
    node.op_as::<ElementWiseOp>().is_some_and(|op| op.0.is::<Op>())
}

/// Whether it applies `Op` to pairs of numbers.
pub(super) fn is_binary<Op: BinMiniOp>(node: &TypedNode) -> bool {
    node.op_as::<TypedBinOp>().is_some_and(|op| op.0.is::<Op>())
}

/// The f32 constant that is the other of two inputs.
pub(super) fn constant_beside(model: &TypedModel, node: &TypedNode, input: &TypedNode) -> TractResult<Option<Tensor>> {
    let &[first, second] = &node.inputs[..] else { return Ok(None) };
    let other = if first == input.id.into() { second } else { first };
    if ![first, second].contains(&input.id.into()) {
        return Ok(None);
    }
    let constant = model.outlet_fact(other)?.konst.as_ref().filter(|tensor| tensor.datum_type() == f32::datum_type());
    Ok(constant.map(|tensor| Tensor::clone(tensor)))
}
