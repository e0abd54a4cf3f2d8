//! Layer norm of the last axis, which tract takes apart.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::{TractErrorContext as _, TypedModelPatch};
use tract_onnx::tract_core::ops::math::{Add, Mul, Sub};
use tract_onnx::tract_core::ops::nn::{Reduce, Reducer, RmsNorm};

use super::super::ops::layer_norm::LayerNorm;
use super::look::{constant, derived, scalar, sides, with_constant};
use super::pattern::is_binary;

/// Begins with the sum of the shift.
pub(super) fn with_gain_and_shift(model: &TypedModel, node: &TypedNode) -> TractResult<Option<TypedModelPatch>> {
    let Some((shift, scaled)) = with_constant::<Add>(model, node)? else { return Ok(None) };
    let Some((gain, normal)) = with_constant::<Mul>(model, model.node(scaled.node))? else { return Ok(None) };
    let normal = model.node(normal.node);
    let Some(norm) = normal.op_as::<RmsNorm>() else { return Ok(None) };
    let Some(input) = centred(model, normal.inputs[0])? else { return Ok(None) };
    let Some(shape) = sides(model, input)? else { return Ok(None) };
    let [before @ .., width] = &shape[..] else { return Ok(None) };
    let of_width = |outlet| -> TractResult<bool> {
        let sides = sides(model, outlet)?;
        Ok(sides.is_some_and(|sides| sides.last() == Some(width) && sides.iter().product::<usize>() == *width))
    };
    if norm.axis != before.len() || !of_width(gain)? || !of_width(shift)? || *width == 0 {
        return Ok(None);
    }
    let mut patch = TypedModelPatch::default();
    let mut inputs = tvec!(patch.tap_model(model, input)?);
    for outlet in [gain, shift] {
        let tensor = constant(model, outlet)?.context("gain and shift are constant")?;
        inputs.push(derived(model, &mut patch, (outlet, "flat"), || tensor.into_tensor().into_shape(&[*width]))?);
    }
    let op = LayerNorm { width: *width, epsilon: norm.eps.cast_to_scalar::<f32>()?.to_bits() };
    let output = patch.wire_node(&node.name, op, &inputs)?;
    patch.shunt_outside(model, node.id.into(), output[0])?;
    Ok(Some(patch))
}

/// x, if the outlet is x minus its mean along the last axis.
fn centred(model: &TypedModel, outlet: OutletId) -> TractResult<Option<OutletId>> {
    let node = model.node(outlet.node);
    let &[input, mean] = &node.inputs[..] else { return Ok(None) };
    let Some((share, sum)) = with_constant::<Mul>(model, model.node(mean.node))? else { return Ok(None) };
    let sum = model.node(sum.node);
    let Some(Reduce { axes, reducer: Reducer::Sum }) = sum.op_as::<Reduce>() else { return Ok(None) };
    let Some(shape) = sides(model, input)? else { return Ok(None) };
    let is_mean = axes[..] == [shape.len().wrapping_sub(1)]
        && sum.inputs[0] == input
        && shape
            .last()
            .is_some_and(|&width| (1.0 / width as f64) as f32 == scalar_f32(model, share).unwrap_or(f32::NAN));
    Ok((is_binary::<Sub>(node) && is_mean).then_some(input))
}

fn scalar_f32(model: &TypedModel, outlet: OutletId) -> Option<f32> {
    scalar(model, outlet).ok().flatten().map(|number| number as f32)
}
