//! `Conv` with a kernel a channel, and the activation behind it.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::TypedModelPatch;
use tract_onnx::tract_core::ops::cnn::{Conv, KernelFormat, PaddingSpec};
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_core::ops::nn::{DataFormat, Silu};

use super::super::kernels::activation::Activation;
use super::super::kernels::depthwise::Geometry;
use super::super::ops::depthwise::Depthwise;

/// Also takes the activation that alone follows.
pub(super) fn with_activation(model: &TypedModel, node: &TypedNode) -> TractResult<Option<TypedModelPatch>> {
    let Some(conv) = node.op_as::<Conv>() else { return Ok(None) };
    let Some(geometry) = geometry(model, node, conv)? else { return Ok(None) };
    let [input, kernel, bias] = node.inputs[..] else { return Ok(None) };
    let constant = |outlet| model.outlet_fact(outlet).map(|fact| fact.konst.clone());
    let (Some(kernel), Some(bias)) = (constant(kernel)?, constant(bias)?) else { return Ok(None) };
    let channels = conv.output_channels();
    let [height, width] = geometry.kernel;
    if bias.len() != channels || bias.datum_type() != f32::datum_type() {
        return Ok(None);
    }
    let kernel = kernel.into_tensor().into_shape(&[channels, height, width])?;
    let bias = bias.into_tensor().into_shape(&[channels])?;
    let (activation, last) = activation(model, node)?;
    let mut patch = TypedModelPatch::default();
    let input = patch.tap_model(model, input)?;
    let kernel = patch.add_const(format!("{}.kernel", node.name), kernel)?;
    let bias = patch.add_const(format!("{}.bias", node.name), bias)?;
    let op = Depthwise { channels, geometry, activation };
    let output = patch.wire_node(&node.name, op, &[input, kernel, bias])?[0];
    patch.shunt_outside(model, last.id.into(), output)?;
    Ok(Some(patch))
}

/// The sides of a convolution that the op can do.
fn geometry(model: &TypedModel, node: &TypedNode, conv: &Conv) -> TractResult<Option<Geometry>> {
    let channels = conv.input_channels();
    let pool = &conv.pool_spec;
    let is_depthwise = conv.group == channels && channels == conv.output_channels() && channels > 1;
    let is_plain = pool.data_format == DataFormat::NCHW
        && conv.kernel_fmt == KernelFormat::OIHW
        && conv.q_params.is_none()
        && pool.dilations.iter().flatten().all(|&dilation| dilation == 1);
    let facts = model.node_facts(node.id)?;
    let (input, output) = (facts.0[0], facts.1[0]);
    let (Some(sides), Some(results)) = (input.shape.as_concrete(), output.shape.as_concrete()) else {
        return Ok(None);
    };
    let (&[1, _, height, width], &[1, _, rows, columns]) = (sides, results) else { return Ok(None) };
    let &[tall, wide] = &pool.kernel_shape[..] else { return Ok(None) };
    let before = match &pool.padding {
        PaddingSpec::Explicit(before, _) => [before[0], before[1]],
        PaddingSpec::Valid => [0, 0],
        _ => return Ok(None),
    };
    let is_f32 = input.datum_type == f32::datum_type();
    let has_results = rows > 0 && columns > 0 && before[0] < tall && before[1] < wide;
    if !(is_depthwise && is_plain && is_f32 && has_results) {
        return Ok(None);
    }
    let stride = [pool.stride(0), pool.stride(1)];
    Ok(Some(Geometry { input: [height, width], output: [rows, columns], kernel: [tall, wide], stride, before }))
}

/// The activation, and the node whose output it is.
fn activation<'a>(model: &'a TypedModel, node: &'a TypedNode) -> TractResult<(Activation, &'a TypedNode)> {
    let Some(next) = model.single_succ(node.id)? else { return Ok((Activation::Identity, node)) };
    let is_silu = next.op_as::<ElementWiseOp>().is_some_and(|op| op.0.is::<Silu>());
    Ok(if is_silu { (Activation::Silu, next) } else { (Activation::Identity, node) })
}
