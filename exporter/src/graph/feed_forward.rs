//! Layer norms, linear layers and UniAD's feed-forward.

use moead_model::architecture::Activation;
use moead_model::onnx::messages::AttributeProto;

use super::GraphError;
use super::builder::{GraphBuilder, Wire};
use super::interpolation::transpose;
use crate::weights::Weights;

/// Added to the variance of every layer norm.
pub(super) const EPSILON: f32 = 1e-5;

/// A layer norm's gain and shift, stored once.
pub(super) struct LayerNorm {
    gain: Wire,
    shift: Wire,
}

impl LayerNorm {
    /// Reads the norm under `tensor` and stores it under `name`.
    pub(super) fn new(
        graph: &mut GraphBuilder,
        weights: &dyn Weights,
        (name, tensor): (&str, &str),
    ) -> Result<Self, GraphError> {
        let gain = weights.read(&format!("{tensor}.weight"))?;
        let shift = weights.read(&format!("{tensor}.bias"))?;
        Ok(Self {
            gain: graph.constant(&format!("{name}.weight"), &[gain.len()], &gain),
            shift: graph.constant(&format!("{name}.bias"), &[shift.len()], &shift),
        })
    }

    /// Normalises the last axis.
    pub(super) fn apply(&self, graph: &mut GraphBuilder, name: &str, x: &Wire) -> Wire {
        let attributes = [AttributeProto::int("axis", -1), AttributeProto::float("epsilon", EPSILON)];
        graph.node("LayerNormalization", name, &[x, &self.gain, &self.shift], &attributes)
    }
}

/// A linear layer, stored once.
pub(super) struct Linear {
    weight: Wire,
    bias: Wire,
}

impl Linear {
    /// Reads `tensor.weight` (out x in, a leading 1 allowed) and `tensor.bias`, and stores them under `name`.
    pub(super) fn new(
        graph: &mut GraphBuilder,
        weights: &dyn Weights,
        (name, tensor): (&str, &str),
        (input, output): (usize, usize),
    ) -> Result<Self, GraphError> {
        let mut weight = weights.read(&format!("{tensor}.weight"))?;
        transpose(&mut weight, output, input);
        let bias = weights.read(&format!("{tensor}.bias"))?;
        Ok(Self {
            weight: graph.weight(&format!("{name}.weight"), &[input, output], &weight)?,
            bias: graph.constant(&format!("{name}.bias"), &[output], &bias),
        })
    }

    /// x W + b.
    pub(super) fn apply(&self, graph: &mut GraphBuilder, name: &str, x: &Wire) -> Wire {
        graph.linear(name, x, &self.weight, &self.bias)
    }
}

/// Two linear layers with a non-linearity between, and no residual.
pub(super) struct FeedForward {
    first: Linear,
    second: Linear,
    activation: Activation,
}

impl FeedForward {
    /// Reads `tensor.linear1` and `tensor.linear2`.
    pub(super) fn new(
        graph: &mut GraphBuilder,
        weights: &dyn Weights,
        (name, tensor): (&str, &str),
        (hidden, inner): (usize, usize),
        activation: Activation,
    ) -> Result<Self, GraphError> {
        let mut linear = |part: &str, tensor_part: &str, shape| {
            Linear::new(graph, weights, (&format!("{name}.{part}"), &format!("{tensor}.{tensor_part}")), shape)
        };
        let first = linear("fc1", "linear1", (hidden, inner))?;
        let second = linear("fc2", "linear2", (inner, hidden))?;
        Ok(Self { first, second, activation })
    }

    /// N x T x D in and out.
    pub(super) fn apply(&self, graph: &mut GraphBuilder, name: &str, x: &Wire) -> Wire {
        let inner = self.first.apply(graph, &format!("{name}.fc1"), x);
        let inner = match self.activation {
            Activation::Relu => graph.node("Relu", &format!("{name}.relu"), &[&inner], &[]),
            Activation::Gelu => gelu(graph, &format!("{name}.gelu"), &inner),
        };
        self.second.apply(graph, &format!("{name}.fc2"), &inner)
    }
}

/// x (1 + erf(x / √2)) / 2. (`Gelu` itself came with opset 20.)
fn gelu(graph: &mut GraphBuilder, name: &str, x: &Wire) -> Wire {
    let narrow = graph.scalar("gelu.narrow", std::f32::consts::FRAC_1_SQRT_2);
    let (one, half) = (graph.scalar("gelu.one", 1.0), graph.scalar("gelu.half", 0.5));
    let scaled = graph.node("Mul", &format!("{name}.scaled"), &[x, &narrow], &[]);
    let erf = graph.node("Erf", &format!("{name}.erf"), &[&scaled], &[]);
    let gate = graph.node("Add", &format!("{name}.gate"), &[&erf, &one], &[]);
    let whole = graph.node("Mul", &format!("{name}.whole"), &[x, &gate], &[]);
    graph.node("Mul", name, &[&whole, &half], &[])
}
