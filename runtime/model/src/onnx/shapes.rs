//! Shapes of everything that a graph computes, found before an engine runs it.
//!
//! A few hundred bytes can ask for terabytes: a column times a row, a padding of a million, a chain of enlargements. Here
//! every node's output gets its shape from its inputs' shapes, and a budget refuses what no honest graph needs. Sizes
//! that depend on data (`NonZero`) are taken at their upper bound. Indices must provably point into the tensor that they
//! select from, whatever the picture: an engine that meets one outside may stop the whole program.

use std::collections::HashMap;

use super::contract::IMAGE;
use super::limits;
use super::messages::GraphProto;
use super::value::{Element, Shape, Value};

mod elementwise;
mod layout;
mod matrix;
mod node;
mod select;
mod spatial;

use node::{Inferred, Node};

/// A node whose shapes do not fit or ask for too much.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("node {node} ({operator}): {problem}")]
pub struct ShapeError {
    /// The node's name.
    pub node: String,
    /// Its operator.
    pub operator: String,
    /// What is wrong.
    pub problem: ShapeProblem,
}

/// What is wrong with a node.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields are named as in the message")]
pub enum ShapeProblem {
    /// An optional input that is not optional here.
    #[error("input {index} is missing")]
    Missing { index: usize },
    /// An input of another element type.
    #[error("input {index}: expected elements of {expected}, found {found}")]
    Element { index: usize, expected: &'static str, found: Element },
    /// An input of another number of dimensions.
    #[error("input {index}: expected {expected}, found {found}")]
    Rank { index: usize, expected: &'static str, found: Shape },
    /// Two shapes that must fit.
    #[error("{left} and {right} do not fit: {rule}")]
    Unequal { rule: &'static str, left: Shape, right: Shape },
    /// An input whose content must be in the file, small, and sane.
    #[error("input {index}: expected a constant with {expected}")]
    Constant { index: usize, expected: &'static str },
    /// An attribute outside its range.
    #[error("attribute {name}: expected {expected}")]
    Attribute { name: &'static str, expected: &'static str },
    /// Indices that may point outside.
    #[error("input {index} may point outside of {target}")]
    Outside { index: usize, target: Shape },
    /// More outputs than the operator computes here.
    #[error("expected {expected} outputs, found {found}")]
    Outputs { expected: usize, found: usize },
    /// A tensor beyond [`limits::TENSOR_ELEMENTS`].
    #[error("an output of {shape} elements, expected at most {limit}")]
    TooLarge { shape: Shape, limit: usize },
    /// Tensors beyond [`limits::LIVE_ELEMENTS`].
    #[error("more than {limit} elements are alive at once")]
    TooMuchAlive { limit: usize },
    /// Arithmetic beyond [`limits::WORK`].
    #[error("more than {limit} multiply-accumulates up to here")]
    TooMuchWork { limit: u64 },
}

/// The shapes of the graph's outputs, by name. `image` is the input's shape with `batch` pictures; limits grow with them.
pub(super) fn infer<'g>(
    graph: &'g GraphProto,
    initializers: &HashMap<&'g str, Value>,
    image: Value,
    batch: usize,
) -> Result<HashMap<&'g str, Value>, ShapeError> {
    let last_use = last_uses(graph);
    let mut budget = Budget::new(batch);
    let problem = |problem| ShapeError { node: IMAGE.into(), operator: "input".into(), problem };
    budget.allocate(&image).map_err(problem)?;
    let mut alive = HashMap::from([(IMAGE, image)]);
    for (index, proto) in graph.node.iter().enumerate() {
        let wrong = |problem| ShapeError { node: proto.name().into(), operator: proto.op_type().into(), problem };
        let value = |name: &String| alive.get(name.as_str()).or_else(|| initializers.get(name.as_str()));
        let node = Node { proto, inputs: proto.input.iter().map(value).collect() };
        let Inferred { values, work } = infer_node(&node).map_err(wrong)?;
        if values.len() != proto.output.len() {
            let (expected, found) = (values.len(), proto.output.len());
            return Err(wrong(ShapeProblem::Outputs { expected, found }));
        }
        let touched = node.inputs.iter().copied().flatten().chain(&values).map(|value| value.elements() as u64);
        let touched = touched.fold(0, u64::saturating_add);
        budget.work(work.max(touched)).map_err(wrong)?;
        for (name, value) in proto.output.iter().zip(values) {
            budget.allocate(&value).map_err(wrong)?;
            alive.insert(name, value);
        }
        for name in proto.input.iter().chain(&proto.output) {
            if last_use.get(name.as_str()).is_none_or(|&last| last == index)
                && let Some(value) = alive.remove(name.as_str())
            {
                budget.release(&value);
            }
        }
    }
    Ok(alive)
}

/// The last node that reads a value; outputs of the graph live for ever.
fn last_uses(graph: &GraphProto) -> HashMap<&str, usize> {
    let mut last = HashMap::new();
    for (index, node) in graph.node.iter().enumerate() {
        last.extend(node.input.iter().map(|name| (name.as_str(), index)));
    }
    last.extend(graph.output.iter().map(|output| (output.name(), usize::MAX)));
    last
}

fn infer_node(node: &Node<'_>) -> Result<Inferred, ShapeProblem> {
    match node.proto.op_type() {
        "Add" | "Sub" | "Mul" | "Div" => elementwise::arithmetic(node),
        "Abs" | "Sigmoid" | "Relu" | "Round" | "Sqrt" | "Erf" => elementwise::function(node),
        "Identity" => elementwise::identity(node),
        "Cast" => elementwise::cast(node),
        "Clip" => elementwise::clip(node),
        "Equal" => elementwise::equal(node),
        "Where" => elementwise::choose(node),
        "Softmax" => elementwise::softmax(node),
        "LayerNormalization" => elementwise::layer_normalization(node),
        "Conv" => spatial::convolution(node),
        "MaxPool" | "AveragePool" => spatial::pool(node),
        "GlobalAveragePool" => spatial::global_pool(node),
        "Resize" => spatial::resize(node),
        "MatMul" => matrix::product(node),
        "MatMulInteger" => matrix::integer_product(node),
        "Gemm" => matrix::gemm(node),
        "ReduceSum" | "ReduceMean" | "ReduceMax" => matrix::reduce(node),
        "Concat" => layout::concat(node),
        "Reshape" => layout::reshape(node),
        "Transpose" => layout::transpose(node),
        "Slice" => layout::slice(node),
        "Split" => layout::split(node),
        "Squeeze" => layout::squeeze(node),
        "Unsqueeze" => layout::unsqueeze(node),
        "TopK" => select::top_k(node),
        "NonZero" => select::non_zero(node),
        "Gather" => select::gather(node),
        "GatherND" => select::gather_nd(node),
        "ScatterND" => select::scatter_nd(node),
        // The allow-list has been there before; a test keeps both in step.
        _ => Err(ShapeProblem::Outputs { expected: 0, found: node.proto.output.len() }),
    }
}

/// What is left of memory and arithmetic.
struct Budget {
    pictures: usize,
    alive: usize,
    work: u64,
}

impl Budget {
    fn new(pictures: usize) -> Self {
        Self { pictures: pictures.max(1), alive: 0, work: 0 }
    }

    fn allocate(&mut self, value: &Value) -> Result<(), ShapeProblem> {
        let limit = limits::TENSOR_ELEMENTS * self.pictures;
        let elements = value.shape().elements();
        // A tensor with a side of zero has no elements, and its other sides must not overflow anything either.
        let elements = elements.filter(|&elements| elements <= limit && value.dims.iter().all(|&side| side <= limit));
        let elements = elements.ok_or(ShapeProblem::TooLarge { shape: value.shape(), limit })?;
        self.alive += elements;
        let limit = limits::LIVE_ELEMENTS * self.pictures;
        if self.alive > limit { Err(ShapeProblem::TooMuchAlive { limit }) } else { Ok(()) }
    }

    fn release(&mut self, value: &Value) {
        self.alive -= value.elements();
    }

    fn work(&mut self, work: u64) -> Result<(), ShapeProblem> {
        self.work = self.work.saturating_add(work);
        let limit = limits::WORK * self.pictures as u64;
        if self.work > limit { Err(ShapeProblem::TooMuchWork { limit }) } else { Ok(()) }
    }
}
