//! Experts that tokens choose: the chains of `Equal`, `NonZero`, `GatherND`, two products and `ScatterND`, one an expert.

use fearless_simd::Level;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::{AxisOp, TractErrorContext as _, TypedModelPatch};
use tract_onnx::tract_core::ops::array::{GatherNd, ScatterNd, ScatterReduction, Slice, Topk};
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::ops::logic::CompEq;
use tract_onnx::tract_core::ops::math::{Add, Max, Mul};

use super::super::kernels::matmul::{Right, columns};
use super::super::ops::experts::Experts;
use super::look::{aligned, constant, derived, scalar, sides, with_constant};
use super::pattern::is_binary;

/// Begins with the last expert's `ScatterND` and goes back as long as the one before is of the same round.
pub(super) fn of_a_round(model: &TypedModel, node: &TypedNode) -> TractResult<Option<TypedModelPatch>> {
    let Some(last) = Expert::of(model, node)? else { return Ok(None) };
    let is_last = !model.outlet_successors(node.id.into()).iter().any(|next| {
        let next = model.node(next.node);
        matches!(Expert::of(model, next), Ok(Some(next)) if next.sum == node.id.into() && next.is_with(&last))
    });
    if !is_last {
        return Ok(None);
    }
    let mut experts = vec![last];
    while let Some(expert) = Expert::of(model, model.node(experts[experts.len() - 1].sum.node))? {
        if !expert.is_with(&experts[0]) {
            break;
        }
        experts.push(expert);
    }
    experts.reverse();

    let first = &experts[0];
    let (Some(output), Some(input)) = (sides(model, node.id.into())?, sides(model, first.tokens)?) else {
        return Ok(None);
    };
    let (&[tokens, hidden], Some(&[_, inner])) = (&output[..], sides(model, first.weights[0])?.as_deref()) else {
        return Ok(None);
    };
    let fits = |outlet, expected: &[usize]| -> TractResult<bool> {
        Ok(sides(model, outlet)?.is_some_and(|sides| sides[..] == *expected))
    };
    let is_chosen = model.node(first.choices.node).op_is::<Topk>() && first.choices.slot == 1;
    if !is_chosen || output != input || sides(model, first.sum)?.as_ref() != Some(&output) {
        return Ok(None);
    }
    let mut patch = TypedModelPatch::default();
    let mut inputs: TVec<OutletId> = tvec!();
    for shared in [first.sum, first.tokens, first.gates, first.choices] {
        inputs.push(patch.tap_model(model, shared)?);
    }
    let cut = columns(Level::new());
    for expert in &experts {
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
            derived(model, &mut patch, (outlet, "right"), || {
                aligned(&Right::pack(cut, shape, tensor.try_as_plain_ram()?.as_slice::<f32>()?))
            })
        };
        let (first, second) = (packed(first, (hidden, inner))?, packed(second, (inner, hidden))?);
        let (first_bias, second_bias) = (patch.tap_model(model, first_bias)?, patch.tap_model(model, second_bias)?);
        inputs.extend([first, first_bias, second, second_bias]);
    }
    let numbers = experts.iter().map(|expert| expert.number).collect();
    let output = patch.wire_node(&node.name, Experts { tokens, hidden, inner, numbers }, &inputs)?;
    patch.shunt_outside(model, node.id.into(), output[0])?;
    Ok(Some(patch))
}

/// One expert's chain.
struct Expert {
    number: i64,
    /// What it is added to.
    sum: OutletId,
    tokens: OutletId,
    choices: OutletId,
    gates: OutletId,
    weights: [OutletId; 2],
    biases: [OutletId; 2],
}

impl Expert {
    /// Whether both are of the same round.
    fn is_with(&self, other: &Self) -> bool {
        (self.tokens, self.choices, self.gates) == (other.tokens, other.choices, other.gates)
    }

    /// The expert whose results `node` adds.
    fn of(model: &TypedModel, node: &TypedNode) -> TractResult<Option<Self>> {
        let Some(&ScatterNd { reduction: ScatterReduction::Add }) = node.op_as::<ScatterNd>() else { return Ok(None) };
        let &[sum, rows, gated] = &node.inputs[..] else { return Ok(None) };
        let Some((pairs, choices, number)) = places(model, rows)? else { return Ok(None) };
        let Some((output, gates)) = gated_by(model, gated, pairs)? else { return Ok(None) };
        let Some((hidden, second, second_bias)) = linear(model, output)? else { return Ok(None) };
        let Some((zero, hidden)) = with_constant::<Max>(model, model.node(hidden.node))? else { return Ok(None) };
        let Some((gathered, first, first_bias)) = linear(model, hidden)? else { return Ok(None) };
        let Some(tokens) = gathered_by(model, gathered, rows)? else { return Ok(None) };
        if scalar(model, zero)? != Some(0.0) {
            return Ok(None);
        }
        let (weights, biases) = ([first, second], [first_bias, second_bias]);
        Ok(Some(Self { number, sum, tokens, choices, gates, weights, biases }))
    }
}

/// From the rows of the tokens that chose an expert: their places among the choices, the choices, and the expert's number.
fn places(model: &TypedModel, rows: OutletId) -> TractResult<Option<(OutletId, OutletId, i64)>> {
    let node = model.node(rows.node);
    let Some(Slice { axis: 1, start, end }) = node.op_as::<Slice>() else { return Ok(None) };
    if (start.to_i64().ok(), end.to_i64().ok()) != (Some(0), Some(1)) {
        return Ok(None);
    }
    let pairs = node.inputs[0];
    let Some(AxisOp::Move(0, 1) | AxisOp::Move(1, 0)) = model.node(pairs.node).op_as::<AxisOp>() else {
        return Ok(None);
    };
    let places = model.node(model.node(pairs.node).inputs[0].node);
    if places.op.name() != "NonZero" {
        return Ok(None);
    }
    let Some((number, choices)) = with_constant::<CompEq>(model, model.node(places.inputs[0].node))? else {
        return Ok(None);
    };
    let is_i64 = model.outlet_fact(choices)?.datum_type == i64::datum_type();
    let number = scalar(model, number)?.filter(|_| is_i64).map(|number| number as i64);
    Ok(number.map(|number| (pairs, choices, number)))
}

/// What is multiplied with a column of gates, and where the gates are gathered from.
fn gated_by(model: &TypedModel, gated: OutletId, pairs: OutletId) -> TractResult<Option<(OutletId, OutletId)>> {
    let node = model.node(gated.node);
    let &[first, second] = &node.inputs[..] else { return Ok(None) };
    if !is_binary::<Mul>(node) {
        return Ok(None);
    }
    for (output, column) in [(first, second), (second, first)] {
        let column = model.node(column.node);
        if let Some(AxisOp::Add(1)) = column.op_as::<AxisOp>()
            && let Some(gates) = gathered_by(model, column.inputs[0], pairs)?
        {
            return Ok(Some((output, gates)));
        }
    }
    Ok(None)
}

/// Where a `GatherND` with these places takes from.
fn gathered_by(model: &TypedModel, outlet: OutletId, places: OutletId) -> TractResult<Option<OutletId>> {
    let node = model.node(outlet.node);
    let is_gather = node.op_as::<GatherNd>().is_some_and(|op| op.batch_dims == 0);
    Ok(match node.inputs[..] {
        [source, by] if is_gather && by == places => Some(source),
        _ => None,
    })
}

/// Input, weights and bias of a linear layer.
fn linear(model: &TypedModel, outlet: OutletId) -> TractResult<Option<(OutletId, OutletId, OutletId)>> {
    let Some((bias, product)) = with_constant::<Add>(model, model.node(outlet.node))? else { return Ok(None) };
    let node = model.node(product.node);
    let Some(op) = node.op_as::<EinSum>() else { return Ok(None) };
    let &[input, weights] = &node.inputs[..] else { return Ok(None) };
    let (inputs, outputs) = op.axes.to_strs();
    let letters = |text: &str| text.chars().collect::<Vec<_>>();
    let (rows, matrix, result) = (letters(&inputs[0]), letters(&inputs[1]), letters(&outputs[0]));
    let is_plain = op.q_params.is_none()
        && matches!((&rows[..], &matrix[..], &result[..]), (&[m, k], &[k2, n], &[m2, n2]) if m == m2 && k == k2 && n == n2);
    Ok((is_plain && constant(model, weights)?.is_some()).then_some((input, weights, bias)))
}
