//! Linear layers in eight bits: rows become bytes when the network runs, each with a step of its own.
//!
//! A row's step depends on that row alone, so a token's answer does not depend on which other tokens or pictures are there.
//! `DynamicQuantizeLinear` would take one step for all of them.

use moead_model::onnx::messages::AttributeProto;

use super::GraphError;
use super::builder::{GraphBuilder, Wire};
use super::interpolation::transpose;
use crate::precision::eight_bit::{EightBit, MOST};
use crate::weights::Weights;

/// Added to every step, so that a row of zeros is not divided by zero; nothing beside any other step.
const LEAST: f32 = 1e-30;
/// The byte that means zero where numbers have signs.
const MIDDLE: u8 = 128;
const BYTE: i64 = 2;
const FLOAT: i64 = 1;

/// Rows as bytes.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    /// R x K.
    pub(super) bytes: Wire,
    /// R x 1.
    pub(super) steps: Wire,
    /// Which byte means zero.
    zero: Wire,
}

impl Rows {
    /// From -127 to 127 steps, stored with 128 added.
    pub(super) fn signed(graph: &mut GraphBuilder, name: &str, x: &Wire) -> Self {
        let size = graph.node("Abs", &format!("{name}.size"), &[x], &[]);
        let (steps, numbers) = steps(graph, name, (x, &size), ("per127", 1.0 / MOST));
        let middle = graph.scalar("middle", f32::from(MIDDLE));
        let numbers = graph.node("Add", &format!("{name}.shifted"), &[&numbers, &middle], &[]);
        let bytes = graph.node("Cast", name, &[&numbers], &[AttributeProto::int("to", BYTE)]);
        Self { bytes, steps, zero: graph.byte("middle.byte", MIDDLE) }
    }

    /// From 0 to 255 steps, of numbers that are not negative.
    pub(super) fn positive(graph: &mut GraphBuilder, name: &str, x: &Wire) -> Self {
        let (steps, numbers) = steps(graph, name, (x, x), ("per255", 1.0 / 255.0));
        let bytes = graph.node("Cast", name, &[&numbers], &[AttributeProto::int("to", BYTE)]);
        Self { bytes, steps, zero: graph.byte("zero.byte", 0) }
    }

    /// Some of the rows.
    pub(super) fn gather(&self, graph: &mut GraphBuilder, name: &str, places: &Wire) -> Self {
        let bytes = graph.node("GatherND", name, &[&self.bytes, places], &[]);
        let steps = graph.node("GatherND", &format!("{name}.steps"), &[&self.steps, places], &[]);
        Self { bytes, steps, zero: self.zero.clone() }
    }
}

/// Each row's step, and its numbers in steps; `size` has the absolute values of `x`.
fn steps(
    graph: &mut GraphBuilder,
    name: &str,
    (x, size): (&Wire, &Wire),
    (part_name, part): (&'static str, f32),
) -> (Wire, Wire) {
    let columns = graph.integers(&[1]);
    let largest = graph.node("ReduceMax", &format!("{name}.largest"), &[size, &columns], &[]);
    let (part, least) = (graph.scalar(part_name, part), graph.scalar("least_step", LEAST));
    let step = graph.node("Mul", &format!("{name}.step"), &[&largest, &part], &[]);
    let steps = graph.node("Add", &format!("{name}.steps"), &[&step, &least], &[]);
    // Not a division for each number: engines that write it as a product anyway would round differently.
    let one = graph.scalar("one_step", 1.0);
    let per_step = graph.node("Div", &format!("{name}.per_step"), &[&one, &steps], &[]);
    let numbers = graph.node("Mul", &format!("{name}.numbers"), &[x, &per_step], &[]);
    (steps, graph.node("Round", &format!("{name}.whole"), &[&numbers], &[]))
}

/// A linear layer with weights in eight bits, stored once.
///
/// With 128 added, too: without instructions that add four products of bytes in 32 bits (VNNI), ONNX Runtime multiplies bytes by bytes with signs in
/// sums of 16 bits that end at 32767, and is wrong by any amount. Bytes by bytes it multiplies exactly everywhere.
pub(super) struct EightBitLinear {
    /// Inputs x outputs.
    weight: Wire,
    /// Which byte of it means zero.
    zero: Wire,
    /// One for each output.
    steps: Wire,
    bias: Wire,
}

impl EightBitLinear {
    /// Reads `tensor.weight` (out x in, a leading 1 allowed) and `tensor.bias`, and stores them under `name`.
    pub(super) fn new(
        graph: &mut GraphBuilder,
        weights: &dyn Weights,
        (name, tensor): (&str, &str),
        (input, output): (usize, usize),
    ) -> Result<Self, GraphError> {
        let weight = weights.read(&format!("{tensor}.weight"))?;
        let mut rounded = EightBit::of_rows(&weight, input);
        transpose(&mut rounded.numbers, output, input);
        let bias = weights.read(&format!("{tensor}.bias"))?;
        let bytes = rounded.numbers.iter().map(|&number| number.cast_unsigned().wrapping_add(MIDDLE)).collect();
        Ok(Self {
            weight: graph.bytes(&format!("{name}.weight"), &[input, output], bytes),
            zero: graph.byte("middle.byte", MIDDLE),
            steps: graph.constant(&format!("{name}.steps"), &[output], &rounded.steps),
            bias: graph.constant(&format!("{name}.bias"), &[output], &bias),
        })
    }

    /// x W + b.
    pub(super) fn apply(&self, graph: &mut GraphBuilder, name: &str, rows: &Rows) -> Wire {
        let part = |part: &str| format!("{name}.{part}");
        let product = [&rows.bytes, &self.weight, &rows.zero, &self.zero];
        let sums = graph.node("MatMulInteger", &part("matmul"), &product, &[]);
        let sums = graph.node("Cast", &part("sums"), &[&sums], &[AttributeProto::int("to", FLOAT)]);
        let sums = graph.node("Mul", &part("by_row"), &[&sums, &rows.steps], &[]);
        let product = graph.node("Mul", &part("by_column"), &[&sums, &self.steps], &[]);
        graph.node("Add", name, &[&product, &self.bias], &[])
    }
}
