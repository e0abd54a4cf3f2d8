//! Which part of the network a node belongs to. The exporter names every node after its part, and engines keep a node's name,
//! or that of one of the nodes that they made one of, with their own signs behind it (`stem_nchwc`, `start_token_3`).

use serde::{Deserialize, Serialize};

/// A part of the network, in the order of a picture's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Features of several layers, by frozen weights.
    Backbone,
    /// The layers' features on one grid.
    Neck,
    /// What the tokens should look like: projections, encoder, attention, experts.
    Decoder,
    /// Distances, map, score, and the mean feature.
    Head,
    /// Not told by the name: what an engine adds of its own, as other layouts of a tensor.
    Other,
}

/// How names begin. The stages of a backbone, the blocks of a decoder and its attentions are counted.
const BEGINNINGS: [(Part, &[&str]); 4] = [
    (Part::Backbone, &["stem", "block", "layer"]),
    (Part::Neck, &["neck"]),
    (
        Part::Decoder,
        &[
            "input_proj",
            "output_proj",
            "neighbor_mask",
            "learned_embed",
            "attention",
            "encoder",
            "decoder",
            "moe_ffn",
            "norms",
            "round",
            "start",
        ],
    ),
    (Part::Head, &["distance", "anomaly_grid", "anomaly_map", "score", "pred_score", "embedding"]),
];

impl Part {
    /// All, in the order of a picture's way.
    pub const ALL: [Self; 5] = [Self::Backbone, Self::Neck, Self::Decoder, Self::Head, Self::Other];

    /// As written: `backbone`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Backbone => "backbone",
            Self::Neck => "neck",
            Self::Decoder => "decoder",
            Self::Head => "head",
            Self::Other => "other",
        }
    }

    /// By a node's name.
    pub fn of(node: &str) -> Self {
        let begins = |beginning: &&'static str| node.strip_prefix(beginning).is_some_and(ends_a_word);
        let known = BEGINNINGS.iter().find(|(_, beginnings)| beginnings.iter().any(begins));
        known.map_or(Self::Other, |(part, _)| *part)
    }
}

/// Whether a word may end in front of this: `blocks` is not `block`.
fn ends_a_word(rest: &str) -> bool {
    rest.chars().next().is_none_or(|next| !next.is_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_part_whatever_engines_put_behind_them() {
        for (name, part) in [
            ("stem_nchwc", Part::Backbone),
            ("block12.depthwise.silu/QuickGeluFusion/", Part::Backbone),
            ("layer1.0.conv2", Part::Backbone),
            ("neck.layer2.columns", Part::Neck),
            ("round3.moe_ffn_2.expert0.fc1", Part::Decoder),
            ("encoder_norm", Part::Decoder),
            ("encoder.0.self_attn.query", Part::Decoder),
            ("start_token_3", Part::Decoder),
            ("anomaly_map", Part::Head),
            ("pred_score", Part::Head),
        ] {
            assert_eq!(Part::of(name), part, "{name}");
        }
    }

    #[test]
    fn names_that_tell_nothing_are_other() {
        for name in ["", "ReorderOutput_token_7", "SkipLayerNormalization", "blocks", "Stem", "gemm_input_reshape", "é"]
        {
            assert_eq!(Part::of(name), Part::Other, "{name}");
        }
    }

    #[test]
    fn parts_are_written_as_they_are_called() {
        for part in Part::ALL {
            assert_eq!(serde_json::to_value(part).unwrap(), part.name());
        }
    }
}
