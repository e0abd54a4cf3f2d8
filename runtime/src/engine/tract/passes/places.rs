//! Products of each place's row with the constant matrix of that place. tract makes a product of its own of each, and packs what is read once.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::TypedModelPatch;
use tract_onnx::tract_core::ops::einsum::EinSum;

use super::super::ops::places::PlaceProducts;
use super::look::{constant, sides};

/// places x depth times places x depth x count, whatever sides of length 1 there are beside.
pub(super) fn with_constant_matrices(model: &TypedModel, node: &TypedNode) -> TractResult<Option<TypedModelPatch>> {
    let Some(op) = node.op_as::<EinSum>() else { return Ok(None) };
    let &[first, second] = &node.inputs[..] else { return Ok(None) };
    let (input, matrices, slot) = match (constant(model, first)?, constant(model, second)?) {
        (None, Some(_)) => (first, second, 0),
        (Some(_), None) => (second, first, 1),
        _ => return Ok(None),
    };
    let (Some(shape), Some(rows), Some(sides)) =
        (sides(model, node.id.into())?, sides(model, input)?, sides(model, matrices)?)
    else {
        return Ok(None);
    };
    if op.q_params.is_some() || op.operating_dt != f32::datum_type() {
        return Ok(None);
    }
    let (inputs, outputs) = op.axes.to_strs();
    let rows = longer_axes(&inputs[slot], &rows);
    let matrices_axes = longer_axes(&inputs[1 - slot], &sides);
    let (&[(place, places), (along, depth)], &[of_place, (deep, _), (free, count)]) = (&rows[..], &matrices_axes[..])
    else {
        return Ok(None);
    };
    let result = longer_axes(&outputs[0], &shape);
    if of_place != (place, places) || deep != along || result != [(place, places), (free, count)] {
        return Ok(None);
    }
    let op = PlaceProducts { places, depth, count, shape };
    TypedModelPatch::replace_single_op(model, node, &[input, matrices], op).map(Some)
}

/// Letter and length of each axis that is longer than 1.
fn longer_axes(letters: &str, sides: &[usize]) -> Vec<(char, usize)> {
    letters.chars().zip(sides.iter().copied()).filter(|(_, side)| *side > 1).collect()
}
