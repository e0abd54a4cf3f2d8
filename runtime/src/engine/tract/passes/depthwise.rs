//! `Conv` with a kernel a channel, the activation behind it, and the squeeze-and-excitation behind that.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::{InOut, TypedModelPatch};
use tract_onnx::tract_core::ops::cnn::{Conv, KernelFormat, PaddingSpec};
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::ops::math::{Add, Mul};
use tract_onnx::tract_core::ops::nn::{DataFormat, Reduce, Reducer, Sigmoid, Silu};

use super::super::kernels::depthwise::Geometry;
use super::super::ops::depthwise::{Depthwise, Excitation};
use super::activation;
use super::pattern::{constant_beside, is_binary, is_element_wise};

/// Also takes the activation that alone follows.
pub(super) fn with_activation(model: &TypedModel, node: &TypedNode) -> TractResult<Option<TypedModelPatch>> {
    let Some(conv) = node.op_as::<Conv>() else { return Ok(None) };
    let Some(geometry) = geometry(model, node, conv)? else { return Ok(None) };
    let Some(shape) = node.outputs[0].fact.shape.as_concrete() else { return Ok(None) };
    let [_, kernel, bias] = node.inputs[..] else { return Ok(None) };
    let taps: usize = geometry.kernel.iter().product();
    for (outlet, count) in [(kernel, conv.output_channels() * taps), (bias, conv.output_channels())] {
        let fact = model.outlet_fact(outlet)?;
        if fact.konst.is_none() || fact.datum_type != f32::datum_type() || fact.shape.volume() != count.into() {
            return Ok(None);
        }
    }
    let (activation, last) = activation::behind(model, node)?;
    let op = Depthwise { shape: shape.into(), geometry, activation, excitation: Excitation::None };
    let mut patch = TypedModelPatch::default();
    let inputs = patch.taps(model, &node.inputs)?;
    let output = patch.wire_node(&node.name, op, &inputs)?[0];
    patch.shunt_outside(model, last.id.into(), output)?;
    Ok(Some(patch))
}

/// The sides of a convolution that the op can do: one picture, channels before rows.
fn geometry(model: &TypedModel, node: &TypedNode, conv: &Conv) -> TractResult<Option<Geometry>> {
    let channels = conv.input_channels();
    let pool = &conv.pool_spec;
    let is_depthwise = conv.group == channels && channels == conv.output_channels() && channels > 1;
    let is_plain = matches!(pool.data_format, DataFormat::NCHW | DataFormat::CHW)
        && conv.kernel_fmt == KernelFormat::OIHW
        && conv.q_params.is_none()
        && pool.dilations.iter().flatten().all(|&dilation| dilation == 1);
    let (inputs, outputs) = model.node_facts(node.id)?;
    let (Some(sides), Some(results)) = (inputs[0].shape.as_concrete(), outputs[0].shape.as_concrete()) else {
        return Ok(None);
    };
    let (&[ref before @ .., height, width], &[.., rows, columns]) = (sides, results) else { return Ok(None) };
    let &[tall, wide] = &pool.kernel_shape[..] else { return Ok(None) };
    let is_one = before.iter().product::<usize>() == channels;
    let [above, left] = match &pool.padding {
        PaddingSpec::Explicit(before, _) => [before[0], before[1]],
        PaddingSpec::Valid => [0, 0],
        _ => return Ok(None),
    };
    let has_results = rows > 0 && columns > 0 && above < tall && left < wide;
    if !(is_depthwise && is_plain && is_one && has_results && inputs[0].datum_type == f32::datum_type()) {
        return Ok(None);
    }
    Ok(Some(Geometry {
        input: [height, width],
        output: [rows, columns],
        kernel: [tall, wide],
        stride: [pool.stride(0), pool.stride(1)],
        before: [above, left],
    }))
}

/// Takes mean, two dense layers and scaling behind a depthwise convolution.
pub(super) fn with_excitation(model: &TypedModel, node: &TypedNode) -> TractResult<Option<TypedModelPatch>> {
    let Some(op) = node.op_as::<Depthwise>().filter(|op| op.excitation == Excitation::None) else { return Ok(None) };
    let Some(branch) = Branch::behind(model, node, op)? else { return Ok(None) };
    let Branch { layers: [reduce, expand], biases: [reduce_bias, expand_bias], scaled } = branch;
    let op = Depthwise { excitation: Excitation::SqueezeAndExcite, ..op.clone() };
    let mut patch = TypedModelPatch::default();
    let mut inputs = patch.taps(model, &node.inputs)?;
    let mut constant = |part: &str, tensor: Tensor| patch.add_const(format!("{}.{part}", node.name), tensor);
    inputs.push(constant("reduce", reduce)?);
    inputs.push(constant("reduce_bias", reduce_bias)?);
    // One row a hidden number, as the kernel wants it.
    inputs.push(constant("expand", expand.permute_axes(&[1, 0])?)?);
    inputs.push(constant("expand_bias", expand_bias)?);
    let output = patch.wire_node(&node.name, op, &inputs)?[0];
    patch.shunt_outside(model, scaled.id.into(), output)?;
    Ok(Some(patch))
}

/// What squeeze-and-excitation is made of.
struct Branch<'a> {
    /// Hidden x channels, channels x hidden.
    layers: [Tensor; 2],
    biases: [Tensor; 2],
    /// The node that scales.
    scaled: &'a TypedNode,
}

impl<'a> Branch<'a> {
    /// The output of `node` is used twice: for means and to be scaled.
    fn behind(model: &'a TypedModel, node: &TypedNode, op: &Depthwise) -> TractResult<Option<Self>> {
        let Some(uses) = model.all_succ(node.id)?.filter(|uses| uses.len() == 2) else { return Ok(None) };
        let Some(&sum) = uses.iter().find(|user| is_sum_of_planes(model, user)) else { return Ok(None) };
        let Some(norm) = model.single_succ(sum.id)?.filter(|next| is_binary::<Mul>(next)) else { return Ok(None) };
        let plane: usize = op.geometry.output.iter().product();
        let Some(factor) = constant_beside(model, norm, sum)? else { return Ok(None) };
        let is_mean = factor.len() == 1 && (factor.cast_to_scalar::<f32>()? * plane as f32 - 1.0).abs() < 1e-5;
        let Some((reduce, reduce_bias, hidden)) = dense(model, norm, op.channels())?.filter(|_| is_mean) else {
            return Ok(None);
        };
        let Some(hidden) = model.single_succ(hidden.id)?.filter(|next| is_element_wise::<Silu>(next)) else {
            return Ok(None);
        };
        let Some((expand, expand_bias, gate)) = dense(model, hidden, reduce_bias.len())? else { return Ok(None) };
        let Some(gate) = model.single_succ(gate.id)?.filter(|next| is_element_wise::<Sigmoid>(next)) else {
            return Ok(None);
        };
        let Some(scaled) = model.single_succ(gate.id)?.filter(|next| is_binary::<Mul>(next)) else { return Ok(None) };
        let has_channels = expand_bias.len() == op.channels();
        let is_of_both = scaled.inputs.contains(&node.id.into()) && scaled.inputs.contains(&gate.id.into());
        let is_same = scaled.outputs[0].fact.shape == node.outputs[0].fact.shape;
        let branch = Self { layers: [reduce, expand], biases: [reduce_bias, expand_bias], scaled };
        Ok((has_channels && is_of_both && is_same).then_some(branch))
    }
}

/// A sum over rows and columns.
fn is_sum_of_planes(model: &TypedModel, node: &TypedNode) -> bool {
    let Some(op) = node.op_as::<Reduce>() else { return false };
    let rank = model.outlet_fact(node.inputs[0]).map_or(0, |fact| fact.rank());
    op.reducer == Reducer::Sum && rank >= 2 && op.axes[..] == [rank - 2, rank - 1]
}

/// Weights (outputs x inputs), biases, and the node that adds these, of a dense layer that alone follows.
fn dense<'a>(
    model: &'a TypedModel,
    node: &TypedNode,
    inputs: usize,
) -> TractResult<Option<(Tensor, Tensor, &'a TypedNode)>> {
    let Some(product) = model.single_succ(node.id)? else { return Ok(None) };
    let Some(op) = product.op_as::<EinSum>().filter(|op| op.q_params.is_none()) else { return Ok(None) };
    let Some(weights) = constant_beside(model, product, node)? else { return Ok(None) };
    let Some(slot) = product.inputs.iter().position(|&input| input != node.id.into()) else { return Ok(None) };
    let axis = |at| op.axes.axis((InOut::In(slot), at)).ok();
    let &[_, columns] = weights.shape() else { return Ok(None) };
    let is_product = product.inputs.len() == 2
        && columns == inputs
        && axis(0).is_some_and(|axis| axis.outputs[0].len() == 1 && axis.inputs[1 - slot].is_empty())
        && axis(1).is_some_and(|axis| axis.outputs[0].is_empty() && axis.inputs[1 - slot].len() == 1);
    let Some(sum) = model.single_succ(product.id)?.filter(|next| is_product && is_binary::<Add>(next)) else {
        return Ok(None);
    };
    let Some(bias) = constant_beside(model, sum, product)? else { return Ok(None) };
    let is_plain = bias.len() == weights.shape()[0] && sum.outputs[0].fact.shape.volume() == bias.len().into();
    Ok(is_plain.then_some((weights, bias, sum)))
}
