//! Operators that give an element for each element, or for each pair of them.

use moead_model::onnx::messages::tensor_proto::DataType;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::{TDim, format_err, tensor0};
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::cast as casting;
use tract_onnx::tract_core::ops::change_axes::wire_with_rank_broadcast as wire_broadcast;
use tract_onnx::tract_core::ops::logic::{Iff, comp_eq};
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_core::ops::nn::{Reduce, Reducer, Softmax, sigmoid};

use super::node::Node;

pub(super) fn identity(_: &mut TypedModel, node: &Node<'_>) -> TractResult<TVec<OutletId>> {
    Ok(tvec!(node.input(0)?))
}

pub(super) fn of_two(model: &mut TypedModel, node: &Node<'_>) -> TractResult<TVec<OutletId>> {
    let op = match node.proto.op_type() {
        "Add" => math::add(),
        "Sub" => math::sub(),
        "Mul" => math::mul(),
        "Div" => math::div(),
        _ => TypedBinOp(comp_eq(), None),
    };
    wire_broadcast(node.name(), model, op, &[node.input(0)?, node.input(1)?])
}

pub(super) fn function(model: &mut TypedModel, node: &Node<'_>) -> TractResult<TVec<OutletId>> {
    let op = match node.proto.op_type() {
        "Abs" => math::abs(),
        "Sigmoid" => sigmoid(),
        "Round" => math::round_half_to_even(),
        "Sqrt" => math::sqrt(),
        _ => math::erf(),
    };
    model.wire_node(node.name(), op, &[node.input(0)?])
}

pub(super) fn relu(model: &mut TypedModel, node: &Node<'_>) -> TractResult<TVec<OutletId>> {
    let (input, name) = (node.input(0)?, node.name());
    let rank = model.outlet_fact(input)?.rank();
    let zero = model.add_const(format!("{name}.low.cst"), tensor0(0_f32).broadcast_into_rank(rank)?)?;
    model.wire_node(format!("{name}.low"), math::max(), &[input, zero])
}

pub(super) fn clip(model: &mut TypedModel, node: &Node<'_>) -> TractResult<TVec<OutletId>> {
    let mut wire = tvec!(node.input(0)?);
    for (index, side, op) in [(1, "min", math::max()), (2, "max", math::min())] {
        if let Some(bound) = node.optional(index) {
            wire = wire_broadcast(format!("{}.{side}", node.name()), model, op, &[wire[0], bound])?;
        }
    }
    Ok(wire)
}

pub(super) fn cast(model: &mut TypedModel, node: &Node<'_>) -> TractResult<TVec<OutletId>> {
    let to = i32::try_from(node.proto.int("to", 0))?;
    let to = match DataType::try_from(to) {
        Ok(DataType::Float) => DatumType::F32,
        Ok(DataType::Uint8) => DatumType::U8,
        _ => return Err(format_err!("no cast to {to}")),
    };
    model.wire_node(node.name(), casting::cast(to), &[node.input(0)?])
}

pub(super) fn choose(model: &mut TypedModel, node: &Node<'_>) -> TractResult<TVec<OutletId>> {
    wire_broadcast(node.name(), model, Iff, &[node.input(0)?, node.input(1)?, node.input(2)?])
}

pub(super) fn softmax(model: &mut TypedModel, node: &Node<'_>) -> TractResult<TVec<OutletId>> {
    let input = node.input(0)?;
    let axes = tvec!(node.axis(-1, model.outlet_fact(input)?.rank())?);
    model.wire_node(node.name(), Softmax { axes, ..Softmax::default() }, &[input])
}

/// As tract spells it out; `passes` make one op of it again.
pub(super) fn layer_normalization(model: &mut TypedModel, node: &Node<'_>) -> TractResult<TVec<OutletId>> {
    let (input, gain) = (node.input(0)?, node.input(1)?);
    let shape = model.outlet_fact(input)?.shape.clone();
    let axes: TVec<usize> = (node.axis(-1, shape.rank())?..shape.rank()).collect();
    let length = axes.iter().map(|&axis| shape[axis].clone()).product::<TDim>().to_i64()?;
    let name = |part: &str| format!("{}.{part}", node.name());
    let sum = Reduce { axes, reducer: Reducer::Sum };

    let length = model.add_const(name("len"), tensor0(length as f32))?;
    let total = model.wire_node(name("reduced_sum"), sum.clone(), &[input])?[0];
    let mean = wire_broadcast(name("reduced_mean_x"), model, math::div(), &[total, length])?[0];
    let apart = model.wire_node(name("d"), math::sub(), &[input, mean])?[0];
    let squares = model.wire_node(name("dd"), math::square(), &[apart])?[0];
    let total = model.wire_node(name("reduced_sum_dd"), sum, &[squares])?[0];
    let variance = wire_broadcast(name("var"), model, math::div(), &[total, length])?[0];
    let epsilon = model.add_const(name("epsilon"), tensor0(node.proto.float("epsilon", 1e-5)))?;
    let variance = wire_broadcast(name("var_eps"), model, math::add(), &[variance, epsilon])?[0];
    let scale = model.wire_node(name("inv_std_dev"), math::rsqrt(), &[variance])?[0];
    let normal = model.wire_node(name("normalized"), math::mul(), &[apart, scale])?[0];
    let normal = wire_broadcast(name("normalized_scaled"), model, math::mul(), &[normal, gain])?;
    match node.optional(2) {
        Some(shift) => wire_broadcast(name("y_internal"), model, math::add(), &[normal[0], shift]),
        None => Ok(normal),
    }
}
