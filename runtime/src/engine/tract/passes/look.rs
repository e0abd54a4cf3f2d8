//! Questions that passes ask a graph.

use std::sync::Arc;

use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::TypedModelPatch;
use tract_onnx::tract_core::ops::binary::BinMiniOp;

use super::pattern::is_binary;

/// The value of an outlet that is constant.
pub(super) fn constant(model: &TypedModel, outlet: OutletId) -> TractResult<Option<Arc<Tensor>>> {
    Ok(model.outlet_fact(outlet)?.konst.clone())
}

/// The constant, if it is one number.
pub(super) fn scalar(model: &TypedModel, outlet: OutletId) -> TractResult<Option<f64>> {
    let Some(tensor) = constant(model, outlet)? else { return Ok(None) };
    if tensor.len() != 1 || !tensor.datum_type().is_number() {
        return Ok(None);
    }
    tensor.cast_to_scalar::<f64>().map(Some)
}

/// The sides of an outlet of 32-bit floats, if they are known.
pub(super) fn sides(model: &TypedModel, outlet: OutletId) -> TractResult<Option<TVec<usize>>> {
    let fact = model.outlet_fact(outlet)?;
    let is_f32 = fact.datum_type == f32::datum_type();
    Ok(fact.shape.as_concrete().filter(|_| is_f32).map(Into::into))
}

/// The constant of a sum, product or maximum of a constant and something else, and that.
pub(super) fn with_constant<B: BinMiniOp>(
    model: &TypedModel,
    node: &TypedNode,
) -> TractResult<Option<(OutletId, OutletId)>> {
    let &[first, second] = &node.inputs[..] else { return Ok(None) };
    if !is_binary::<B>(node) {
        return Ok(None);
    }
    Ok(match (constant(model, first)?, constant(model, second)?) {
        (Some(_), None) => Some((first, second)),
        (None, Some(_)) => Some((second, first)),
        _ => None,
    })
}

/// The node that alone uses this node's only output, which is not the model's.
pub(super) fn follower<'a>(model: &'a TypedModel, node: &TypedNode) -> TractResult<Option<&'a TypedNode>> {
    if node.outputs.len() != 1 || model.outputs.contains(&node.id.into()) {
        return Ok(None);
    }
    model.single_succ(node.id)
}

/// A constant that is made from another one, once for all that use it.
pub(super) fn derived(
    model: &TypedModel,
    patch: &mut TypedModelPatch,
    (source, form): (OutletId, &str),
    make: impl FnOnce() -> TractResult<Tensor>,
) -> TractResult<OutletId> {
    let name = format!("{}.{form}", model.node(source.node).name);
    match model.nodes().iter().find(|node| node.name == name) {
        Some(node) => patch.tap_model(model, node.id.into()),
        None => patch.add_const(name, make()?),
    }
}

/// Numbers as a tensor that begins where a vector, and a cache line, does.
pub(super) fn aligned<T: Datum + Copy>(numbers: &[T]) -> TractResult<Tensor> {
    Tensor::from_shape_align(&[numbers.len()], numbers, 64)
}
