//! UniAD: an encoder and a decoder whose layers each have their own weights.

use moead_model::architecture::{Architecture, NeighborMask, NormPlacement, Stacked};

use super::GraphError;
use super::attention::{self, Attention, QuerySource};
use super::builder::{GraphBuilder, Wire};
use super::feed_forward::{EPSILON, FeedForward, LayerNorm, Linear};
use super::position::Positions;
use crate::weights::Weights;

const STACK: &str = "reconstruction.transformer";

/// What a layer is called.
struct Layer {
    /// In the graph: `encoder3`.
    node: String,
    /// In the checkpoint: `reconstruction.transformer.encoder.layers.3`.
    tensor: String,
}

impl Layer {
    fn new(stack: &str, number: usize) -> Self {
        Self { node: format!("{stack}{number}"), tensor: format!("{STACK}.{stack}.layers.{number}") }
    }

    fn node(&self, part: &str) -> String {
        format!("{}.{part}", self.node)
    }

    fn tensor(&self, part: &str) -> String {
        format!("{}.{part}", self.tensor)
    }
}

/// What every layer needs.
struct Parts<'a> {
    weights: &'a dyn Weights,
    architecture: &'a Architecture,
    stacked: &'a Stacked,
    shape: attention::Shape,
    position: Positions,
    mask: Option<Wire>,
}

/// `feature_rec` as tokens: N x T x C.
pub(super) fn build(
    graph: &mut GraphBuilder,
    weights: &dyn Weights,
    architecture: &Architecture,
    stacked: &Stacked,
    tokens: &Wire,
) -> Result<Wire, GraphError> {
    let reconstruction = architecture.reconstruction();
    let grid = architecture.grid();
    let (hidden, channels) = (reconstruction.hidden, architecture.channels());
    let used: Option<&NeighborMask> = (0..3).find_map(|which| reconstruction.mask_on(which));
    let parts = Parts {
        weights,
        architecture,
        stacked,
        shape: attention::Shape { tokens: grid.tokens(), hidden, heads: reconstruction.heads },
        position: Positions::new(weights, reconstruction, grid)?,
        mask: used.map(|mask| attention::mask(graph, "neighbor_mask", mask, grid)),
    };

    let project = Linear::new(graph, weights, ("input_proj", "reconstruction.input_proj"), (channels, hidden))?;
    let mut memory = project.apply(graph, "input_proj", tokens);
    for layer in 0..stacked.encoder_layers {
        memory = parts.encoder_layer(graph, layer, &memory)?;
    }
    if parts.pre_norm() {
        let norm = LayerNorm::new(graph, weights, ("encoder.norm", &format!("{STACK}.encoder.norm")))?;
        memory = norm.apply(graph, "encoder.norm", &memory);
    }
    let mut output = memory.clone();
    for layer in 0..stacked.decoder_layers {
        output = parts.decoder_layer(graph, layer, &memory, &output)?;
    }
    let norm = LayerNorm::new(graph, weights, ("decoder.norm", &format!("{STACK}.decoder.norm")))?;
    let output = norm.apply(graph, "decoder.norm", &output);
    let project = Linear::new(graph, weights, ("output_proj", "reconstruction.output_proj"), (hidden, channels))?;
    Ok(project.apply(graph, "output_proj", &output))
}

impl Parts<'_> {
    fn pre_norm(&self) -> bool {
        self.architecture.reconstruction().norm == NormPlacement::Pre
    }

    fn mask(&self, which: usize) -> Option<Wire> {
        self.architecture.reconstruction().mask_on(which).and(self.mask.clone())
    }

    fn norm(&self, graph: &mut GraphBuilder, layer: &Layer, part: &str) -> Result<LayerNorm, GraphError> {
        LayerNorm::new(graph, self.weights, (&layer.node(part), &layer.tensor(part)))
    }

    fn attention(
        &self,
        graph: &mut GraphBuilder,
        layer: &Layer,
        (part, query, which): (&str, QuerySource<'_>, usize),
    ) -> Result<Attention, GraphError> {
        let mask = self.mask(which);
        Attention::new(
            graph,
            self.weights,
            (&layer.node(part), &layer.tensor(part)),
            self.shape,
            query,
            &self.position,
            mask,
        )
    }

    fn feed_forward(&self, graph: &mut GraphBuilder, layer: &Layer) -> Result<FeedForward, GraphError> {
        let sizes = (self.shape.hidden, self.architecture.reconstruction().feed_forward);
        let names = (&*layer.node("ffn"), &*layer.tensor);
        FeedForward::new(graph, self.weights, names, sizes, self.stacked.activation)
    }

    fn encoder_layer(&self, graph: &mut GraphBuilder, number: usize, x: &Wire) -> Result<Wire, GraphError> {
        let layer = Layer::new("encoder", number);
        let attend = self.attention(graph, &layer, ("self_attn", QuerySource::Tokens, 0))?;
        let (norm1, norm2) = (self.norm(graph, &layer, "norm1")?, self.norm(graph, &layer, "norm2")?);
        let feed_forward = self.feed_forward(graph, &layer)?;
        let name = |part: &str| layer.node(part);
        let add =
            |graph: &mut GraphBuilder, part: &str, a: &Wire, b: &Wire| graph.node("Add", &name(part), &[a, b], &[]);
        Ok(if self.pre_norm() {
            let y = norm1.apply(graph, &name("norm1"), x);
            let seen = attend.apply(graph, &name("self_attn"), Some(&y), &y, &y);
            let x = add(graph, "self_attn.residual", x, &seen);
            let y = norm2.apply(graph, &name("norm2"), &x);
            let y = feed_forward.apply(graph, &name("ffn"), &y);
            add(graph, "ffn.residual", &x, &y)
        } else {
            let seen = attend.apply(graph, &name("self_attn"), Some(x), x, x);
            let x = add(graph, "self_attn.residual", x, &seen);
            let x = norm1.apply(graph, &name("norm1"), &x);
            let y = feed_forward.apply(graph, &name("ffn"), &x);
            let x = add(graph, "ffn.residual", &x, &y);
            norm2.apply(graph, &name("norm2"), &x)
        })
    }

    fn decoder_layer(
        &self,
        graph: &mut GraphBuilder,
        number: usize,
        memory: &Wire,
        output: &Wire,
    ) -> Result<Wire, GraphError> {
        let layer = Layer::new("decoder", number);
        let name = |part: &str| layer.node(part);
        let learned = self.weights.read(&layer.tensor("learned_embed.weight"))?;
        let query = self.constant_query(&layer, &learned)?;
        let attend_1 = self.attention(graph, &layer, ("self_attn", QuerySource::Constant(&query), 1))?;
        let attend_2 = self.attention(graph, &layer, ("multihead_attn", QuerySource::Tokens, 2))?;
        let norm1 = if self.pre_norm() { None } else { Some(self.norm(graph, &layer, "norm1")?) };
        let (norm2, norm3) = (self.norm(graph, &layer, "norm2")?, self.norm(graph, &layer, "norm3")?);
        let feed_forward = self.feed_forward(graph, &layer)?;
        let learned = graph.weight(&name("learned_embed"), &[self.shape.tokens, self.shape.hidden], &learned)?;

        let add =
            |graph: &mut GraphBuilder, part: &str, a: &Wire, b: &Wire| graph.node("Add", &name(part), &[a, b], &[]);
        let seen = attend_1.apply(graph, &name("self_attn"), None, memory, memory);
        let t = add(graph, "self_attn.residual", &seen, &learned);
        Ok(match norm1 {
            Some(norm1) => {
                let t = norm1.apply(graph, &name("norm1"), &t);
                let seen = attend_2.apply(graph, &name("multihead_attn"), Some(&t), output, output);
                let t = add(graph, "multihead_attn.residual", &t, &seen);
                let t = norm2.apply(graph, &name("norm2"), &t);
                let y = feed_forward.apply(graph, &name("ffn"), &t);
                let t = add(graph, "ffn.residual", &t, &y);
                norm3.apply(graph, &name("norm3"), &t)
            }
            None => {
                let y = norm2.apply(graph, &name("norm2"), &t);
                let seen = attend_2.apply(graph, &name("multihead_attn"), Some(&y), output, output);
                let t = add(graph, "multihead_attn.residual", &t, &seen);
                let y = norm3.apply(graph, &name("norm3"), &t);
                let y = feed_forward.apply(graph, &name("ffn"), &y);
                add(graph, "ffn.residual", &t, &y)
            }
        })
    }

    /// The first attention's queries: the learned tokens (normalised before, when norms come first) with their positions.
    fn constant_query(&self, layer: &Layer, learned: &[f32]) -> Result<Vec<f64>, GraphError> {
        let mut rows: Vec<f64> = learned.iter().map(|&value| f64::from(value)).collect();
        if self.pre_norm() {
            let read = |part: &str| self.weights.read(&layer.tensor(&format!("norm1.{part}")));
            let (gain, shift) = (read("weight")?, read("bias")?);
            for row in rows.chunks_exact_mut(self.shape.hidden) {
                let mean = row.iter().sum::<f64>() / row.len() as f64;
                let variance = row.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / row.len() as f64;
                let deviation = (variance + f64::from(EPSILON)).sqrt();
                for ((value, &gain), &shift) in row.iter_mut().zip(&gain).zip(&shift) {
                    *value = (*value - mean) / deviation * f64::from(gain) + f64::from(shift);
                }
            }
        }
        Ok(self.position.added_to(&rows))
    }
}
