//! On pictures of features, N x C x H x W: convolution, pooling, resizing.

use super::ShapeProblem;
use super::node::{Inferred, Node};
use crate::onnx::attributes;
use crate::onnx::limits;
use crate::onnx::value::Value;

/// Kernel, strides, dilations and pads of a window that moves over rows and columns.
struct Window {
    kernel: [usize; 2],
    strides: [usize; 2],
    dilations: [usize; 2],
    /// Before rows, before columns, after rows, after columns.
    pads: [usize; 4],
}

impl Window {
    fn new(node: &Node<'_>, kernel: [usize; 2]) -> Result<Self, ShapeProblem> {
        if node.proto.text("auto_pad", "NOTSET") != "NOTSET" {
            return Err(ShapeProblem::Attribute { name: "auto_pad", expected: "NOTSET, with explicit pads" });
        }
        node.require_zero("ceil_mode")?;
        let strides = sides(node, "strides", [1; 2], 1)?;
        let dilations = sides(node, "dilations", [1; 2], 1)?;
        let pads = sides(node, "pads", [0; 4], 0)?;
        let window = Self { kernel, strides, dilations, pads };
        // Wider pads would make windows with nothing but padding in them, whose average or maximum is of nothing.
        if pads.iter().enumerate().any(|(index, &pad)| pad >= window.reach(index % 2)) {
            return Err(ShapeProblem::Attribute { name: "pads", expected: "less than the kernel" });
        }
        Ok(window)
    }

    /// Input pixels under the kernel.
    fn reach(&self, side: usize) -> usize {
        (self.kernel[side] - 1) * self.dilations[side] + 1
    }

    fn output(&self, input: &Value, [rows, columns]: [usize; 2]) -> Result<[usize; 2], ShapeProblem> {
        let output = |side: usize, length: usize| {
            let padded = length + self.pads[side] + self.pads[side + 2];
            padded.checked_sub(self.reach(side)).map(|rest| rest / self.strides[side] + 1)
        };
        match (output(0, rows), output(1, columns)) {
            (Some(rows), Some(columns)) => Ok([rows, columns]),
            _ => Err(ShapeProblem::Unequal {
                rule: "the kernel is not larger than the padded picture",
                left: input.shape(),
                right: crate::onnx::value::Shape(self.kernel.to_vec()),
            }),
        }
    }
}

/// An attribute of as many numbers as the default has, each from `least` to the limit.
fn sides<const L: usize>(
    node: &Node<'_>,
    name: &'static str,
    default: [usize; L],
    least: usize,
) -> Result<[usize; L], ShapeProblem> {
    let Some(values) = node.proto.ints(name) else { return Ok(default) };
    let inside = |&value: &i64| usize::try_from(value).ok().filter(|side| (least..=limits::WINDOW).contains(side));
    let values: Option<Vec<usize>> = values.iter().map(inside).collect();
    let values = values.and_then(|values| values.try_into().ok());
    values.ok_or(ShapeProblem::Attribute { name, expected: "one number per side, none of them huge" })
}

/// Weights are C' x C/groups x rows x columns, the bias has C' numbers.
pub(super) fn convolution(node: &Node<'_>) -> Result<Inferred, ShapeProblem> {
    let (input, [pictures, channels, rows, columns]) = node.picture(0)?;
    let (weights, [produced, per_group, kernel_rows, kernel_columns]) = node.picture(1)?;
    let unfit = |rule| ShapeProblem::Unequal { rule, left: input.shape(), right: weights.shape() };
    let groups = usize::try_from(node.proto.int("group", 1)).ok().filter(|&groups| groups >= 1);
    let groups = groups.ok_or(ShapeProblem::Attribute { name: "group", expected: "at least 1" })?;
    if per_group.checked_mul(groups) != Some(channels) || channels == 0 || !produced.is_multiple_of(groups) {
        return Err(unfit("channels are those of the weights times groups"));
    }
    let kernel = [kernel_rows, kernel_columns];
    if kernel.iter().any(|side| !(1..=limits::WINDOW).contains(side))
        || sides(node, "kernel_shape", kernel, 1)? != kernel
    {
        return Err(unfit("the kernel is that of the weights, and not huge"));
    }
    if node.inputs.len() > 2 && node.floats(2)?.dims != [produced] {
        return Err(unfit("the bias has a number per produced channel"));
    }
    let [rows, columns] = Window::new(node, kernel)?.output(input, [rows, columns])?;
    let value = Value::f32(vec![pictures, produced, rows, columns]);
    let work = [value.elements(), per_group, kernel_rows, kernel_columns];
    Ok(Inferred::new(value).with_work(&work))
}

/// `MaxPool`, `AveragePool`.
pub(super) fn pool(node: &Node<'_>) -> Result<Inferred, ShapeProblem> {
    let (input, [pictures, channels, rows, columns]) = node.picture(0)?;
    node.require_zero("storage_order")?;
    node.flag("count_include_pad", 0)?;
    if node.proto.ints("kernel_shape").is_none() {
        return Err(ShapeProblem::Attribute { name: "kernel_shape", expected: "two numbers" });
    }
    let kernel = sides(node, "kernel_shape", [1; 2], 1)?;
    let [rows, columns] = Window::new(node, kernel)?.output(input, [rows, columns])?;
    let value = Value::f32(vec![pictures, channels, rows, columns]);
    let work = [value.elements(), kernel[0], kernel[1]];
    Ok(Inferred::new(value).with_work(&work))
}

pub(super) fn global_pool(node: &Node<'_>) -> Result<Inferred, ShapeProblem> {
    let (_, [pictures, channels, ..]) = node.picture(0)?;
    Ok(Inferred::new(Value::f32(vec![pictures, channels, 1, 1])))
}

/// By constant `scales` (rounded down, in 32-bit floats as the standard says) or constant `sizes`.
pub(super) fn resize(node: &Node<'_>) -> Result<Inferred, ShapeProblem> {
    let (input, sides) = node.picture(0)?;
    text(node, "mode", "nearest", &["nearest", "linear"], "nearest or linear")?;
    text(node, "keep_aspect_ratio_policy", "stretch", &["stretch"], "stretch")?;
    let known = ["align_corners", "half_pixel", "pytorch_half_pixel", "asymmetric"];
    let expected = "align_corners, half_pixel, pytorch_half_pixel or asymmetric";
    text(node, "coordinate_transformation_mode", "half_pixel", &known, expected)?;
    node.require_zero("antialias")?;
    node.require_zero("exclude_outside")?;
    if let Some(region) = node.optional(1)
        && region.elements() != 0
    {
        return Err(ShapeProblem::Rank { index: 1, expected: "nothing", found: region.shape() });
    }
    let expected = "different dimensions";
    let axes: Option<Vec<usize>> = node
        .proto
        .ints("axes")
        .map_or(Some((0..4).collect()), |axes| axes.iter().map(|&value| attributes::axis(value, 4)).collect());
    let axes = axes.filter(|axes| axes.is_sorted_by(|a, b| a < b));
    let axes = axes.ok_or(ShapeProblem::Attribute { name: "axes", expected })?;
    // An empty tensor is another way to leave scales out.
    let scales = node.optional(2).filter(|scales| scales.elements() != 0);
    let lengths = match (scales, node.optional(3)) {
        (Some(scales), None) => scales.floats().and_then(|scales| scaled(scales, &axes, sides)),
        (None, Some(sizes)) => sizes
            .integers()
            .map(|sizes| sizes.iter().map(|&size| usize::try_from(size).unwrap_or(0)).collect::<Vec<_>>()),
        _ => None,
    };
    let lengths = lengths.filter(|lengths| lengths.len() == axes.len() && lengths.iter().all(|&length| length >= 1));
    let wrong = ShapeProblem::Constant { index: 2, expected: "a scale or a size, one of them, for every dimension" };
    let mut dims = input.dims.clone();
    for (axis, length) in axes.iter().zip(lengths.ok_or(wrong)?) {
        dims[*axis] = length;
    }
    Ok(Inferred::new(Value::f32(dims)))
}

fn text(
    node: &Node<'_>,
    name: &'static str,
    default: &'static str,
    known: &[&str],
    expected: &'static str,
) -> Result<(), ShapeProblem> {
    if known.contains(&node.proto.text(name, default)) {
        Ok(())
    } else {
        Err(ShapeProblem::Attribute { name, expected })
    }
}

fn scaled(scales: &[f32], axes: &[usize], sides: [usize; 4]) -> Option<Vec<usize>> {
    if scales.len() != axes.len() {
        return None;
    }
    let length = |(&scale, &axis): (&f32, &usize)| {
        let length = (scale * sides[axis] as f32).floor();
        // Beyond this the product is not a size but an attack, and the budget's own message would overflow.
        (scale > 0.0 && length >= 1.0 && length <= limits::TENSOR_ELEMENTS as f32).then_some(length as usize)
    };
    scales.iter().zip(axes).map(length).collect()
}
