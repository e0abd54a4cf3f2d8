//! Attention between its projections: scores, mask, softmax, weighted sum.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::TypedModelPatch;
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::ops::math::Add;
use tract_onnx::tract_core::ops::nn::{Softmax, SoftmaxKind};

use super::super::kernels::attention::Heads;
use super::super::ops::attention::{Attention, Queries};
use super::look::{constant, follower, sides, with_constant};

/// Begins with the softmax.
pub(super) fn of_heads(model: &TypedModel, node: &TypedNode) -> TractResult<Option<TypedModelPatch>> {
    let Some(softmax) = node.op_as::<Softmax>() else { return Ok(None) };
    if softmax.axes[..] != [2] || softmax.quant_output_dt.is_some() || softmax.kind != SoftmaxKind::Softmax {
        return Ok(None);
    }
    let (mask, scores) = match with_constant::<Add>(model, model.node(node.inputs[0].node))? {
        Some((mask, scores)) => (Some(mask), scores),
        None => (None, node.inputs[0]),
    };
    let Some((queries, keys, order)) = scores_of(model, scores)? else { return Ok(None) };
    let Some(seen) = follower(model, node)? else { return Ok(None) };
    let Some(values) = values_of(model, seen, node.id.into())? else { return Ok(None) };
    let (Some(by_head), Some(key_sides), Some(value_sides), Some(result)) =
        (sides(model, scores)?, sides(model, keys)?, sides(model, values)?, sides(model, seen.id.into())?)
    else {
        return Ok(None);
    };
    let (&[count, rows, tokens], &[_, _, width]) = (&by_head[..], &key_sides[..]) else { return Ok(None) };
    // Keys and values of another width would do, but no network of ours has them.
    if key_sides != value_sides || result[..] != [rows, count, width] {
        return Ok(None);
    }
    let heads = Heads { count, width, queries: rows, keys: tokens };
    let mut patch = TypedModelPatch::default();
    let mut inputs = tvec!();
    for outlet in [queries, keys, values] {
        inputs.push(patch.tap_model(model, outlet)?);
    }
    if let Some(mask) = mask {
        if sides(model, mask)?.is_none_or(|sides| sides[..] != [1, rows, tokens]) || constant(model, mask)?.is_none() {
            return Ok(None);
        }
        inputs.push(patch.tap_model(model, mask)?);
    }
    let output = patch.wire_node(&seen.name, Attention { heads, queries: order }, &inputs)?;
    patch.shunt_outside(model, seen.id.into(), output[0])?;
    Ok(Some(patch))
}

/// The letters of a product's axes: first input, second input, output.
fn letters(node: &TypedNode) -> Option<[Vec<char>; 3]> {
    let op = node.op_as::<EinSum>().filter(|op| op.q_params.is_none() && op.operating_dt == f32::datum_type())?;
    let (inputs, outputs) = op.axes.to_strs();
    let [first, second] = &inputs[..] else { return None };
    Some([first, second, &outputs[0]].map(|text| text.chars().collect()))
}

/// Queries and keys, if `outlet` is heads x queries x keys.
fn scores_of(model: &TypedModel, outlet: OutletId) -> TractResult<Option<(OutletId, OutletId, Queries)>> {
    let node = model.node(outlet.node);
    let Some([queries, keys, scores]) = letters(node) else { return Ok(None) };
    let (&[head, row, token], &[key_token, key_head, number]) = (&scores[..], &keys[..]) else { return Ok(None) };
    let order = match queries[..] {
        _ if (key_token, key_head) != (token, head) => return Ok(None),
        [a, b, c] if (a, b, c) == (row, head, number) => Queries::ByToken,
        [a, b, c] if (a, b, c) == (head, row, number) => Queries::ByHead,
        _ => return Ok(None),
    };
    Ok(Some((node.inputs[0], node.inputs[1], order)))
}

/// Values of the weighted sum `seen`, if it is queries x heads x width.
fn values_of(model: &TypedModel, seen: &TypedNode, looks: OutletId) -> TractResult<Option<OutletId>> {
    let Some([weights, values, result]) = letters(seen) else { return Ok(None) };
    let (&[head, row, token], &[a, b, number]) = (&weights[..], &values[..]) else { return Ok(None) };
    let is_known = (a, b) == (token, head) && result[..] == [row, head, number] && seen.inputs[0] == looks;
    let is_one_sum = model.outlet_fact(seen.inputs[1])?.datum_type == f32::datum_type();
    Ok((is_known && is_one_sum).then_some(seen.inputs[1]))
}
