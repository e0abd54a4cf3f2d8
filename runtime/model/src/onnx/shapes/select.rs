//! Choice of elements: the largest ones, those that are true, those at given places.
//!
//! Indices carry where they may point ([`Points`]), from the constant or the selection that made them to the tensor that
//! they select from. The sparse mixture of experts is `Equal` → `NonZero` → `Transpose` → `Gather` → `GatherND`.

use super::ShapeProblem;
use super::node::{Inferred, Node};
use crate::onnx::limits;
use crate::onnx::value::{Element, Points, Shape, Value};

/// Values, and indices below the side that was searched.
pub(super) fn top_k(node: &Node<'_>) -> Result<Inferred, ShapeProblem> {
    let input = node.floats(0)?;
    let axis = node.axis(-1, input.rank())?;
    node.flag("largest", 1)?;
    node.flag("sorted", 1)?;
    let side = input.dims[axis];
    let count = match node.integers(1)? {
        &[count] => usize::try_from(count).ok().filter(|count| (1..=side).contains(count)),
        _ => None,
    };
    let mut dims = input.dims.clone();
    dims[axis] = count.ok_or(ShapeProblem::Constant { index: 1, expected: "one number, from 1 to the side" })?;
    let mut places = Value::new(Element::I64, dims.clone());
    places.points = Some(Points::all_below(side));
    Ok(Inferred { values: vec![Value::f32(dims), places], work: 0 })
}

/// Rank x M: the places of the true ones, one per column. M is at most the number of elements.
pub(super) fn non_zero(node: &Node<'_>) -> Result<Inferred, ShapeProblem> {
    let input = node.input(0)?;
    if input.element != Element::Bool || input.rank() == 0 {
        return Err(ShapeProblem::Element { index: 0, expected: "bool", found: input.element });
    }
    let mut places = Value::new(Element::I64, vec![input.rank(), input.elements()]);
    places.points = Some(Points { axis: 0, below: input.dims.clone() });
    Ok(Inferred::new(places))
}

fn indices<'a>(node: &'a Node<'_>, index: usize) -> Result<&'a Value, ShapeProblem> {
    let value = node.input(index)?;
    if matches!(value.element, Element::I64 | Element::I32) {
        return Ok(value);
    }
    Err(ShapeProblem::Element { index, expected: "i64 or i32", found: value.element })
}

/// Slices of the input along one axis.
pub(super) fn gather(node: &Node<'_>) -> Result<Inferred, ShapeProblem> {
    let (input, places) = (node.input(0)?, indices(node, 1)?);
    let axis = node.axis(0, input.rank())?;
    let inside = places.points.as_ref().is_some_and(|points| points.widest() <= input.dims[axis]);
    if !inside {
        return Err(ShapeProblem::Outside { index: 1, target: Shape(vec![input.dims[axis]]) });
    }
    let dims = [&input.dims[..axis], &places.dims, &input.dims[axis + 1..]].concat();
    if dims.len() > limits::RANK {
        return Err(ShapeProblem::Rank { index: 1, expected: "at most eight dimensions together", found: Shape(dims) });
    }
    let mut value = input.reshaped(dims);
    // One coordinate of each place: its own bound, not the widest of all coordinates.
    if let (Some(points), Some([column])) = (&input.points, places.integers())
        && points.below.len() > 1
        && points.axis == axis
        && let Some(&below) = usize::try_from(*column).ok().and_then(|column| points.below.get(column))
    {
        value.points = Some(Points::all_below(below));
    }
    Ok(Inferred::new(value))
}

/// Slices at places that the last dimension of `places` spells out.
fn slices(input: &Value, places: &Value) -> Result<Vec<usize>, ShapeProblem> {
    let unfit = || ShapeProblem::Unequal {
        rule: "the last side of the places is a number of dimensions",
        left: input.shape(),
        right: places.shape(),
    };
    let (&depth, outer) = places.dims.split_last().ok_or_else(unfit)?;
    if depth == 0 || depth > input.rank() {
        return Err(unfit());
    }
    let (selected, kept) = input.dims.split_at(depth);
    let inside = places.points.as_ref().is_some_and(|points| match points.below.as_slice() {
        [below] => selected.iter().all(|side| below <= side),
        below => {
            points.axis + 1 == places.rank() && below.len() == depth && below.iter().zip(selected).all(|(b, s)| b <= s)
        }
    });
    if !inside {
        return Err(ShapeProblem::Outside { index: 1, target: Shape(selected.to_vec()) });
    }
    let dims = [outer, kept].concat();
    if dims.len() > limits::RANK {
        return Err(ShapeProblem::Rank { index: 1, expected: "at most eight dimensions together", found: Shape(dims) });
    }
    Ok(dims)
}

pub(super) fn gather_nd(node: &Node<'_>) -> Result<Inferred, ShapeProblem> {
    node.require_zero("batch_dims")?;
    let input = node.input(0)?;
    Ok(Inferred::new(input.reshaped(slices(input, indices(node, 1)?)?)))
}

/// The input with updates put, or added, at places.
pub(super) fn scatter_nd(node: &Node<'_>) -> Result<Inferred, ShapeProblem> {
    let (input, updates) = (node.floats(0)?, node.floats(2)?);
    if !["none", "add"].contains(&node.proto.text("reduction", "none")) {
        return Err(ShapeProblem::Attribute { name: "reduction", expected: "none or add" });
    }
    let expected = slices(input, indices(node, 1)?)?;
    if updates.dims != expected {
        let rule = "updates have the shape of what the places select";
        return Err(ShapeProblem::Unequal { rule, left: Shape(expected), right: updates.shape() });
    }
    Ok(Inferred::new(Value::f32(input.dims.clone())))
}
