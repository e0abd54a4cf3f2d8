//! Nodes, initializers and their names.

use std::collections::HashMap;

use half::f16;
use moead_model::architecture::ImageSize;
use moead_model::manifest::Precision;
use moead_model::onnx::messages::tensor_proto::DataType;
use moead_model::onnx::messages::tensor_shape_proto::Dimension;
use moead_model::onnx::messages::{AttributeProto, GraphProto, NodeProto, TensorProto, ValueInfoProto};

use super::GraphError;

/// A tensor of the graph, by name.
#[derive(Debug, Clone)]
pub(super) struct Wire(String);

/// Grows a graph in execution order.
pub(super) struct GraphBuilder {
    graph: GraphProto,
    precision: Precision,
    /// Small constants by content, so that equal ones are stored once.
    integers: HashMap<Vec<i64>, Wire>,
    scalars: Vec<&'static str>,
}

impl GraphBuilder {
    pub(super) fn new(precision: Precision) -> Self {
        let graph = GraphProto { name: Some("moead".into()), ..GraphProto::default() };
        Self { graph, precision, integers: HashMap::new(), scalars: Vec::new() }
    }

    /// Declares the network's input: N x 3 x H x W.
    pub(super) fn input(&mut self, name: &str, size: ImageSize) -> Wire {
        let shape = [3, size.height, size.width];
        self.graph.input.push(batch_of(name, &shape));
        Wire(name.into())
    }

    /// Declares one of the network's outputs, of that shape for each picture: the node that makes it must carry this name.
    pub(super) fn output(&mut self, wire: &Wire, shape: &[usize]) {
        self.graph.output.push(batch_of(&wire.0, shape));
    }

    /// Adds a node with one output, both called `name`.
    pub(super) fn node(&mut self, op: &str, name: &str, inputs: &[&Wire], attributes: &[AttributeProto]) -> Wire {
        let [wire] = self.node_with_outputs(op, name, inputs, attributes, [name.to_owned()]);
        wire
    }

    /// Adds a node with several outputs.
    pub(super) fn node_with_outputs<const COUNT: usize>(
        &mut self,
        op: &str,
        name: &str,
        inputs: &[&Wire],
        attributes: &[AttributeProto],
        outputs: [String; COUNT],
    ) -> [Wire; COUNT] {
        let inputs = inputs.iter().map(|wire| wire.0.clone()).collect();
        self.graph.node.push(NodeProto::new(op, name, inputs, outputs.to_vec()).with(attributes.to_vec()));
        outputs.map(Wire)
    }

    /// Stores a trained weight, in the file's precision; half precision is widened again by a `Cast` that engines fold.
    pub(super) fn weight(&mut self, name: &str, shape: &[usize], values: &[f32]) -> Result<Wire, GraphError> {
        match self.precision {
            // In eight bits are only layers that say so.
            Precision::F32 | Precision::Int8 => Ok(self.constant(name, shape, values)),
            Precision::F16 => {
                let too_large = |value: &&f32| !f16::from_f32(**value).is_finite();
                if let Some(&value) = values.iter().find(too_large) {
                    return Err(GraphError::HalfOverflow { name: name.into(), value });
                }
                let halves: Vec<u8> = values.iter().flat_map(|&value| f16::from_f32(value).to_le_bytes()).collect();
                let name_of_stored = format!("{name}.f16");
                let stored = TensorProto::of_bytes(&name_of_stored, DataType::Float16, dims(shape), halves);
                let stored = self.initializer(stored);
                Ok(self.node("Cast", name, &[&stored], &[AttributeProto::int("to", DataType::Float as i64)]))
            }
        }
    }

    /// Stores numbers that stay 32-bit in every precision: biases, and what was computed from positions.
    pub(super) fn constant(&mut self, name: &str, shape: &[usize], values: &[f32]) -> Wire {
        debug_assert_eq!(shape.iter().product::<usize>(), values.len(), "{name}");
        self.initializer(TensorProto::of_floats(name, dims(shape), values))
    }

    /// Stores bytes with a sign.
    pub(super) fn bytes(&mut self, name: &str, shape: &[usize], values: Vec<u8>) -> Wire {
        self.initializer(TensorProto::of_bytes(name, DataType::Uint8, dims(shape), values))
    }

    /// Stores truth values, a byte each.
    pub(super) fn truths(&mut self, name: &str, shape: &[usize], values: &[bool]) -> Wire {
        let bytes: Vec<u8> = values.iter().map(|&value| value.into()).collect();
        self.initializer(TensorProto::of_bytes(name, DataType::Bool, dims(shape), bytes))
    }

    /// A list of integers (a shape, axes, an index); equal lists are stored once.
    pub(super) fn integers(&mut self, values: &[i64]) -> Wire {
        if let Some(wire) = self.integers.get(values) {
            return wire.clone();
        }
        let text: Vec<String> = values.iter().map(i64::to_string).collect();
        let name = format!("integers({})", text.join(","));
        let wire = self.initializer(TensorProto::of_integers(&name, dims(&[values.len()]), values));
        self.integers.insert(values.to_vec(), wire.clone());
        wire
    }

    /// One number; equal names are stored once.
    pub(super) fn scalar(&mut self, name: &'static str, value: f32) -> Wire {
        if !self.scalars.contains(&name) {
            self.scalars.push(name);
            self.constant(name, &[], &[value]);
        }
        Wire(name.into())
    }

    /// One byte; equal names are stored once.
    pub(super) fn byte(&mut self, name: &'static str, value: u8) -> Wire {
        if !self.scalars.contains(&name) {
            self.scalars.push(name);
            self.bytes(name, &[], vec![value]);
        }
        Wire(name.into())
    }

    fn initializer(&mut self, constant: TensorProto) -> Wire {
        let wire = Wire(constant.name().into());
        self.graph.initializer.push(constant);
        wire
    }

    /// x W + b over the last axis; `weight` is in x out.
    pub(super) fn linear(&mut self, name: &str, x: &Wire, weight: &Wire, bias: &Wire) -> Wire {
        let product = self.node("MatMul", &format!("{name}.matmul"), &[x, weight], &[]);
        self.node("Add", name, &[&product, bias], &[])
    }

    pub(super) fn reshape(&mut self, name: &str, x: &Wire, shape: &[i64]) -> Wire {
        let shape = self.integers(shape);
        self.node("Reshape", name, &[x, &shape], &[])
    }

    pub(super) fn transpose(&mut self, name: &str, x: &Wire, order: &[i64]) -> Wire {
        self.node("Transpose", name, &[x], &[AttributeProto::ints("perm", order)])
    }

    pub(super) fn finish(self) -> GraphProto {
        self.graph
    }
}

fn dims(shape: &[usize]) -> Vec<i64> {
    shape.iter().map(|&side| side as i64).collect()
}

/// Floats of that shape for each picture.
fn batch_of(name: &str, shape: &[usize]) -> ValueInfoProto {
    let sides = shape.iter().map(|&side| Dimension::known(side as i64));
    ValueInfoProto::of_floats(name, [Dimension::named("N")].into_iter().chain(sides).collect())
}
