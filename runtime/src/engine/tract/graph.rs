//! A model file's graph as tract has it.
//!
//! tract's own reader knows all of ONNX, so a program that calls it holds all of tract: operators that no graph of ours has are two fifths of it.
//! It also infers shapes, which a [`ModelFile`](moead_model::onnx::model_file::ModelFile) has had done. Here is what such a file may have and nothing
//! else, put together as tract's reader would, so that both give the same plan and the same digits (a test compares them). Files of others go
//! through tract's.
//!
//! What the standard leaves out has been filled in or refused before: attributes are of their types, shapes fit, and axes, sizes and bounds are
//! constants.
#![forbid(unsafe_code)]

use std::collections::HashMap;

use moead_model::architecture::ImageSize;
use moead_model::onnx::contract::IMAGE;
use moead_model::onnx::messages::{GraphProto, TensorProto};
use moead_model::onnx::value::Element;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::{TractErrorContext as _, format_err};

mod elementwise;
mod layout;
mod matrix;
mod node;
mod select;
mod spatial;

use node::Node;

/// The part of a graph that leads to `outputs`, for one picture of that size.
pub(super) fn typed(graph: &GraphProto, size: ImageSize, outputs: &[&str]) -> TractResult<TypedModel> {
    let mut model = TypedModel::default();
    // The file's batch is a symbol. Left as one, tract keeps slow general kernels: 2.7 times the time.
    let image = model.add_source(IMAGE, f32::fact([1, 3, size.height, size.width]))?;
    let mut values = HashMap::from([(IMAGE, image)]);
    for tensor in &graph.initializer {
        // Nodes' parts have names, too: `stem.bias` is one of `stem`.
        let name = format!("{}.0", tensor.name());
        values.insert(tensor.name(), model.add_const(name, constant(tensor)?)?);
    }
    for proto in &graph.node {
        let inputs = proto.input.iter().map(|name| values.get(name.as_str()).copied()).collect();
        let node = Node { proto, inputs };
        let wiring = wiring(proto.op_type()).ok_or_else(|| format_err!("no operator of model files"));
        let wired = wiring.and_then(|wire| wire(&mut model, &node));
        let wired = wired.with_context(|| format!("node {} ({})", proto.name(), proto.op_type()))?;
        values.extend(proto.output.iter().map(String::as_str).zip(wired));
    }
    let output = |name: &&str| values.get(name).copied().ok_or_else(|| format_err!("no value {name} in the graph"));
    let outputs: Vec<OutletId> = outputs.iter().map(output).collect::<TractResult<_>>()?;
    model.select_output_outlets(&outputs)?;
    model.into_compact()
}

fn constant(tensor: &TensorProto) -> TractResult<Tensor> {
    let element =
        Element::from_onnx(tensor.data_type()).ok_or_else(|| format_err!("{}: unknown elements", tensor.name()))?;
    let shape: TVec<usize> = tensor.dims.iter().map(|&side| usize::try_from(side)).collect::<Result<_, _>>()?;
    let bytes = tensor.raw_data();
    let numbers = match element {
        Element::F32 => numbers(&shape, bytes, f32::from_le_bytes),
        Element::F16 => numbers(&shape, bytes, f16::from_le_bytes),
        Element::I64 => numbers(&shape, bytes, i64::from_le_bytes),
        Element::I32 => numbers(&shape, bytes, i32::from_le_bytes),
        Element::Bool => numbers(&shape, bytes, |[byte]| byte != 0),
        Element::U8 => numbers(&shape, bytes, u8::from_le_bytes),
        Element::I8 => numbers(&shape, bytes, i8::from_le_bytes),
    };
    numbers.with_context(|| format!("constant {}", tensor.name()))
}

fn numbers<T: Datum + Copy, const N: usize>(
    shape: &[usize],
    bytes: &[u8],
    read: fn([u8; N]) -> T,
) -> TractResult<Tensor> {
    let numbers: Vec<T> = bytes.as_chunks().0.iter().map(|&bytes| read(bytes)).collect();
    Tensor::from_shape(shape, &numbers)
}

/// Puts what computes a node's outputs into a model, and says where they come out, in their order.
type Wiring = fn(&mut TypedModel, &Node<'_>) -> TractResult<TVec<OutletId>>;

fn wiring(operator: &str) -> Option<Wiring> {
    Some(match operator {
        "Add" | "Sub" | "Mul" | "Div" | "Equal" => elementwise::of_two,
        "Abs" | "Sigmoid" | "Round" | "Sqrt" | "Erf" => elementwise::function,
        "Identity" => elementwise::identity,
        "Relu" => elementwise::relu,
        "Clip" => elementwise::clip,
        "Cast" => elementwise::cast,
        "Where" => elementwise::choose,
        "Softmax" => elementwise::softmax,
        "LayerNormalization" => elementwise::layer_normalization,
        "Conv" => spatial::convolution,
        "MaxPool" => spatial::largest,
        "AveragePool" => spatial::mean,
        "GlobalAveragePool" => spatial::global_mean,
        "Resize" => spatial::resize,
        "MatMul" => matrix::product,
        "MatMulInteger" => matrix::integer_product,
        "Gemm" => matrix::gemm,
        "ReduceSum" | "ReduceMean" | "ReduceMax" => matrix::reduce,
        "Concat" => layout::concat,
        "Reshape" => layout::reshape,
        "Transpose" => layout::transpose,
        "Slice" => layout::slice,
        "Split" => layout::split,
        "Squeeze" => layout::squeeze,
        "Unsqueeze" => layout::unsqueeze,
        "TopK" => select::top_k,
        "NonZero" => select::non_zero,
        "Gather" => select::gather,
        "GatherND" => select::gather_nd,
        "ScatterND" => select::scatter_nd,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
