//! The activation behind a node.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::math::{Max, Min};
use tract_onnx::tract_core::ops::nn::Silu;

use super::super::kernels::activation::Activation;
use super::pattern::{constant_beside, is_binary, is_element_wise};

/// The activation, and the node whose output it is: `node` itself if nothing that is known alone follows.
pub(super) fn behind<'a>(model: &'a TypedModel, node: &'a TypedNode) -> TractResult<(Activation, &'a TypedNode)> {
    let none = (Activation::Identity, node);
    let Some(first) = model.single_succ(node.id)? else { return Ok(none) };
    if is_element_wise::<Silu>(first) {
        return Ok((Activation::Silu, first));
    }
    if !(is_binary::<Max>(first) && is_uniform(model, first, node, 0.0)?) {
        return Ok(none);
    }
    let second = model.single_succ(first.id)?;
    if let Some(second) = second.filter(|second| is_binary::<Min>(second))
        && is_uniform(model, second, first, 6.0)?
    {
        return Ok((Activation::Relu6, second));
    }
    Ok((Activation::Relu, first))
}

/// Whether the other input is that number everywhere, and no larger.
fn is_uniform(model: &TypedModel, node: &TypedNode, input: &TypedNode, number: f32) -> TractResult<bool> {
    let is_same = node.outputs[0].fact.shape == input.outputs[0].fact.shape;
    let Some(constant) = constant_beside(model, node, input)?.filter(|_| is_same) else { return Ok(false) };
    Ok(constant.view().as_slice::<f32>()?.iter().all(|&value| value == number))
}
