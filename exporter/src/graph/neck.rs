//! The neck (MFCN): every layer resized to the token grid and concatenated.

use moead_model::architecture::{Architecture, FeatureForm};
use moead_model::onnx::messages::AttributeProto;

use super::builder::{GraphBuilder, Wire};
use super::{GraphError, interpolation};
use crate::weights::Weights;

/// `feature_align`: N x C x h x w.
pub(super) fn build(graph: &mut GraphBuilder, architecture: &Architecture, layers: Vec<Wire>) -> Wire {
    let (input, grid) = (architecture.input(), architecture.grid());
    let to = (grid.rows, grid.columns);
    let mut resized = Vec::new();
    for ((wire, shape), layer) in layers.into_iter().zip(architecture.layer_shapes()).zip(architecture.layers()) {
        let from = (input.height / shape.stride, input.width / shape.stride);
        resized.push(match from == to {
            true => wire,
            false => interpolation::resize(graph, &format!("neck.layer{layer}"), &wire, from, to),
        });
    }
    match resized.as_slice() {
        [only] => only.clone(),
        several => {
            let inputs: Vec<&Wire> = several.iter().collect();
            graph.node("Concat", "neck.feature_align", &inputs, &[AttributeProto::int("axis", 1)])
        }
    }
}

/// What the decoder rebuilds, as tokens: N x T x C.
pub(super) fn tokens(
    graph: &mut GraphBuilder,
    weights: &dyn Weights,
    architecture: &Architecture,
    aligned: &Wire,
) -> Result<Wire, GraphError> {
    let (channels, tokens) = (architecture.channels() as i64, architecture.grid().tokens() as i64);
    let flat = graph.reshape("neck.flat", aligned, &[0, channels, tokens]);
    let raw = graph.transpose("neck.tokens", &flat, &[0, 2, 1]);
    if architecture.reconstruction().features == FeatureForm::Raw {
        return Ok(raw);
    }
    let (channels, tokens) = (architecture.channels(), architecture.grid().tokens());
    let mean = weights.read("reconstruction.features.mean")?;
    let scale = weights.read("reconstruction.features.scale")?;
    let mean = graph.weight("neck.mean", &[tokens, channels], &mean)?;
    // A vector: it stays as it is in every precision, as biases do.
    let scale = graph.constant("neck.scale", &[channels], &scale);
    let centred = graph.node("Sub", "neck.centred", &[&raw, &mean], &[]);
    Ok(graph.node("Mul", "neck.normalized", &[&centred, &scale], &[]))
}
