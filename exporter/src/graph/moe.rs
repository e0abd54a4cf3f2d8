//! The feed-forward that every token chooses for itself: gate, experts, and the residual.
//!
//! `sparse` gathers the rows of each expert and scatters the results back onto the residual: no token visits an expert that
//! it did not choose, and an expert without a token costs nothing. `dense` sends every token through all experts at once,
//! as two wide products with the gate on the hidden layer: more arithmetic, but every shape is known beforehand.

use moead_model::architecture::{Experts, Reconstruction};
use moead_model::manifest::{Moe, Precision};
use moead_model::onnx::messages::AttributeProto;

use super::builder::{GraphBuilder, Wire};
use super::eight_bit::{EightBitLinear, Rows};
use super::feed_forward::{LayerNorm, Linear};
use super::interpolation::transpose;
use super::{Form, GraphError};
use crate::weights::Weights;

/// One pool of experts with its gate, stored once.
pub(super) struct MoeFeedForward {
    experts: Experts,
    inner: usize,
    gate: Linear,
    norm: Option<LayerNorm>,
    weights: Stored,
}

/// The experts' weights in the form that the routing wants.
enum Stored {
    Sparse(Vec<[Linear; 2]>),
    SparseEightBit(Vec<[EightBitLinear; 2]>),
    /// D x EF, EF, EF x D, E x D.
    Dense {
        first: Wire,
        first_bias: Wire,
        second: Wire,
        second_bias: Wire,
    },
}

impl MoeFeedForward {
    /// Reads the pool under `tensor` and stores it under `name`.
    pub(super) fn new(
        graph: &mut GraphBuilder,
        weights: &dyn Weights,
        (name, tensor): (&str, &str),
        reconstruction: &Reconstruction,
        experts: Experts,
        (form, norm): (Form, Option<LayerNorm>),
    ) -> Result<Self, GraphError> {
        let (hidden, inner) = (reconstruction.hidden, reconstruction.feed_forward);
        let gate = (format!("{name}.gate"), format!("{tensor}.gate.gate"));
        let gate = Linear::new(graph, weights, (&gate.0, &gate.1), (hidden, experts.count))?;
        let names = (name, tensor);
        let stored = match (form.precision, form.moe) {
            (Precision::Int8, _) => {
                let pool = pool(names, reconstruction, experts, |names, sides| {
                    EightBitLinear::new(graph, weights, names, sides)
                });
                Stored::SparseEightBit(pool?)
            }
            // With every expert chosen there is nothing to route.
            (_, Moe::Sparse) if experts.top_k < experts.count => {
                Stored::Sparse(pool(names, reconstruction, experts, |names, sides| {
                    Linear::new(graph, weights, names, sides)
                })?)
            }
            (_, Moe::Sparse | Moe::Dense) => dense(graph, weights, names, reconstruction, experts)?,
        };
        Ok(Self { experts, inner, gate, norm, weights: stored })
    }

    /// R x D rows in and out, residual included.
    pub(super) fn apply(&self, graph: &mut GraphBuilder, name: &str, x: &Wire) -> Wire {
        let input = match &self.norm {
            Some(norm) => norm.apply(graph, &format!("{name}.layer_norm"), x),
            None => x.clone(),
        };
        let logits = self.gate.apply(graph, &format!("{name}.gate"), &input);
        match &self.weights {
            Stored::Sparse(experts) => {
                self.route(graph, name, x, &logits, experts, |graph, part, [first, second], rows| {
                    let tokens = graph.node("GatherND", &part("tokens"), &[&input, rows], &[]);
                    let hidden = first.apply(graph, &part("fc1"), &tokens);
                    let hidden = graph.node("Relu", &part("relu"), &[&hidden], &[]);
                    second.apply(graph, &part("fc2"), &hidden)
                })
            }
            Stored::SparseEightBit(experts) => {
                let input = Rows::signed(graph, &format!("{name}.bytes"), &input);
                self.route(graph, name, x, &logits, experts, |graph, part, [first, second], rows| {
                    let tokens = input.gather(graph, &part("tokens"), rows);
                    let hidden = first.apply(graph, &part("fc1"), &tokens);
                    let hidden = graph.node("Relu", &part("relu"), &[&hidden], &[]);
                    let hidden = Rows::positive(graph, &part("bytes"), &hidden);
                    second.apply(graph, &part("fc2"), &hidden)
                })
            }
            Stored::Dense { first, first_bias, second, second_bias } => {
                let gates = self.all_gates(graph, name, &logits);
                let hidden = graph.linear(&format!("{name}.experts.fc1"), &input, first, first_bias);
                let hidden = graph.node("Relu", &format!("{name}.experts.relu"), &[&hidden], &[]);
                let (count, inner) = (self.experts.count as i64, self.inner as i64);
                let hidden = graph.reshape(&format!("{name}.experts.split"), &hidden, &[-1, count, inner]);
                let by_expert = graph.reshape(&format!("{name}.gates.split"), &gates, &[-1, count, 1]);
                let hidden = graph.node("Mul", &format!("{name}.experts.gated"), &[&hidden, &by_expert], &[]);
                let hidden = graph.reshape(&format!("{name}.experts.joined"), &hidden, &[-1, count * inner]);
                let outputs = graph.node("MatMul", &format!("{name}.experts.fc2"), &[&hidden, second], &[]);
                let biases = graph.node("MatMul", &format!("{name}.experts.bias"), &[&gates, second_bias], &[]);
                let outputs = graph.node("Add", &format!("{name}.experts"), &[&outputs, &biases], &[]);
                graph.node("Add", name, &[x, &outputs], &[])
            }
        }
    }

    /// The k largest logits of each row: R x k values (softmax over those k alone) and expert numbers.
    fn choose(&self, graph: &mut GraphBuilder, name: &str, logits: &Wire) -> (Wire, Wire) {
        let k = graph.integers(&[self.experts.top_k as i64]);
        let outputs = [format!("{name}.choice.logits"), format!("{name}.choice.experts")];
        let attributes =
            [AttributeProto::int("axis", -1), AttributeProto::int("largest", 1), AttributeProto::int("sorted", 1)];
        let [largest, chosen] =
            graph.node_with_outputs("TopK", &format!("{name}.choice"), &[logits, &k], &attributes, outputs);
        let gates = graph.node("Softmax", &format!("{name}.gates"), &[&largest], &[AttributeProto::int("axis", -1)]);
        (gates, chosen)
    }

    /// `answer` makes an expert's nodes, named by the function that it gets, from the rows that chose the expert.
    fn route<L>(
        &self,
        graph: &mut GraphBuilder,
        name: &str,
        residual: &Wire,
        logits: &Wire,
        experts: &[[L; 2]],
        answer: impl Fn(&mut GraphBuilder, &dyn Fn(&str) -> String, &[L; 2], &Wire) -> Wire,
    ) -> Wire {
        let (gates, chosen) = self.choose(graph, name, logits);
        let first_column = graph.integers(&[0]);
        let mut sum = residual.clone();
        for (number, layers) in experts.iter().enumerate() {
            let part = |part: &str| format!("{name}.expert{number}.{part}");
            let this = graph.integers(&[number as i64]);
            let chose = graph.node("Equal", &part("chose"), &[&chosen, &this], &[]);
            // 2 x M: row and rank of each of the M tokens that chose this expert.
            let places = graph.node("NonZero", &part("places"), &[&chose], &[]);
            let places = graph.transpose(&part("pairs"), &places, &[1, 0]);
            let rows =
                graph.node("Gather", &part("rows"), &[&places, &first_column], &[AttributeProto::int("axis", 1)]);
            let output = answer(graph, &part, layers, &rows);
            let gate = graph.node("GatherND", &part("gates"), &[&gates, &places], &[]);
            let gate = graph.reshape(&part("gates.column"), &gate, &[-1, 1]);
            let gated = graph.node("Mul", &part("gated"), &[&output, &gate], &[]);
            // Onto the residual itself: no zeros to make, nothing to add at the end.
            let node = if number + 1 == experts.len() { name.to_owned() } else { part("sum") };
            sum = graph.node("ScatterND", &node, &[&sum, &rows, &gated], &[AttributeProto::text("reduction", "add")]);
        }
        sum
    }

    /// R x E gates, zero where an expert was not chosen.
    fn all_gates(&self, graph: &mut GraphBuilder, name: &str, logits: &Wire) -> Wire {
        if self.experts.top_k == self.experts.count {
            return graph.node("Softmax", &format!("{name}.gates"), &[logits], &[AttributeProto::int("axis", -1)]);
        }
        let (gates, chosen) = self.choose(graph, name, logits);
        let (count, k) = (self.experts.count as i64, self.experts.top_k as i64);
        let numbers: Vec<i64> = (0..count).collect();
        let numbers = graph.integers(&numbers);
        let chosen = graph.reshape(&format!("{name}.choice.column"), &chosen, &[-1, k, 1]);
        let hits = graph.node("Equal", &format!("{name}.choice.hits"), &[&chosen, &numbers], &[]);
        let hits = graph.node("Cast", &format!("{name}.choice.ones"), &[&hits], &[AttributeProto::int("to", 1)]);
        let gates = graph.reshape(&format!("{name}.gates.column"), &gates, &[-1, k, 1]);
        let placed = graph.node("Mul", &format!("{name}.gates.placed"), &[&hits, &gates], &[]);
        let ranks = graph.integers(&[1]);
        graph.node("ReduceSum", &format!("{name}.gates.all"), &[&placed, &ranks], &[AttributeProto::int("keepdims", 0)])
    }
}

/// Each expert's layers, by `layer`: from names in graph and checkpoint, and from inputs and outputs.
fn pool<L>(
    (name, tensor): (&str, &str),
    reconstruction: &Reconstruction,
    experts: Experts,
    mut layer: impl FnMut((&str, &str), (usize, usize)) -> Result<L, GraphError>,
) -> Result<Vec<[L; 2]>, GraphError> {
    let (hidden, inner) = (reconstruction.hidden, reconstruction.feed_forward);
    let mut pool = Vec::new();
    for number in 0..experts.count {
        let mut of = |part: &str, tensor_part: &str, sides| {
            let names = (format!("{name}.expert{number}.{part}"), format!("{tensor}.experts.{number}.{tensor_part}"));
            layer((&names.0, &names.1), sides)
        };
        pool.push([of("fc1", "htoh4", (hidden, inner))?, of("fc2", "h4toh", (inner, hidden))?]);
    }
    Ok(pool)
}

fn dense(
    graph: &mut GraphBuilder,
    weights: &dyn Weights,
    (name, tensor): (&str, &str),
    reconstruction: &Reconstruction,
    experts: Experts,
) -> Result<Stored, GraphError> {
    let (hidden, inner, wide) =
        (reconstruction.hidden, reconstruction.feed_forward, experts.count * reconstruction.feed_forward);
    let read = |number: usize, part: &str| weights.read(&format!("{tensor}.experts.{number}.{part}"));
    let (mut first, mut first_bias, mut second, mut second_bias) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for number in 0..experts.count {
        // Rows of the first matrix are hidden units, so experts lie one below the other: EF x D.
        first.extend(read(number, "htoh4.weight")?);
        first_bias.extend(read(number, "htoh4.bias")?);
        let mut turned = read(number, "h4toh.weight")?;
        transpose(&mut turned, hidden, inner);
        second.extend(turned);
        second_bias.extend(read(number, "h4toh.bias")?);
    }
    transpose(&mut first, wide, hidden);
    Ok(Stored::Dense {
        first: graph.weight(&format!("{name}.experts.fc1.weight"), &[hidden, wide], &first)?,
        first_bias: graph.constant(&format!("{name}.experts.fc1.bias"), &[wide], &first_bias),
        second: graph.weight(&format!("{name}.experts.fc2.weight"), &[wide, hidden], &second)?,
        second_bias: graph.constant(&format!("{name}.experts.fc2.bias"), &[experts.count, hidden], &second_bias),
    })
}
