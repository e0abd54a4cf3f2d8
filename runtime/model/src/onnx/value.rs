//! What is known about a tensor before anything runs: element type, dimensions, small constants, where indices may point.

use std::fmt;

use super::messages::tensor_proto::DataType;

/// Type of a tensor's elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// 32-bit float.
    F32,
    /// 16-bit float: weights at rest, cast before use.
    F16,
    /// 64-bit integer.
    I64,
    /// 32-bit integer.
    I32,
    /// Truth value, one byte, 0 or 1.
    Bool,
    /// Byte.
    U8,
    /// Byte with a sign: weights of eight-bit products.
    I8,
}

impl Element {
    /// The element type of that number in the standard, if graphs may have it.
    pub fn from_onnx(data_type: i32) -> Option<Self> {
        match DataType::try_from(data_type).ok()? {
            DataType::Float => Some(Self::F32),
            DataType::Float16 => Some(Self::F16),
            DataType::Int64 => Some(Self::I64),
            DataType::Int32 => Some(Self::I32),
            DataType::Bool => Some(Self::Bool),
            DataType::Uint8 => Some(Self::U8),
            DataType::Int8 => Some(Self::I8),
            _ => None,
        }
    }

    /// Bytes.
    pub fn size(self) -> usize {
        match self {
            Self::I64 => 8,
            Self::F32 | Self::I32 => 4,
            Self::F16 => 2,
            Self::Bool | Self::U8 | Self::I8 => 1,
        }
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::I64 => "i64",
            Self::I32 => "i32",
            Self::Bool => "bool",
            Self::U8 => "u8",
            Self::I8 => "i8",
        })
    }
}

/// Dimensions, the outermost first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape(pub Vec<usize>);

impl Shape {
    /// Number of elements; `None` beyond what a number can hold.
    pub fn elements(&self) -> Option<usize> {
        self.0.iter().try_fold(1_usize, |product, &side| product.checked_mul(side))
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("a scalar");
        }
        for (index, side) in self.0.iter().enumerate() {
            write!(f, "{}{side}", if index == 0 { "" } else { "x" })?;
        }
        Ok(())
    }
}

/// A tensor before anything runs. Sizes that depend on data (how many tokens chose an expert) are upper bounds.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub(super) element: Element,
    pub(super) dims: Vec<usize>,
    pub(super) constant: Option<Constant>,
    pub(super) points: Option<Points>,
}

/// The content of a small initializer.
#[derive(Debug, Clone)]
pub(super) enum Constant {
    Integers(Vec<i64>),
    Floats(Vec<f32>),
}

/// Where the elements of an integer tensor may point: all are at least 0.
#[derive(Debug, Clone)]
pub(super) struct Points {
    /// The tensor's axis along which the bounds differ; of no meaning when there is one bound.
    pub(super) axis: usize,
    /// Exclusive upper bounds, one for every position on `axis`, or one for all.
    pub(super) below: Vec<usize>,
}

impl Points {
    pub(super) fn all_below(bound: usize) -> Self {
        Self { axis: 0, below: vec![bound] }
    }

    /// One bound for all.
    pub(super) fn widest(&self) -> usize {
        self.below.iter().copied().max().unwrap_or(0)
    }
}

impl Value {
    pub(super) fn new(element: Element, dims: Vec<usize>) -> Self {
        Self { element, dims, constant: None, points: None }
    }

    pub(super) fn f32(dims: Vec<usize>) -> Self {
        Self::new(Element::F32, dims)
    }

    /// The same elements in another shape or order: where they point is known for all of them at once.
    pub(super) fn reshaped(&self, dims: Vec<usize>) -> Self {
        let points = self.points.as_ref().map(|points| Points::all_below(points.widest()));
        Self { element: self.element, dims, constant: None, points }
    }

    pub(super) fn rank(&self) -> usize {
        self.dims.len()
    }

    pub(super) fn shape(&self) -> Shape {
        Shape(self.dims.clone())
    }

    /// Saturates; the budget has refused such a tensor before.
    pub(super) fn elements(&self) -> usize {
        self.dims.iter().fold(1, |product: usize, &side| product.saturating_mul(side))
    }

    pub(super) fn integers(&self) -> Option<&[i64]> {
        match &self.constant {
            Some(Constant::Integers(values)) => Some(values),
            _ => None,
        }
    }

    pub(super) fn floats(&self) -> Option<&[f32]> {
        match &self.constant {
            Some(Constant::Floats(values)) => Some(values),
            _ => None,
        }
    }
}
