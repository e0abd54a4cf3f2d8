//! Products of matrices, and reductions.

use super::ShapeProblem;
use super::node::{Inferred, Node, broadcast_dims};
use crate::onnx::value::{Element, Value};

/// `MatMul` of tensors with at least two dimensions; all but the last two are broadcast.
pub(super) fn product(node: &Node<'_>) -> Result<Inferred, ShapeProblem> {
    product_of(node.floats(0)?, node.floats(1)?, Element::F32)
}

/// `MatMulInteger` of bytes and bytes with or without a sign; what is subtracted from each (zero where it is left out) is one byte of its kind.
pub(super) fn integer_product(node: &Node<'_>) -> Result<Inferred, ShapeProblem> {
    let of = |index: usize, elements: &[Element], expected: &'static str| {
        let value = node.input(index)?;
        let wrong = ShapeProblem::Element { index, expected, found: value.element };
        if elements.contains(&value.element) { Ok(value) } else { Err(wrong) }
    };
    let (left, right) = (of(0, &[Element::U8], "u8")?, of(1, &[Element::U8, Element::I8], "u8 or i8")?);
    for (index, side, expected) in [(2, left, "u8"), (3, right, "what is subtracted from")] {
        if node.optional(index).is_some() && of(index, &[side.element], expected)?.elements() != 1 {
            return Err(ShapeProblem::Constant { index, expected: "one number" });
        }
    }
    product_of(left, right, Element::I32)
}

fn product_of(left: &Value, right: &Value, element: Element) -> Result<Inferred, ShapeProblem> {
    let ([left_batch @ .., rows, inner], [right_batch @ .., right_inner, columns]) =
        (left.dims.as_slice(), right.dims.as_slice())
    else {
        let (index, found) = if left.rank() < 2 { (0, left.shape()) } else { (1, right.shape()) };
        return Err(ShapeProblem::Rank { index, expected: "two dimensions or more", found });
    };
    let unfit = |rule| ShapeProblem::Unequal { rule, left: left.shape(), right: right.shape() };
    if inner != right_inner {
        return Err(unfit("columns of the first are rows of the second"));
    }
    let mut dims =
        broadcast_dims(left_batch, right_batch).ok_or_else(|| unfit("all but the last two are equal or one"))?;
    dims.extend([rows, columns]);
    let value = Value::new(element, dims);
    let work = [value.elements(), *inner];
    Ok(Inferred::new(value).with_work(&work))
}

pub(super) fn gemm(node: &Node<'_>) -> Result<Inferred, ShapeProblem> {
    let matrix = |index: usize, flag| match (node.floats(index)?.dims.as_slice(), node.flag(flag, 0)?) {
        (&[rows, columns], false) | (&[columns, rows], true) => Ok([rows, columns]),
        _ => Err(ShapeProblem::Rank { index, expected: "two dimensions", found: node.floats(index)?.shape() }),
    };
    let ([rows, inner], [right_inner, columns]) = (matrix(0, "transA")?, matrix(1, "transB")?);
    let value = Value::f32(vec![rows, columns]);
    let unfit = |rule, right: &Value| ShapeProblem::Unequal { rule, left: value.shape(), right: right.shape() };
    if inner != right_inner {
        return Err(unfit("columns of the first are rows of the second", node.floats(1)?));
    }
    if node.inputs.len() > 2 {
        let bias = node.floats(2)?;
        if broadcast_dims(&value.dims, &bias.dims).as_ref() != Some(&value.dims) {
            return Err(unfit("the bias is repeated to the product's shape", bias));
        }
    }
    Ok(Inferred::new(value).with_work(&[rows, columns, inner]))
}

/// `ReduceSum`, `ReduceMean`, `ReduceMax`: over constant axes, or over everything without them.
pub(super) fn reduce(node: &Node<'_>) -> Result<Inferred, ShapeProblem> {
    let input = node.floats(0)?;
    node.require_zero("noop_with_empty_axes")?;
    let keep = node.flag("keepdims", 1)?;
    let axes = if node.inputs.len() > 1 { node.axes(1, input.rank())? } else { (0..input.rank()).collect() };
    if axes.is_empty() && input.rank() > 0 {
        return Err(ShapeProblem::Constant { index: 1, expected: "at least one dimension" });
    }
    // A mean of nothing is no number, and an engine that computes it ahead of time divides by 0.
    if axes.iter().any(|&axis| input.dims[axis] == 0) {
        return Err(ShapeProblem::Rank { index: 0, expected: "something to reduce", found: input.shape() });
    }
    let sides = input.dims.iter().enumerate().filter_map(|(axis, &side)| match axes.contains(&axis) {
        true => keep.then_some(1),
        false => Some(side),
    });
    Ok(Inferred::new(Value::f32(sides.collect())))
}
