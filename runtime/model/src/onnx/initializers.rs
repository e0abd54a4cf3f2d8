//! Constants of a graph: their type, their dimensions and their bytes agree, or the file is refused.

use super::contract::GraphError;
use super::limits;
use super::messages::TensorProto;
use super::value::{Constant, Element, Points, Shape, Value};

/// Constants up to this many elements are shapes, axes, scales and bounds, whose content decides other shapes.
const SMALL: usize = 16;

/// Checks a tensor and keeps what shape inference needs.
pub(super) fn check(tensor: &TensorProto) -> Result<Value, GraphError> {
    let name = || tensor.name().to_owned();
    let Some(element) = Element::from_onnx(tensor.data_type()) else {
        return Err(GraphError::InitializerType { name: name(), found: tensor.data_type() });
    };
    let side = |&side: &i64| usize::try_from(side).ok().filter(|&side| side <= limits::TENSOR_ELEMENTS);
    let dims: Option<Vec<usize>> = tensor.dims.iter().map(side).collect();
    let dims = dims.ok_or_else(|| GraphError::InitializerShape { name: name(), dims: tensor.dims.clone() })?;
    let data = tensor.raw_data();
    let claimed = Shape(dims.clone()).elements().and_then(|elements| elements.checked_mul(element.size()));
    if claimed != Some(data.len()) {
        let shape = Shape(dims);
        return Err(GraphError::InitializerData { name: name(), shape, element, found: data.len() });
    }
    let mut value = Value::new(element, dims);
    match element {
        Element::I64 => value.points = points(data.as_chunks().0.iter().map(|&bytes| i64::from_le_bytes(bytes))),
        Element::I32 => {
            value.points = points(data.as_chunks().0.iter().map(|&bytes| i32::from_le_bytes(bytes).into()));
        }
        // To an engine in Rust a truth value of 2 is not a wrong value but undefined behaviour.
        Element::Bool if data.iter().any(|&byte| byte > 1) => return Err(GraphError::InitializerBool { name: name() }),
        _ => {}
    }
    if value.elements() <= SMALL {
        value.constant = match element {
            Element::I64 => {
                Some(Constant::Integers(data.as_chunks().0.iter().map(|&bytes| i64::from_le_bytes(bytes)).collect()))
            }
            Element::F32 => {
                Some(Constant::Floats(data.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()))
            }
            _ => None,
        };
    }
    Ok(value)
}

/// `None` when one of them is negative.
fn points(values: impl Iterator<Item = i64>) -> Option<Points> {
    let mut bound = 0;
    for value in values {
        bound = bound.max(usize::try_from(value).ok()?.checked_add(1)?);
    }
    Some(Points::all_below(bound))
}
