//! Operators that move elements and leave them as they are.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::{AxisOp, DimLike as _, ToDim, perm_to_ops, to_axis_ops_with_onnx_rules};
use tract_onnx::tract_core::ops::array::{Slice, StridedSlice, TypedConcat};

use super::node::Node;

pub(super) fn concat(model: &mut TypedModel, node: &Node<'_>) -> TractResult<TVec<OutletId>> {
    let axis = node.axis(0, model.outlet_fact(node.input(0)?)?.rank())?;
    model.wire_node(node.name(), TypedConcat::new(axis), &node.given())
}

pub(super) fn reshape(model: &mut TypedModel, node: &Node<'_>) -> TractResult<TVec<OutletId>> {
    let input = node.input(0)?;
    let wanted: TVec<TDim> = node.integers(model, 1)?.iter().map(ToDim::to_dim).collect();
    let ops = to_axis_ops_with_onnx_rules(&model.outlet_fact(input)?.shape, &wanted, false)?;
    in_turn(model, node, input, ops.into_iter().enumerate())
}

pub(super) fn transpose(model: &mut TypedModel, node: &Node<'_>) -> TractResult<TVec<OutletId>> {
    let input = node.input(0)?;
    let rank = model.outlet_fact(input)?.rank();
    let order = node.sides("perm")?.unwrap_or_else(|| (0..rank).rev().collect());
    let ops = perm_to_ops(&order).into_iter().enumerate();
    let ops = ops.map(|(index, op)| (format!("{}-{index}", op.name()), op)).collect::<Vec<_>>();
    in_turn(model, node, input, ops)
}

pub(super) fn squeeze(model: &mut TypedModel, node: &Node<'_>) -> TractResult<TVec<OutletId>> {
    let input = node.input(0)?;
    let mut axes = node.axes(model, 1, model.outlet_fact(input)?.rank())?;
    axes.sort_unstable();
    in_turn(model, node, input, axes.into_iter().rev().map(|axis| (format!("axis-{axis}"), AxisOp::Rm(axis))))
}

pub(super) fn unsqueeze(model: &mut TypedModel, node: &Node<'_>) -> TractResult<TVec<OutletId>> {
    let input = node.input(0)?;
    let rank = model.outlet_fact(input)?.rank() + node.integers(model, 1)?.len();
    let mut axes = node.axes(model, 1, rank)?;
    axes.sort_unstable();
    in_turn(model, node, input, axes.into_iter().map(|axis| (format!("axis-{axis}"), AxisOp::Add(axis))))
}

fn in_turn<S: std::fmt::Display>(
    model: &mut TypedModel,
    node: &Node<'_>,
    input: OutletId,
    ops: impl IntoIterator<Item = (S, AxisOp)>,
) -> TractResult<TVec<OutletId>> {
    let mut wire = tvec!(input);
    for (step, op) in ops {
        wire = model.wire_node(format!("{}.{step}", node.name()), op, &wire)?;
    }
    Ok(wire)
}

pub(super) fn slice(model: &mut TypedModel, node: &Node<'_>) -> TractResult<TVec<OutletId>> {
    let op = StridedSlice {
        begin_mask: 0,
        end_mask: 0,
        shrink_axis_mask: 0,
        optional_axes_input: node.place(3),
        optional_steps_input: node.place(4),
    };
    model.wire_node(node.name(), op, &node.given())
}

pub(super) fn split(model: &mut TypedModel, node: &Node<'_>) -> TractResult<TVec<OutletId>> {
    let input = node.input(0)?;
    let shape = model.outlet_fact(input)?.shape.clone();
    let axis = node.axis(0, shape.rank())?;
    let side = shape[axis].to_usize()?;
    let parts = node.proto.output.len();
    let lengths = match node.optional(1) {
        Some(_) => node.integers(model, 1)?.into_iter().map(usize::try_from).collect::<Result<_, _>>()?,
        None => vec![side.div_ceil(parts); parts],
    };
    let mut start = 0;
    let mut outputs = tvec!();
    for (index, length) in lengths.into_iter().enumerate() {
        let end = (start + length).min(side);
        outputs.push(model.wire_node(format!("{}.{index}", node.name()), Slice::new(axis, start, end), &[input])?[0]);
        start = end;
    }
    Ok(outputs)
}
