//! Choice of elements: the largest ones, those that are true, those at given places.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::array::{Gather, GatherNd, ScatterNd, ScatterReduction, Topk};
use tract_onnx::tract_core::ops::cast::cast;
use tract_onnx_opl::non_zero::NonZero;

use super::node::Node;

pub(super) fn top_k(model: &mut TypedModel, node: &Node<'_>) -> TractResult<TVec<OutletId>> {
    let (input, count) = (node.input(0)?, node.input(1)?);
    let axis = node.axis(-1, model.outlet_fact(input)?.rank())?;
    let fallback_k = model.symbols.new_with_prefix("k").into();
    model.wire_node(node.name(), Topk { axis, fallback_k, largest: node.proto.int("largest", 1) == 1 }, &[input, count])
}

pub(super) fn non_zero(model: &mut TypedModel, node: &Node<'_>) -> TractResult<TVec<OutletId>> {
    let count = model.symbols.new_with_prefix("x");
    model.wire_node(node.name(), NonZero { count }, &[node.input(0)?])
}

pub(super) fn gather(model: &mut TypedModel, node: &Node<'_>) -> TractResult<TVec<OutletId>> {
    let input = node.input(0)?;
    let axis = node.axis(0, model.outlet_fact(input)?.rank())?;
    let places = model.wire_node(format!("{}.cast_to_i64", node.name()), cast(DatumType::I64), &[node.input(1)?])?[0];
    model.wire_node(node.name(), Gather::new(axis), &[input, places])
}

pub(super) fn gather_nd(model: &mut TypedModel, node: &Node<'_>) -> TractResult<TVec<OutletId>> {
    model.wire_node(node.name(), GatherNd::new(0), &[node.input(0)?, node.input(1)?])
}

pub(super) fn scatter_nd(model: &mut TypedModel, node: &Node<'_>) -> TractResult<TVec<OutletId>> {
    let reduction = ScatterReduction::parse(node.proto.text("reduction", "none"))?;
    model.wire_node(node.name(), ScatterNd::new(reduction), &[node.input(0)?, node.input(1)?, node.input(2)?])
}
