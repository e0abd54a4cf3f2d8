//! Products of matrices, and sums over dimensions.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::{AxesMapping, AxisOp, InOut, TDim, tensor0};
use tract_onnx::tract_core::ops::cast::cast;
use tract_onnx::tract_core::ops::change_axes::{wire_rank_broadcast, wire_with_rank_broadcast as wire_broadcast};
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_core::ops::nn::{Reduce, Reducer};

use super::node::Node;

/// The last two dimensions are a matrix, those before them are repeated as needed.
pub(super) fn product(model: &mut TypedModel, node: &Node<'_>) -> TractResult<TVec<OutletId>> {
    let inputs = [node.input(0)?, node.input(1)?];
    let ranks = [model.outlet_fact(inputs[0])?.rank(), model.outlet_fact(inputs[1])?.rank()];
    let rank = ranks[0].max(ranks[1]);
    let outer = |of: usize| ('a'..).take(rank - 2).skip(rank - of).collect::<String>();
    let axes = format!("{}mk,{}kn->{}mn", outer(ranks[0]), outer(ranks[1]), outer(rank)).parse()?;
    model.wire_node(node.name(), EinSum::new(axes, DatumType::F32), &inputs)
}

/// A product of bytes, from which points of zero are taken first, in 32-bit integers.
pub(super) fn integer_product(model: &mut TypedModel, node: &Node<'_>) -> TractResult<TVec<OutletId>> {
    let name = |part: &str| format!("{}.{part}", node.name());
    let mut inputs = wire_rank_broadcast(node.name(), model, &[node.input(0)?, node.input(1)?])?;
    let rank = model.outlet_fact(inputs[0])?.rank();
    inputs.push(model.add_const(name("bias"), tensor0(0_i32))?);
    for (index, of) in [(2, "a"), (3, "b")] {
        inputs.push(match node.optional(index) {
            Some(zero) => zero,
            None => model.add_const(name(&format!("{of}0")), tensor0(0_i32))?,
        });
        inputs.push(model.add_const(name(&format!("{of}_scale")), tensor0(1_f32))?);
    }
    inputs.push(model.add_const(name("c0"), tensor0(0_i32))?);
    inputs.push(model.add_const(name("c_scale"), tensor0(1_f32))?);
    let ranks = inputs.iter().map(|&input| Ok(model.outlet_fact(input)?.rank())).collect::<TractResult<Vec<_>>>()?;
    let mut axes = AxesMapping::disconnected_for_ranks(&ranks, &ranks[..1])?
        .renaming((InOut::In(0), rank - 2), 'm')?
        .linking('m', (InOut::Out(0), rank - 2))?
        .renaming((InOut::In(1), rank - 1), 'n')?
        .linking('n', (InOut::Out(0), rank - 1))?
        .renaming((InOut::In(0), rank - 1), 'k')?
        .linking('k', (InOut::In(1), rank - 2))?;
    for axis in 0..rank - 2 {
        axes = axes
            .linking((InOut::In(0), axis), (InOut::In(1), axis))?
            .linking((InOut::In(0), axis), (InOut::Out(0), axis))?;
    }
    // A point of zero is one number, perhaps in a list: the list's axis is that of the rows of the first or of the columns of the second.
    for (input, axis) in [(3, 'm'), (5, 'n')] {
        if ranks[input] == 1 {
            axes = axes.linking(axis, (InOut::In(input), 0))?;
        }
    }
    let product = EinSum { axes, operating_dt: DatumType::I32, q_params: Some(DatumType::I32) };
    model.wire_node(node.name(), product, &inputs)
}

pub(super) fn gemm(model: &mut TypedModel, node: &Node<'_>) -> TractResult<TVec<OutletId>> {
    let name = |part: &str| format!("{}.{part}", node.name());
    let axes =
        AxesMapping::for_numpy_matmul(2, node.proto.int("transA", 0) == 1, node.proto.int("transB", 0) == 1, false)?;
    let product = EinSum::new(axes, DatumType::F32);
    let mut wire = model.wire_node(name("ab"), product, &[node.input(0)?, node.input(1)?])?;
    let alpha = node.proto.float("alpha", 1.0);
    if alpha != 1.0 {
        let alpha = model.add_const(name("alpha_ab.cst"), tensor0(alpha))?;
        wire = wire_broadcast(name("alpha_ab"), model, math::mul(), &[alpha, wire[0]])?;
    }
    let beta = node.proto.float("beta", 1.0);
    if let Some(bias) = node.optional(2).filter(|_| beta != 0.0) {
        let beta = model.add_const(name("beta_c.cst"), tensor0(beta))?;
        let bias = wire_broadcast(name("beta_c"), model, math::mul(), &[beta, bias])?[0];
        wire = wire_broadcast(node.name(), model, math::add(), &[wire[0], bias])?;
    }
    Ok(wire)
}

pub(super) fn reduce(model: &mut TypedModel, node: &Node<'_>) -> TractResult<TVec<OutletId>> {
    let input = node.input(0)?;
    let shape = model.outlet_fact(input)?.shape.clone();
    let mut axes = match node.optional(1) {
        Some(_) => node.axes(model, 1, shape.rank())?,
        None => (0..shape.rank()).collect(),
    };
    axes.sort_unstable();
    let reduced = |reducer| Reduce { axes: axes.clone(), reducer };
    let mut wire = match node.proto.op_type() {
        "ReduceSum" => model.wire_node(node.name(), reduced(Reducer::Sum), &[input])?,
        "ReduceMax" => model.wire_node(node.name(), reduced(Reducer::Max), &[input])?,
        _ => {
            let name = |part: &str| format!("{}.{part}", node.name());
            let sum = model.wire_node(name("sum"), reduced(Reducer::Sum), &[input])?[0];
            let count: TDim = axes.iter().map(|&axis| shape[axis].clone()).product();
            let count = model.add_const(name("size"), tensor0(count).broadcast_into_rank(shape.rank())?)?;
            let count = model.wire_node(name("cast"), cast(DatumType::F32), &[count])?[0];
            model.wire_node(name("norm"), math::div(), &[sum, count])?
        }
    };
    if node.proto.int("keepdims", 1) == 0 {
        for axis in axes.into_iter().rev() {
            wire = model.wire_node(format!("{}-dispose-dims-{axis}", node.name()), AxisOp::Rm(axis), &wire)?;
        }
    }
    Ok(wire)
}
