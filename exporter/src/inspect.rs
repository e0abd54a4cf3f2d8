//! What is in a checkpoint, and what an export makes of it: parts, parameters, bytes, multiplications.

use moead_model::architecture::{Architecture, Decoder, Distance};
use serde::Serialize;

use crate::backbone::{ConvNorm, Network, Step};
use crate::resolve::{Role, Roles};
use crate::weights::Weights;

/// One part of a checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// `backbone`, `experts 1`, …
    pub name: &'static str,
    /// Tensors.
    pub tensors: usize,
    /// Numbers in them.
    pub parameters: u64,
    /// Their size in the exported file, in f32, before batch norms are folded.
    pub bytes: u64,
    /// Multiply-accumulates for one picture; none for what is not exported.
    pub macs: Option<u64>,
    /// Whether an export holds it.
    pub exported: bool,
}

/// The parts of a checkpoint, exported ones first, in the order of execution.
pub fn parts(architecture: &Architecture, weights: &dyn Weights) -> Vec<Part> {
    let macs = Macs::of(architecture);
    let mut parts: Vec<Part> = Kind::ALL
        .iter()
        .map(|kind| {
            let (name, macs, exported) = match kind {
                Kind::Backbone => ("backbone", Some(macs.backbone), true),
                Kind::Projections => ("input and output projection", Some(macs.projections), true),
                Kind::Positions => ("positions and learned tokens", Some(0), true),
                Kind::Attention => ("attention", Some(macs.attention), true),
                Kind::FeedForward => ("feed-forward", Some(macs.feed_forward), true),
                Kind::Norms => ("layer norms", Some(0), true),
                Kind::Statistics => ("statistics of good pictures", Some(macs.statistics), true),
                Kind::NotNeeded => ("not needed for inference", None, false),
                Kind::Surplus => ("of no known part", None, false),
            };
            Part { name, tensors: 0, parameters: 0, bytes: 0, macs, exported }
        })
        .collect();
    let roles = Roles::new(architecture);
    for name in weights.names() {
        let kind = match roles.of(name) {
            Role::Exported => Kind::of(name),
            Role::NotNeeded => Kind::NotNeeded,
            Role::Surplus => Kind::Surplus,
        };
        let part = &mut parts[kind as usize];
        let numbers = weights.shape(name).unwrap_or_default().iter().map(|&side| side as u64).product::<u64>();
        part.tensors += 1;
        part.parameters += numbers;
        part.bytes += 4 * numbers;
    }
    parts.retain(|part| part.tensors > 0);
    parts
}

/// The parts that people think in.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Backbone,
    Projections,
    Positions,
    Attention,
    FeedForward,
    Norms,
    Statistics,
    NotNeeded,
    Surplus,
}

impl Kind {
    const ALL: [Self; 9] = [
        Self::Backbone,
        Self::Projections,
        Self::Positions,
        Self::Attention,
        Self::FeedForward,
        Self::Norms,
        Self::Statistics,
        Self::NotNeeded,
        Self::Surplus,
    ];

    fn of(name: &str) -> Self {
        let holds = |part: &str| name.contains(part);
        if name.starts_with("backbone.") {
            Self::Backbone
        } else if holds(".features.") || holds(".distance.") {
            Self::Statistics
        } else if holds(".input_proj.") || holds(".output_proj.") {
            Self::Projections
        } else if holds(".pos_embed.") || holds(".learned_embed.") {
            Self::Positions
        } else if holds("attn.") {
            Self::Attention
        } else if holds("norm") {
            Self::Norms
        } else {
            Self::FeedForward
        }
    }
}

/// Multiply-accumulates for one picture, experts by the tokens that choose them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Macs {
    /// Convolutions, squeeze and excitation.
    pub backbone: u64,
    /// Into the hidden size and back.
    pub projections: u64,
    /// All attentions, as exported: what is constant is not counted.
    pub attention: u64,
    /// Gates and chosen experts, or stacked feed-forwards.
    pub feed_forward: u64,
    /// From residuals to distances, beyond their length.
    pub statistics: u64,
}

impl Macs {
    /// Counts them.
    pub fn of(architecture: &Architecture) -> Self {
        let last = architecture.layers().last().copied().unwrap_or(1);
        let network = Network::new(architecture.backbone(), last);
        let reconstruction = architecture.reconstruction();
        let [t, d, c, f] =
            [architecture.grid().tokens(), reconstruction.hidden, architecture.channels(), reconstruction.feed_forward]
                .map(|size| size as u64);
        // Query, key, value, output, scores, weighted sum; a constant query costs nothing.
        let constant_query = 3 * t * d * d + 2 * t * t * d;
        let token_query = 4 * t * d * d + 2 * t * t * d;
        let (attention, feed_forward) = match &reconstruction.decoder {
            Decoder::Shared(rounds) => {
                let (rounds, e, k) = (rounds.rounds as u64, rounds.experts.count as u64, rounds.experts.top_k as u64);
                (constant_query + rounds * token_query, rounds * 2 * t * (d * e + 2 * k * d * f))
            }
            Decoder::Stacked(stacked) => {
                let (encoder, decoder) = (stacked.encoder_layers as u64, stacked.decoder_layers as u64);
                let attention = encoder * token_query + decoder * (constant_query + token_query);
                (attention, (encoder + decoder) * 2 * t * d * f)
            }
        };
        let statistics = match reconstruction.distance {
            Distance::Euclidean => 0,
            Distance::PositionStd => t * c,
            Distance::PositionCov { axes } => {
                let k = axes as u64;
                t * (c * k + k * (k + 1) / 2)
            }
        };
        let backbone = backbone(&network, architecture);
        Self { backbone, projections: 2 * t * d * c, attention, feed_forward, statistics }
    }

    /// Of the whole network.
    pub fn total(&self) -> u64 {
        self.backbone + self.projections + self.attention + self.feed_forward + self.statistics
    }
}

fn backbone(network: &Network, architecture: &Architecture) -> u64 {
    let mut sides = (architecture.input().height, architecture.input().width);
    let mut total = 0;
    let mut run = |conv: &ConvNorm, sides: (usize, usize)| {
        let output = (conv.output_side(sides.0), conv.output_side(sides.1));
        let per_pixel = conv.weight_shape().iter().product::<usize>() as u64;
        total += per_pixel * (output.0 * output.1) as u64;
        output
    };
    let mut excite_macs = 0;
    let mut step = |step: &Step, sides: (usize, usize)| match step {
        Step::Conv(conv) => run(conv, sides),
        Step::SqueezeExcite(excite) => {
            excite_macs += 2 * (excite.channels * excite.squeezed) as u64;
            sides
        }
        Step::MaxPool { .. } => (sides.0 / 2, sides.1 / 2),
    };
    for part in &network.stem {
        sides = step(part, sides);
    }
    for block in &network.blocks {
        let before = sides;
        for part in &block.steps {
            sides = step(part, sides);
        }
        if let crate::backbone::Shortcut::Projected(conv) = &block.shortcut {
            step(&Step::Conv(conv.clone()), before);
        }
    }
    total + excite_macs
}
