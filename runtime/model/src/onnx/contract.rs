//! What the graph of a model file looks like: names, order, constants, one picture in, four results out.
//!
//! | value | shape | meaning |
//! | --- | --- | --- |
//! | `image` (input) | N x 3 x H x W | normalised pixels; H and W are the manifest's |
//! | `anomaly_map` | N x 1 x H x W | distance per pixel |
//! | `pred_score` | N | one number per picture |
//! | `anomaly_grid` | N x 1 x h x w | distance per token |
//! | `embedding` | N x C | mean of the features |
//!
//! All are 32-bit floats. N is a name (any batch) or a number; further outputs are allowed.

use std::collections::{HashMap, HashSet};

use super::messages::tensor_shape_proto::Dimension;
use super::messages::tensor_shape_proto::dimension::Value as Declared;
use super::messages::{GraphProto, NodeProto, ValueInfoProto, type_proto};
use super::shapes::{self, ShapeError};
use super::value::{Element, Shape, Value};
use super::{initializers, limits, operators};
use crate::manifest::Manifest;

/// Name of the input.
pub const IMAGE: &str = "image";
/// Name of the output with a distance per pixel.
pub const ANOMALY_MAP: &str = "anomaly_map";
/// Name of the output with a score per picture.
pub const PRED_SCORE: &str = "pred_score";
/// Name of the output with a distance per token.
pub const ANOMALY_GRID: &str = "anomaly_grid";
/// Name of the output with the mean feature.
pub const EMBEDDING: &str = "embedding";

/// Why a graph is not one of ours.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields are named as in the message: node, value, what was expected, what was found")]
pub enum GraphError {
    /// Outside the allow-list.
    #[error("node {node}: operator {operator} of domain {domain:?} is not one that model files have")]
    Operator { node: String, operator: String, domain: String },
    /// Too few or too many inputs or outputs.
    #[error("node {node}: expected {least} to {most} {what}, found {found}")]
    Arity { node: String, what: &'static str, least: usize, most: usize, found: usize },
    /// An attribute that the operator does not have, twice, or of another type.
    #[error("node {node}: attribute {attribute} {reason}")]
    Attribute { node: String, attribute: String, reason: &'static str },
    /// A node or a value without a name.
    #[error("{what} {index} has no name")]
    NoName { what: &'static str, index: usize },
    /// Two nodes or two values of the same name.
    #[error("{what} {name} is there twice")]
    Duplicate { what: &'static str, name: String },
    /// A node reads what no earlier node writes.
    #[error("node {node}: input {value} is not defined before it")]
    Undefined { node: String, value: String },
    /// More values than any honest graph.
    #[error("more than {limit} values")]
    TooManyValues { limit: usize },
    /// A constant of an element type that graphs do not have.
    #[error("initializer {name}: element type {found} is not one of f32, f16, i64, i32, bool, u8, i8")]
    InitializerType { name: String, found: i32 },
    /// A negative or huge dimension.
    #[error("initializer {name}: dimensions {dims:?} are not between 0 and {}", limits::TENSOR_ELEMENTS)]
    InitializerShape { name: String, dims: Vec<i64> },
    /// Dimensions and bytes disagree.
    #[error("initializer {name}: {shape} of {element} does not take {found} bytes")]
    InitializerData { name: String, shape: Shape, element: Element, found: usize },
    /// A truth value that is neither 0 nor 1.
    #[error("initializer {name}: a truth value is neither 0 nor 1")]
    InitializerBool { name: String },
    /// Not one input, or not the right one.
    #[error("input: expected {expected}, found {found}")]
    Input { expected: String, found: String },
    /// A result that the graph does not have.
    #[error("output {name} is missing")]
    MissingOutput { name: &'static str },
    /// A result whose declaration, computation and manifest do not agree.
    #[error("output {name}: expected {expected}, found {found}")]
    Output { name: String, expected: String, found: String },
    /// Shapes that do not fit, or ask for too much.
    #[error(transparent)]
    Shape(#[from] ShapeError),
}

/// The first dimension of input and outputs.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Batch {
    /// Any number, by this name.
    Any(String),
    /// So many pictures.
    Fixed(usize),
}

/// What engines ask about a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traits {
    /// The name of the dimension that is the number of pictures; `None` where that number is fixed.
    pub batch: Option<String>,
    /// Whether the sides of some tensor depend on the numbers in another, as those of a gathering per expert do.
    pub has_data_dependent_shapes: bool,
    /// Numbers of an embedding: C.
    pub features: usize,
}

/// Checks a graph against this module's head and the manifest. Linear in the file's size; takes memory for names and
/// shapes only.
pub(super) fn check(graph: &GraphProto, manifest: &Manifest) -> Result<Traits, GraphError> {
    let batch = check_input(graph, manifest)?;
    let initializers = check_names(graph)?;
    // What holds for one picture and for two holds for any number: a graph that says "any" must mean it.
    let batches = match &batch {
        Batch::Any(_) => vec![1, 2],
        Batch::Fixed(count) => vec![*count],
    };
    let mut features = 0;
    for count in batches {
        let image = Value::f32(vec![count, 3, manifest.input.height, manifest.input.width]);
        let outputs = shapes::infer(graph, &initializers, image, count)?;
        check_outputs(graph, manifest, &batch, count, &outputs)?;
        features = outputs.get(EMBEDDING).and_then(|value| value.dims.get(1)).copied().unwrap_or(0);
    }
    // The one operator of the list in `operators` whose output's size is not known from its input's.
    let has_data_dependent_shapes = graph.node.iter().any(|node| node.op_type() == "NonZero");
    let batch = match batch {
        Batch::Any(name) => Some(name),
        Batch::Fixed(_) => None,
    };
    Ok(Traits { batch, has_data_dependent_shapes, features })
}

/// Nodes and values have names, every name is there once, and is defined before it is used.
fn check_names(graph: &GraphProto) -> Result<HashMap<&str, Value>, GraphError> {
    let mut initializers = HashMap::new();
    let mut defined = HashSet::from([IMAGE]);
    let mut define = |name, what, index| match name {
        "" => Err(GraphError::NoName { what, index }),
        _ if !defined.insert(name) => Err(GraphError::Duplicate { what: "value", name: name.to_owned() }),
        _ if defined.len() > limits::VALUES => Err(GraphError::TooManyValues { limit: limits::VALUES }),
        _ => Ok(()),
    };
    for (index, tensor) in graph.initializer.iter().enumerate() {
        define(tensor.name(), "initializer", index)?;
        initializers.insert(tensor.name(), initializers::check(tensor)?);
    }
    let mut nodes = HashSet::new();
    for (index, node) in graph.node.iter().enumerate() {
        if node.name().is_empty() {
            return Err(GraphError::NoName { what: "node", index });
        }
        if !nodes.insert(node.name()) {
            return Err(GraphError::Duplicate { what: "node", name: node.name().into() });
        }
        operators::check(node)?;
        for output in &node.output {
            define(output, "an output of node", index)?;
        }
    }
    check_order(graph, &initializers)?;
    Ok(initializers)
}

fn check_order(graph: &GraphProto, initializers: &HashMap<&str, Value>) -> Result<(), GraphError> {
    let mut written = HashSet::from([IMAGE]);
    let missing =
        |node: &NodeProto, value: &str| GraphError::Undefined { node: node.name().into(), value: value.into() };
    for node in &graph.node {
        // An empty name is an optional input that is left out; shape inference knows which ones are optional.
        for input in node.input.iter().filter(|input| !input.is_empty()) {
            if !written.contains(input.as_str()) && !initializers.contains_key(input.as_str()) {
                return Err(missing(node, input));
            }
        }
        written.extend(node.output.iter().map(String::as_str));
    }
    Ok(())
}

fn check_input(graph: &GraphProto, manifest: &Manifest) -> Result<Batch, GraphError> {
    let (height, width) = (manifest.input.height, manifest.input.width);
    let expected = || format!("{IMAGE}, N x 3 x {height} x {width} of f32");
    let [input] = graph.input.as_slice() else {
        return Err(GraphError::Input { expected: expected(), found: format!("{} inputs", graph.input.len()) });
    };
    let wrong = || GraphError::Input { expected: expected(), found: describe(input) };
    let (Some((Element::F32, [batch, rest @ ..])), IMAGE) = (declaration(input), input.name()) else {
        return Err(wrong());
    };
    let sides = rest.iter().map(fixed);
    if !sides.eq([Some(3), Some(height), Some(width)]) {
        return Err(wrong());
    }
    match batch_of(batch) {
        Some(Batch::Fixed(count)) if count > limits::BATCH => Err(wrong()),
        batch => batch.ok_or_else(wrong),
    }
}

fn check_outputs(
    graph: &GraphProto,
    manifest: &Manifest,
    batch: &Batch,
    count: usize,
    values: &HashMap<&str, Value>,
) -> Result<(), GraphError> {
    let mut seen = HashSet::new();
    for output in &graph.output {
        let name = output.name();
        if !seen.insert(name) {
            return Err(GraphError::Duplicate { what: "output", name: name.into() });
        }
        let wrong = |expected: String, found| GraphError::Output { name: name.into(), expected, found };
        let Some(value) = values.get(name) else {
            return Err(wrong("a value that a node computes".into(), "none".into()));
        };
        let computed = format!("{} of {}", value.shape(), value.element);
        let Some((element, dims)) = declaration(output) else {
            return Err(wrong(computed, describe(output)));
        };
        let agrees = |(declared, &computed): (&Dimension, &usize)| match (batch_of(declared), batch) {
            (Some(Batch::Fixed(declared)), _) => declared == computed,
            (Some(Batch::Any(name)), Batch::Any(batch)) => name == *batch && computed == count,
            _ => false,
        };
        // A number of pictures in an output of a graph for any number would be right for one count only; two are tried.
        let same = dims.len() == value.rank() && dims.iter().zip(&value.dims).all(agrees);
        if element != value.element || !same {
            return Err(wrong(computed, describe(output)));
        }
    }
    for (name, expected) in results(manifest, count) {
        let value = values.get(name).filter(|_| seen.contains(name)).ok_or(GraphError::MissingOutput { name })?;
        let fits = expected.len() == value.rank()
            && expected.iter().zip(&value.dims).all(|(expected, &found)| expected.is_none_or(|side| side == found));
        if value.element != Element::F32 || !fits {
            let side = |side: &Option<usize>| side.map_or("any".into(), |side| side.to_string());
            let expected = expected.iter().map(side).collect::<Vec<_>>().join("x") + " of f32";
            let found = format!("{} of {}", value.shape(), value.element);
            return Err(GraphError::Output { name: name.into(), expected, found });
        }
        let cells = (name == ANOMALY_GRID).then(|| value.elements() / count.max(1));
        if let (Some(cells), Some(test)) = (cells, &manifest.self_test)
            && test.anomaly_grid.len() != cells
        {
            let expected = format!("{} cells, as the manifest's self-test has", test.anomaly_grid.len());
            return Err(GraphError::Output { name: name.into(), expected, found: format!("{cells} cells") });
        }
    }
    Ok(())
}

/// The four results; `None` is a side that only the graph knows.
fn results(manifest: &Manifest, count: usize) -> [(&'static str, Vec<Option<usize>>); 4] {
    let (count, one) = (Some(count), Some(1));
    [
        (ANOMALY_MAP, vec![count, one, Some(manifest.input.height), Some(manifest.input.width)]),
        (PRED_SCORE, vec![count]),
        (ANOMALY_GRID, vec![count, one, None, None]),
        (EMBEDDING, vec![count, None]),
    ]
}

/// Element type and dimensions as declared; `None` when there is no tensor type or no shape.
fn declaration(info: &ValueInfoProto) -> Option<(Element, &[Dimension])> {
    let type_proto::Value::TensorType(tensor) = info.r#type.as_ref()?.value.as_ref()?;
    Some((Element::from_onnx(tensor.elem_type())?, tensor.shape.as_ref()?.dim.as_slice()))
}

fn fixed(side: &Dimension) -> Option<usize> {
    match side.value {
        Some(Declared::DimValue(side)) => usize::try_from(side).ok(),
        _ => None,
    }
}

fn batch_of(side: &Dimension) -> Option<Batch> {
    match &side.value {
        Some(Declared::DimParam(name)) if !name.is_empty() => Some(Batch::Any(name.clone())),
        Some(Declared::DimValue(_)) => fixed(side).filter(|side| *side >= 1).map(Batch::Fixed),
        _ => None,
    }
}

fn describe(info: &ValueInfoProto) -> String {
    let side = |side: &Dimension| match &side.value {
        Some(Declared::DimParam(name)) => name.clone(),
        Some(Declared::DimValue(side)) => side.to_string(),
        None => "?".into(),
    };
    let shape = declaration(info).map_or("no tensor type".into(), |(element, dims)| {
        format!("{} of {element}", dims.iter().map(side).collect::<Vec<_>>().join(" x "))
    });
    format!("{}, {shape}", info.name())
}
