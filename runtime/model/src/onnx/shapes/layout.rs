//! The same elements elsewhere: concatenation, reshaping, transposition, slices.

use super::ShapeProblem;
use super::node::{Inferred, Node};
use crate::onnx::limits;
use crate::onnx::value::{Points, Shape, Value};

pub(super) fn concat(node: &Node<'_>) -> Result<Inferred, ShapeProblem> {
    let first = node.floats(0)?;
    if node.proto.attribute_named("axis").is_none() {
        return Err(ShapeProblem::Attribute { name: "axis", expected: "a dimension" });
    }
    let axis = node.axis(0, first.rank())?;
    let mut dims = first.dims.clone();
    for index in 1..node.inputs.len() {
        let next = node.floats(index)?;
        let same =
            next.rank() == dims.len() && (0..dims.len()).all(|side| side == axis || next.dims[side] == dims[side]);
        if !same {
            let rule = "all dimensions but one are equal";
            return Err(ShapeProblem::Unequal { rule, left: first.shape(), right: next.shape() });
        }
        dims[axis] = dims[axis].saturating_add(next.dims[axis]);
    }
    Ok(Inferred::new(Value::f32(dims)))
}

/// The constant shape may have zeros, which keep a side, and one -1, which takes what is left.
pub(super) fn reshape(node: &Node<'_>) -> Result<Inferred, ShapeProblem> {
    let input = node.input(0)?;
    node.require_zero("allowzero")?;
    let wrong = |expected| ShapeProblem::Constant { index: 1, expected };
    let wanted = node.integers(1)?;
    if wanted.len() > limits::RANK {
        return Err(wrong("at most eight sides"));
    }
    let mut rest = None;
    let mut dims = Vec::with_capacity(wanted.len());
    for (position, &side) in wanted.iter().enumerate() {
        dims.push(match side {
            0 => *input.dims.get(position).ok_or(wrong("zeros where the input has a side"))?,
            -1 if rest.is_none() => {
                rest = Some(position);
                1
            }
            side => usize::try_from(side).map_err(|_| wrong("sides, zeros and one -1"))?,
        });
    }
    let known = Shape(dims.clone()).elements();
    let unfit = |dims| ShapeProblem::Unequal { rule: "as many elements", left: input.shape(), right: Shape(dims) };
    match (rest, known) {
        (Some(position), Some(known)) if known > 0 && input.elements().is_multiple_of(known) => {
            dims[position] = input.elements() / known;
        }
        (None, Some(known)) if known == input.elements() => {}
        _ => return Err(unfit(dims)),
    }
    Ok(Inferred::new(input.reshaped(dims)))
}

pub(super) fn transpose(node: &Node<'_>) -> Result<Inferred, ShapeProblem> {
    let input = node.input(0)?;
    let rank = input.rank();
    let order: Option<Vec<usize>> = match node.proto.ints("perm") {
        None => Some((0..rank).rev().collect()),
        Some(order) => order.iter().map(|&axis| usize::try_from(axis).ok().filter(|&axis| axis < rank)).collect(),
    };
    let order = order.filter(|order| order.len() == rank && (0..rank).all(|axis| order.contains(&axis)));
    let order = order.ok_or(ShapeProblem::Attribute { name: "perm", expected: "every dimension once" })?;
    let mut value = input.reshaped(order.iter().map(|&axis| input.dims[axis]).collect());
    if let Some(points) = &input.points
        && points.below.len() > 1
    {
        let axis = order.iter().position(|&axis| axis == points.axis).unwrap_or(0);
        value.points = Some(Points { axis, below: points.below.clone() });
    }
    Ok(Inferred::new(value))
}

/// One that leaves out all of any side but its first number.
const LONGEST_STEP: i64 = limits::TENSOR_ELEMENTS as i64;

/// Constant starts, ends, axes and steps; steps forward only.
pub(super) fn slice(node: &Node<'_>) -> Result<Inferred, ShapeProblem> {
    let input = node.input(0)?;
    let (starts, ends) = (node.integers(1)?, node.integers(2)?);
    let axes = if node.optional(3).is_some() { node.axes(3, input.rank())? } else { (0..input.rank()).collect() };
    let ones = vec![1; starts.len()];
    let steps = if node.optional(4).is_some() { node.integers(4)? } else { ones.as_slice() };
    if [ends.len(), axes.len(), steps.len()] != [starts.len(); 3] {
        return Err(ShapeProblem::Constant { index: 2, expected: "as many numbers as there are starts" });
    }
    let mut dims = input.dims.clone();
    for (position, &axis) in axes.iter().enumerate() {
        let side = i64::try_from(dims[axis]).unwrap_or(i64::MAX);
        let bound = |value: i64| if value < 0 { value.saturating_add(side) } else { value }.clamp(0, side);
        let (start, end, step) = (bound(starts[position]), bound(ends[position]), steps[position]);
        // An engine that keeps steps in fewer bits would take other ones than were counted here.
        if !(1..=LONGEST_STEP).contains(&step) {
            return Err(ShapeProblem::Constant { index: 4, expected: "steps forward, no longer than a tensor" });
        }
        let taken = (end - start).max(0);
        dims[axis] = usize::try_from(taken / step + i64::from(taken % step != 0)).unwrap_or(usize::MAX);
    }
    Ok(Inferred::new(input.reshaped(dims)))
}

/// Into constant sizes, or into equal parts of which the last may be smaller.
pub(super) fn split(node: &Node<'_>) -> Result<Inferred, ShapeProblem> {
    let input = node.input(0)?;
    let axis = node.axis(0, input.rank())?;
    let (side, parts) = (input.dims[axis], node.proto.output.len());
    let unfit = || ShapeProblem::Constant { index: 1, expected: "sizes that add up to the side, one per output" };
    let sizes: Vec<usize> = if node.optional(1).is_some() {
        let sizes: Option<Vec<usize>> = node.integers(1)?.iter().map(|&size| usize::try_from(size).ok()).collect();
        sizes.ok_or_else(unfit)?
    } else {
        if usize::try_from(node.proto.int("num_outputs", 0)) != Ok(parts) {
            return Err(ShapeProblem::Attribute { name: "num_outputs", expected: "the number of outputs" });
        }
        let part = side.div_ceil(parts);
        (0..parts).map(|index| side.saturating_sub(part * index).min(part)).collect()
    };
    if sizes.len() != parts || sizes.iter().try_fold(0_usize, |sum, &size| sum.checked_add(size)) != Some(side) {
        return Err(unfit());
    }
    let part = |size| {
        let mut dims = input.dims.clone();
        dims[axis] = size;
        input.reshaped(dims)
    };
    Ok(Inferred { values: sizes.into_iter().map(part).collect(), work: 0 })
}

pub(super) fn squeeze(node: &Node<'_>) -> Result<Inferred, ShapeProblem> {
    let input = node.input(0)?;
    let axes = node.axes(1, input.rank())?;
    if axes.iter().any(|&axis| input.dims[axis] != 1) {
        return Err(ShapeProblem::Constant { index: 1, expected: "dimensions with a side of one" });
    }
    let kept = input.dims.iter().enumerate().filter(|(axis, _)| !axes.contains(axis)).map(|(_, &side)| side);
    Ok(Inferred::new(input.reshaped(kept.collect())))
}

pub(super) fn unsqueeze(node: &Node<'_>) -> Result<Inferred, ShapeProblem> {
    let input = node.input(0)?;
    let rank = input.rank() + node.integers(1)?.len();
    if rank > limits::RANK {
        return Err(ShapeProblem::Rank { index: 0, expected: "at most eight dimensions", found: input.shape() });
    }
    let axes = node.axes(1, rank)?;
    let mut sides = input.dims.iter().copied();
    let dims = (0..rank).map(|axis| if axes.contains(&axis) { 1 } else { sides.next().unwrap_or(1) });
    Ok(Inferred::new(input.reshaped(dims.collect())))
}
