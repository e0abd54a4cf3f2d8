//! The backbone's nodes: convolutions with their batch norms folded in.

use moead_model::onnx::messages::AttributeProto;

use super::GraphError;
use super::builder::{GraphBuilder, Wire};
use crate::backbone::{Activation, ConvNorm, Network, Shortcut, SqueezeExcite, Step};
use crate::folding::FoldedConv;
use crate::weights::Weights;

/// Builds `network` and returns the wires of `layers` (counted from 1), in order.
pub(super) fn build(
    graph: &mut GraphBuilder,
    weights: &dyn Weights,
    network: &Network,
    layers: &[usize],
    image: Wire,
) -> Result<Vec<Wire>, GraphError> {
    let mut x = image;
    for step in &network.stem {
        x = build_step(graph, weights, step, &x)?;
    }
    let mut outputs = Vec::new();
    for block in &network.blocks {
        let input = x.clone();
        for step in &block.steps {
            x = build_step(graph, weights, step, &x)?;
        }
        let shortcut = match &block.shortcut {
            Shortcut::None => None,
            Shortcut::Input => Some(input),
            Shortcut::Projected(conv) => Some(convolution(graph, weights, conv, &input)?),
        };
        if let Some(shortcut) = shortcut {
            x = graph.node("Add", &format!("{}.add", block.name), &[&x, &shortcut], &[]);
        }
        if let Some(activation) = block.activation {
            x = activate(graph, &format!("{}.out", block.name), &x, activation);
        }
        if block.layer.is_some_and(|layer| layers.contains(&layer)) {
            outputs.push(x.clone());
        }
    }
    Ok(outputs)
}

fn build_step(graph: &mut GraphBuilder, weights: &dyn Weights, step: &Step, x: &Wire) -> Result<Wire, GraphError> {
    match step {
        Step::Conv(conv) => convolution(graph, weights, conv, x),
        Step::SqueezeExcite(excite) => squeeze_excite(graph, weights, excite, x),
        Step::MaxPool { node } => Ok(graph.node(
            "MaxPool",
            node,
            &[x],
            &[
                AttributeProto::ints("kernel_shape", &[3, 3]),
                AttributeProto::ints("strides", &[2, 2]),
                AttributeProto::ints("pads", &[1, 1, 1, 1]),
            ],
        )),
    }
}

fn convolution(graph: &mut GraphBuilder, weights: &dyn Weights, conv: &ConvNorm, x: &Wire) -> Result<Wire, GraphError> {
    let folded = FoldedConv::read(weights, conv)?;
    let weight = graph.weight(&format!("{}.weight", conv.node), &conv.weight_shape(), &folded.weight)?;
    let bias = graph.constant(&format!("{}.bias", conv.node), &[conv.output], &folded.bias);
    let (before, after) = (conv.padding.0 as i64, conv.padding.1 as i64);
    let x = graph.node(
        "Conv",
        &conv.node,
        &[x, &weight, &bias],
        &[
            AttributeProto::ints("kernel_shape", &[conv.kernel as i64; 2]),
            AttributeProto::ints("strides", &[conv.stride as i64; 2]),
            AttributeProto::ints("pads", &[before, before, after, after]),
            AttributeProto::int("group", conv.groups as i64),
        ],
    );
    Ok(match conv.activation {
        Some(activation) => activate(graph, &conv.node, &x, activation),
        None => x,
    })
}

fn squeeze_excite(
    graph: &mut GraphBuilder,
    weights: &dyn Weights,
    excite: &SqueezeExcite,
    x: &Wire,
) -> Result<Wire, GraphError> {
    let node = &excite.node;
    let pointwise = |graph: &mut GraphBuilder, part: &str, tensor: &str, shape: [usize; 2], x: &Wire| {
        let name = format!("{node}.{part}");
        let values = weights.read(&format!("backbone.{tensor}.weight"))?;
        let weight = graph.weight(&format!("{name}.weight"), &[shape[0], shape[1], 1, 1], &values)?;
        let values = weights.read(&format!("backbone.{tensor}.bias"))?;
        let bias = graph.constant(&format!("{name}.bias"), &[shape[0]], &values);
        Ok::<_, GraphError>(graph.node(
            "Conv",
            &name,
            &[x, &weight, &bias],
            &[AttributeProto::ints("kernel_shape", &[1, 1]), AttributeProto::int("group", 1)],
        ))
    };
    let (channels, squeezed) = (excite.channels, excite.squeezed);
    let mean = graph.node("GlobalAveragePool", &format!("{node}.mean"), &[x], &[]);
    let reduced = pointwise(graph, "reduce", &excite.reduce, [squeezed, channels], &mean)?;
    let reduced = activate(graph, &format!("{node}.reduce"), &reduced, Activation::Silu);
    let expanded = pointwise(graph, "expand", &excite.expand, [channels, squeezed], &reduced)?;
    let gate = graph.node("Sigmoid", &format!("{node}.gate"), &[&expanded], &[]);
    Ok(graph.node("Mul", node, &[x, &gate], &[]))
}

fn activate(graph: &mut GraphBuilder, name: &str, x: &Wire, activation: Activation) -> Wire {
    match activation {
        Activation::Silu => {
            let sigmoid = graph.node("Sigmoid", &format!("{name}.sigmoid"), &[x], &[]);
            graph.node("Mul", &format!("{name}.silu"), &[x, &sigmoid], &[])
        }
        Activation::Relu => graph.node("Relu", &format!("{name}.relu"), &[x], &[]),
        Activation::Relu6 => {
            let (low, high) = (graph.scalar("relu6.low", 0.0), graph.scalar("relu6.high", 6.0));
            graph.node("Clip", &format!("{name}.relu6"), &[x, &low, &high], &[])
        }
    }
}
