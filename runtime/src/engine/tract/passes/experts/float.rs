//! Experts of two layers of 32-bit floats.

use fearless_simd::Level;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::{TractErrorContext as _, TypedModelPatch};
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::ops::math::Add;

use super::super::super::kernels::matmul::{Right, columns};
use super::super::look::{aligned, constant, derived, sides, with_constant};
use super::{gathered_by, is_product, positive_of};

/// Weights and biases.
pub(super) struct Layers {
    weights: [OutletId; 2],
    biases: [OutletId; 2],
}

impl Layers {
    /// The layers that end in `output`, and the tokens of which they see `rows`.
    pub(super) fn of(model: &TypedModel, output: OutletId, rows: OutletId) -> TractResult<Option<(OutletId, Self)>> {
        let Some((hidden, second, second_bias)) = linear(model, output)? else { return Ok(None) };
        let Some(hidden) = positive_of(model, hidden)? else { return Ok(None) };
        let Some((gathered, first, first_bias)) = linear(model, hidden)? else { return Ok(None) };
        let layers = Self { weights: [first, second], biases: [first_bias, second_bias] };
        Ok(gathered_by(model, gathered, rows)?.map(|tokens| (tokens, layers)))
    }
}

/// The hidden layer's width, and the op's inputs for these experts; nothing where shapes do not fit.
pub(super) fn inputs(
    model: &TypedModel,
    patch: &mut TypedModelPatch,
    hidden: usize,
    experts: &[&Layers],
) -> TractResult<Option<(usize, Vec<OutletId>)>> {
    let Some(&[_, inner]) = sides(model, experts[0].weights[0])?.as_deref() else { return Ok(None) };
    let fits = |outlet, expected: &[usize]| -> TractResult<bool> {
        Ok(sides(model, outlet)?.is_some_and(|sides| sides[..] == *expected))
    };
    let cut = columns(Level::new());
    let mut inputs = Vec::new();
    for expert in experts {
        let [first, second] = expert.weights;
        let [first_bias, second_bias] = expert.biases;
        if !(fits(first, &[hidden, inner])?
            && fits(second, &[inner, hidden])?
            && fits(first_bias, &[1, inner])?
            && fits(second_bias, &[1, hidden])?)
        {
            return Ok(None);
        }
        let mut packed = |outlet, shape| {
            let tensor = constant(model, outlet)?.context("weights are constant")?;
            derived(model, patch, (outlet, "right"), || {
                aligned(&Right::pack(cut, shape, tensor.try_as_plain_ram()?.as_slice::<f32>()?))
            })
        };
        let (first, second) = (packed(first, (hidden, inner))?, packed(second, (inner, hidden))?);
        let (first_bias, second_bias) = (patch.tap_model(model, first_bias)?, patch.tap_model(model, second_bias)?);
        inputs.extend([first, first_bias, second, second_bias]);
    }
    Ok(Some((inner, inputs)))
}

/// Input, weights and bias of a linear layer.
fn linear(model: &TypedModel, outlet: OutletId) -> TractResult<Option<(OutletId, OutletId, OutletId)>> {
    let Some((bias, product)) = with_constant::<Add>(model, model.node(outlet.node))? else { return Ok(None) };
    let node = model.node(product.node);
    let Some(op) = node.op_as::<EinSum>() else { return Ok(None) };
    let &[input, weights] = &node.inputs[..] else { return Ok(None) };
    let is_plain = op.q_params.is_none() && is_product(op);
    Ok((is_plain && constant(model, weights)?.is_some()).then_some((input, weights, bias)))
}
