//! On pictures of features, N x C x H x W: convolution, pooling, resizing.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::{DimLike as _, format_err};
use tract_onnx::tract_core::ops::cnn::{MaxPool, PaddingSpec, PoolSpec, SumPool};
use tract_onnx::tract_core::ops::nn::DataFormat;
use tract_onnx::tract_core::ops::nn::resize::Interpolator;
use tract_onnx::tract_hir::internal::Expansion as _;
use tract_onnx::tract_hir::ops::cnn::Conv;
use tract_onnx::tract_hir::ops::nn::GlobalAvgPool;
use tract_onnx_opl::resize::{AspectRatio, CoordTransform, Nearest, Resize};

use super::node::Node;

pub(super) fn convolution(model: &mut TypedModel, node: &Node<'_>) -> TractResult<TVec<OutletId>> {
    let mut inputs = tvec!(node.input(0)?, node.input(1)?);
    inputs.extend(node.optional(2));
    let (before, after) = pads(node)?;
    let op = Conv {
        padding: PaddingSpec::Explicit(before, after),
        strides: node.sides("strides")?,
        dilations: node.sides("dilations")?,
        group: Some(usize::try_from(node.proto.int("group", 1))?),
        bias_input: node.optional(2).map(|_| 2),
        ..Conv::default()
    };
    op.wire(node.name(), model, &inputs)
}

pub(super) fn largest(model: &mut TypedModel, node: &Node<'_>) -> TractResult<TVec<OutletId>> {
    let input = node.input(0)?;
    let pool = MaxPool { pool_spec: window(model, node, input)?, with_index_outputs: None };
    model.wire_node(node.name(), pool, &[input])
}

pub(super) fn mean(model: &mut TypedModel, node: &Node<'_>) -> TractResult<TVec<OutletId>> {
    let input = node.input(0)?;
    let count_include_pad = node.proto.int("count_include_pad", 0) == 1;
    let pool = SumPool { pool_spec: window(model, node, input)?, count_include_pad, normalize: true };
    model.wire_node(node.name(), pool, &[input])
}

/// A window that moves over rows and columns of each channel.
fn window(model: &TypedModel, node: &Node<'_>, input: OutletId) -> TractResult<PoolSpec> {
    let channels = model.outlet_fact(input)?.shape[1].to_usize()?;
    let (before, after) = pads(node)?;
    Ok(PoolSpec {
        data_format: DataFormat::NCHW,
        kernel_shape: node.sides("kernel_shape")?.ok_or_else(|| format_err!("no kernel_shape"))?,
        padding: PaddingSpec::ExplicitOnnxPool(before, after, false),
        dilations: node.sides("dilations")?,
        strides: node.sides("strides")?,
        input_channels: channels,
        output_channels: channels,
    })
}

/// Before and after rows and columns.
fn pads(node: &Node<'_>) -> TractResult<(TVec<usize>, TVec<usize>)> {
    let pads = node.sides("pads")?.unwrap_or_else(|| tvec!(0; 4));
    let (before, after) = pads.split_at(pads.len() / 2);
    Ok((before.into(), after.into()))
}

pub(super) fn global_mean(model: &mut TypedModel, node: &Node<'_>) -> TractResult<TVec<OutletId>> {
    GlobalAvgPool.wire(node.name(), model, &[node.input(0)?])
}

pub(super) fn resize(model: &mut TypedModel, node: &Node<'_>) -> TractResult<TVec<OutletId>> {
    let op = Resize {
        axes: node.proto.ints("axes").map(<[_]>::to_vec),
        coord_transformer: CoordTransform::parse(node.proto.text("coordinate_transformation_mode", "half_pixel"))?,
        interpolator: Interpolator::parse(node.proto.text("mode", "nearest"))?,
        nearest: Nearest::parse(node.proto.text("nearest_mode", "round_prefer_floor"))?,
        antialias: false,
        cubic_coeff_a_bits: node.proto.float("cubic_coeff_a", -0.75).to_bits(),
        exclude_outside: false,
        extrapolation_value_bits: node.proto.float("extrapolation_value", 0.0).to_bits(),
        keep_aspect_ratio_policy: AspectRatio::Stretch,
        optional_roi_input: node.place(1),
        optional_scales_input: node.place(2),
        optional_sizes_input: node.place(3),
    };
    model.wire_node(node.name(), op, &node.given())
}
