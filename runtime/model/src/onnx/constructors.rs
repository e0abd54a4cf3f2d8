//! Nodes, attributes, constants and declared tensors from what they hold.

use bytes::Bytes;

use super::messages::attribute_proto::AttributeType;
use super::messages::tensor_proto::DataType;
use super::messages::tensor_shape_proto::{Dimension, dimension};
use super::messages::{
    AttributeProto, NodeProto, TensorProto, TensorShapeProto, TypeProto, ValueInfoProto, type_proto,
};

impl NodeProto {
    /// A node of the standard domain.
    pub fn new(operator: &str, name: &str, inputs: Vec<String>, outputs: Vec<String>) -> Self {
        Self {
            op_type: Some(operator.into()),
            name: Some(name.into()),
            input: inputs,
            output: outputs,
            ..Self::default()
        }
    }

    /// The node with these attributes and no others.
    #[must_use]
    pub fn with(self, attributes: Vec<AttributeProto>) -> Self {
        Self { attribute: attributes, ..self }
    }
}

impl AttributeProto {
    /// An integer.
    pub fn int(name: &str, value: i64) -> Self {
        Self { i: Some(value), ..Self::of(name, AttributeType::Int) }
    }

    /// A list of integers.
    pub fn ints(name: &str, values: &[i64]) -> Self {
        Self { ints: values.to_vec(), ..Self::of(name, AttributeType::Ints) }
    }

    /// A number.
    pub fn float(name: &str, value: f32) -> Self {
        Self { f: Some(value), ..Self::of(name, AttributeType::Float) }
    }

    /// A word.
    pub fn text(name: &str, value: &str) -> Self {
        Self { s: Some(value.to_owned().into()), ..Self::of(name, AttributeType::String) }
    }

    fn of(name: &str, kind: AttributeType) -> Self {
        Self { name: Some(name.into()), r#type: Some(kind.into()), ..Self::default() }
    }
}

impl TensorProto {
    /// A constant: its elements one after the other, little-endian, the last dimension's nearest.
    pub fn of_bytes(name: &str, kind: DataType, dims: Vec<i64>, elements: impl Into<Bytes>) -> Self {
        Self {
            name: Some(name.into()),
            data_type: Some(kind.into()),
            dims,
            raw_data: Some(elements.into()),
            ..Self::default()
        }
    }

    /// A constant of 64-bit integers: a shape, axes, indices.
    pub fn of_integers(name: &str, dims: Vec<i64>, values: &[i64]) -> Self {
        Self::of_bytes(name, DataType::Int64, dims, little_endian(values, i64::to_le_bytes))
    }

    /// A constant of 32-bit floats.
    pub fn of_floats(name: &str, dims: Vec<i64>, values: &[f32]) -> Self {
        Self::of_bytes(name, DataType::Float, dims, little_endian(values, f32::to_le_bytes))
    }
}

fn little_endian<T: Copy, const WIDTH: usize>(values: &[T], bytes: impl Fn(T) -> [u8; WIDTH]) -> Bytes {
    let mut elements = Vec::with_capacity(values.len() * WIDTH);
    for &value in values {
        elements.extend_from_slice(&bytes(value));
    }
    elements.into()
}

impl ValueInfoProto {
    /// A declared tensor of 32-bit floats.
    pub fn of_floats(name: &str, dims: Vec<Dimension>) -> Self {
        let shape = Some(TensorShapeProto { dim: dims });
        let tensor = type_proto::Tensor { elem_type: Some(DataType::Float.into()), shape };
        let kind = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..TypeProto::default() };
        Self { name: Some(name.into()), r#type: Some(kind), ..Self::default() }
    }
}

impl Dimension {
    /// So many.
    pub fn known(side: i64) -> Self {
        Self { value: Some(dimension::Value::DimValue(side)), ..Self::default() }
    }

    /// Any number, the same wherever the name is the same.
    pub fn named(name: &str) -> Self {
        Self { value: Some(dimension::Value::DimParam(name.into())), ..Self::default() }
    }
}
