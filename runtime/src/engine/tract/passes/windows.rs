//! `AveragePool` that moves by one.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::TypedModelPatch;
use tract_onnx::tract_core::ops::cnn::SumPool;
use tract_onnx::tract_core::ops::nn::DataFormat;

use super::super::kernels::windows::Windows;
use super::super::ops::windows::WindowMeans;

/// Takes means without padding, channels before rows.
pub(super) fn means(model: &TypedModel, node: &TypedNode) -> TractResult<Option<TypedModelPatch>> {
    let Some(op) = node.op_as::<SumPool>() else { return Ok(None) };
    let pool = &op.pool_spec;
    let (inputs, outputs) = model.node_facts(node.id)?;
    let (Some(sides), Some(shape)) = (inputs[0].shape.as_concrete(), outputs[0].shape.as_concrete()) else {
        return Ok(None);
    };
    let (&[.., height, width], &[.., rows, columns]) = (sides, shape) else { return Ok(None) };
    let &[tall, wide] = &pool.kernel_shape[..] else { return Ok(None) };
    let is_known = op.normalize
        && matches!(pool.data_format, DataFormat::NCHW | DataFormat::CHW)
        && (0..2).all(|side| pool.stride(side) == 1 && pool.dilation(side) == 1)
        && inputs[0].datum_type == f32::datum_type();
    // With padding, there would be other numbers of results.
    if !(is_known && rows + tall == height + 1 && columns + wide == width + 1 && rows > 0 && columns > 0) {
        return Ok(None);
    }
    let op = WindowMeans { shape: shape.into(), windows: Windows { input: [height, width], window: [tall, wide] } };
    TypedModelPatch::replace_single_op(model, node, &node.inputs, op).map(Some)
}
