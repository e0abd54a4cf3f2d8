//! Experts that tokens choose: the chains of `Equal`, `NonZero`, `GatherND`, two layers and `ScatterND`, one an expert.

mod eight_bit;
mod float;

use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::{AxisOp, TypedModelPatch};
use tract_onnx::tract_core::ops::array::{GatherNd, ScatterNd, ScatterReduction, Slice, Topk};
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::ops::logic::CompEq;
use tract_onnx::tract_core::ops::math::{Max, Mul};

use super::super::ops::eight_bit_experts::EightBitExperts;
use super::super::ops::experts::Experts;
use super::super::ops::routing::Routing;
use super::look::{scalar, sides, with_constant};
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
    let &[tokens, hidden] = &output[..] else { return Ok(None) };
    let is_chosen = model.node(first.choices.node).op_is::<Topk>() && first.choices.slot == 1;
    if !is_chosen || output != input || sides(model, first.sum)?.as_ref() != Some(&output) {
        return Ok(None);
    }
    let mut patch = TypedModelPatch::default();
    let mut inputs: TVec<OutletId> = tvec!();
    for shared in [first.sum, first.tokens, first.gates, first.choices] {
        inputs.push(patch.tap_model(model, shared)?);
    }
    let routing = Routing { tokens, hidden, numbers: experts.iter().map(|expert| expert.number).collect() };
    let layers: Option<Vec<_>> = experts.iter().map(|expert| expert.layers.float()).collect();
    let output = match layers {
        Some(layers) => match float::inputs(model, &mut patch, hidden, &layers)? {
            Some((inner, weights)) => {
                inputs.extend(weights);
                patch.wire_node(&node.name, Experts { routing, inner }, &inputs)?
            }
            None => return Ok(None),
        },
        None => {
            let layers: Option<Vec<_>> = experts.iter().map(|expert| expert.layers.eight_bit()).collect();
            let Some(layers) = layers else { return Ok(None) };
            match eight_bit::inputs(model, &mut patch, hidden, &layers)? {
                Some((grains, weights)) => {
                    inputs.extend(weights);
                    patch.wire_node(&node.name, EightBitExperts { routing, grains }, &inputs)?
                }
                None => return Ok(None),
            }
        }
    };
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
    layers: Layers,
}

/// What an expert does.
enum Layers {
    Float(float::Layers),
    EightBit(eight_bit::Layers),
}

impl Layers {
    fn float(&self) -> Option<&float::Layers> {
        if let Self::Float(layers) = self { Some(layers) } else { None }
    }

    fn eight_bit(&self) -> Option<&eight_bit::Layers> {
        if let Self::EightBit(layers) = self { Some(layers) } else { None }
    }
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
        let found = match float::Layers::of(model, output, rows)? {
            Some((tokens, layers)) => Some((tokens, Layers::Float(layers))),
            None => {
                eight_bit::Layers::of(model, output, rows)?.map(|(tokens, layers)| (tokens, Layers::EightBit(layers)))
            }
        };
        Ok(found.map(|(tokens, layers)| Self { number, sum, tokens, choices, gates, layers }))
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

/// What is behind a `Relu`.
fn positive_of(model: &TypedModel, outlet: OutletId) -> TractResult<Option<OutletId>> {
    let Some((zero, input)) = with_constant::<Max>(model, model.node(outlet.node))? else { return Ok(None) };
    Ok((scalar(model, zero)? == Some(0.0)).then_some(input))
}

/// Whether an `EinSum` is a plain product of matrices in its first two inputs.
fn is_product(op: &EinSum) -> bool {
    let (inputs, outputs) = op.axes.to_strs();
    let letters = |text: &str| text.chars().collect::<Vec<_>>();
    let (rows, matrix, result) = (letters(&inputs[0]), letters(&inputs[1]), letters(&outputs[0]));
    matches!((&rows[..], &matrix[..], &result[..]), (&[m, k], &[k2, n], &[m2, n2]) if m == m2 && k == k2 && n == n2)
}
