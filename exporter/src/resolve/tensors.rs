//! Which tensors a network needs, and whether a checkpoint has exactly those.

use std::collections::HashMap;

use moead_model::architecture::{Architecture, Decoder, Distance, FeatureForm, NormPlacement, PositionKind};
use moead_model::onnx::limits::FILE_BYTES;

use super::{ResolveError, Variant};
use crate::backbone::Network;
use crate::checkpoint::TensorError;
use crate::weights::Weights;

/// Of all exported tensors: what a model file holds in half precision. The largest networks that we know have a third of that.
const MOST_NUMBERS: usize = FILE_BYTES as usize / 2;

/// What becomes of a checkpoint's tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Its numbers are in the exported graph.
    Exported,
    /// Part of the network in training; nothing that is exported depends on it.
    NotNeeded,
    /// Of no part of the network.
    Surplus,
}

/// Every tensor that the exported network needs, with its shape.
pub fn expected_tensors(architecture: &Architecture) -> Vec<(String, Vec<usize>)> {
    let last = architecture.layers().last().copied().unwrap_or(1);
    let backbone = Network::new(architecture.backbone(), last).tensors();
    let mut tensors: Vec<_> = backbone.into_iter().map(|(name, shape)| (format!("backbone.{name}"), shape)).collect();
    let reconstruction = architecture.reconstruction();
    let (d, c) = (reconstruction.hidden, architecture.channels());
    let (f, t) = (reconstruction.feed_forward, architecture.grid().tokens());
    let pre_norm = reconstruction.norm == NormPlacement::Pre;
    let mut add = |name: String, shape: &[usize]| tensors.push((format!("reconstruction.{name}"), shape.to_vec()));
    for (name, output, input) in [("input_proj", d, c), ("output_proj", c, d)] {
        add(format!("{name}.weight"), &[output, input]);
        add(format!("{name}.bias"), &[output]);
    }
    if reconstruction.position == PositionKind::Learned {
        add("pos_embed.row_embed.weight".into(), &[architecture.grid().rows, d / 2]);
        add("pos_embed.col_embed.weight".into(), &[architecture.grid().columns, d / 2]);
    }
    if reconstruction.features == FeatureForm::Normalized {
        add("features.mean".into(), &[t, c]);
        add("features.scale".into(), &[c]);
    }
    match reconstruction.distance {
        Distance::Euclidean => {}
        Distance::PositionStd => {
            add("distance.mean".into(), &[t, c]);
            add("distance.scale".into(), &[t, c]);
        }
        Distance::PositionCov { axes } => {
            add("distance.axes".into(), &[axes, c]);
            add("distance.mean".into(), &[t, axes]);
            add("distance.whitening".into(), &[t, triangle(axes)]);
        }
    }
    let mut part = |name: &str, parts: &[(&str, &[usize])]| {
        for (part, shape) in parts {
            add(format!("{name}.{part}"), shape);
        }
    };
    let attention: &[(&str, &[usize])] = &[
        ("in_proj_weight", &[3 * d, d]),
        ("in_proj_bias", &[3 * d]),
        ("out_proj.weight", &[d, d]),
        ("out_proj.bias", &[d]),
    ];
    let norm: &[(&str, &[usize])] = &[("weight", &[d]), ("bias", &[d])];
    match &reconstruction.decoder {
        Decoder::Shared(rounds) => {
            let e = rounds.experts.count;
            let block = "widetransformer";
            part(block, &[("learned_embed.weight", &[t, d])]);
            part(&format!("{block}.share_self_attn"), attention);
            part(&format!("{block}.share_multihead_attn"), attention);
            for index in 0..rounds.norms() {
                part(&format!("{block}.norms.{index}"), norm);
            }
            for pool in ["moe_ffn", "moe_ffn_2"] {
                part(&format!("{block}.{pool}.gate.gate"), &[("weight", &[e, d]), ("bias", &[e])]);
                for expert in 0..e {
                    part(
                        &format!("{block}.{pool}.experts.{expert}"),
                        &[
                            ("htoh4.weight", &[1, f, d]),
                            ("htoh4.bias", &[1, f]),
                            ("h4toh.weight", &[1, d, f]),
                            ("h4toh.bias", &[1, d]),
                        ],
                    );
                }
                if pre_norm {
                    part(&format!("{block}.{pool}.layer_norm"), norm);
                }
            }
            if pre_norm {
                part(&format!("{block}.encoder_norm"), norm);
            }
        }
        Decoder::Stacked(stacked) => {
            let feed_forward: &[(&str, &[usize])] = &[
                ("linear1.weight", &[f, d]),
                ("linear1.bias", &[f]),
                ("linear2.weight", &[d, f]),
                ("linear2.bias", &[d]),
            ];
            for layer in 0..stacked.encoder_layers {
                let name = format!("transformer.encoder.layers.{layer}");
                part(&format!("{name}.self_attn"), attention);
                part(&name, feed_forward);
                part(&format!("{name}.norm1"), norm);
                part(&format!("{name}.norm2"), norm);
            }
            if pre_norm {
                part("transformer.encoder.norm", norm);
            }
            for layer in 0..stacked.decoder_layers {
                let name = format!("transformer.decoder.layers.{layer}");
                part(&name, &[("learned_embed.weight", &[t, d])]);
                part(&format!("{name}.self_attn"), attention);
                part(&format!("{name}.multihead_attn"), attention);
                part(&name, feed_forward);
                for which in 1..=3 {
                    part(&format!("{name}.norm{which}"), norm);
                }
            }
            part("transformer.decoder.norm", norm);
        }
    }
    tensors
}

/// What becomes of each tensor of a checkpoint.
pub struct Roles {
    expected: HashMap<String, Vec<usize>>,
    whole_backbone: HashMap<String, Vec<usize>>,
    post_norm_moe: bool,
}

impl Roles {
    /// For checkpoints of this architecture.
    pub fn new(architecture: &Architecture) -> Self {
        let reconstruction = architecture.reconstruction();
        let shared = matches!(reconstruction.decoder, Decoder::Shared(_));
        Self {
            expected: expected_tensors(architecture).into_iter().collect(),
            whole_backbone: Network::whole(architecture.backbone()).tensors().into_iter().collect(),
            post_norm_moe: shared && reconstruction.norm == NormPlacement::Post,
        }
    }

    /// What becomes of the tensor `name`.
    pub fn of(&self, name: &str) -> Role {
        if self.expected.contains_key(name) {
            return Role::Exported;
        }
        let not_needed = match name.strip_prefix("backbone.") {
            Some(short) => {
                let first = short.split('.').next().unwrap_or(short);
                let classifier = ["_conv_head", "_bn1", "_fc", "fc"].contains(&first);
                let counter = short.strip_suffix(".num_batches_tracked");
                let counts =
                    counter.is_some_and(|norm| self.whole_backbone.contains_key(&format!("{norm}.running_mean")));
                classifier || counts || self.whole_backbone.contains_key(short)
            }
            // Every published MoE holds a layer norm, used or not.
            None => {
                let norm = name.strip_prefix("reconstruction.widetransformer.moe_ffn").is_some_and(|rest| {
                    let rest = rest.strip_prefix("_2").unwrap_or(rest);
                    rest == ".layer_norm.weight" || rest == ".layer_norm.bias"
                });
                self.post_norm_moe && norm
            }
        };
        if not_needed { Role::NotNeeded } else { Role::Surplus }
    }
}

/// How many numbers a lower triangle has, its diagonal among them.
fn triangle(side: usize) -> usize {
    side * (side + 1) / 2
}

/// Factors, and the diagonals of matrices that whiten, are above 0.
fn check_distance(weights: &dyn Weights, distance: Distance) -> Result<(), TensorError> {
    let (name, of_place) = match distance {
        Distance::Euclidean => return Ok(()),
        Distance::PositionStd => ("reconstruction.distance.scale", vec![true]),
        Distance::PositionCov { axes } => {
            let mut is_diagonal = vec![false; triangle(axes)];
            (1..=axes).for_each(|rows| is_diagonal[triangle(rows) - 1] = true);
            ("reconstruction.distance.whitening", is_diagonal)
        }
    };
    let values = weights.read(name)?;
    let is_wrong = |(value, is_checked): (&f32, &bool)| *is_checked && (value.is_nan() || *value <= 0.0);
    match values.iter().zip(of_place.iter().cycle()).position(is_wrong) {
        None => Ok(()),
        Some(index) => Err(TensorError::NotPositive { name: name.to_owned(), index, value: values[index] }),
    }
}

/// Exactly the tensors of the network, each of its shape.
pub(super) fn check(weights: &dyn Weights, architecture: &Architecture, variant: Variant) -> Result<(), ResolveError> {
    let named = || format!("{variant} on {}", architecture.backbone());
    let expected = expected_tensors(architecture);
    let missing: Vec<&String> =
        expected.iter().map(|(name, _)| name).filter(|name| weights.shape(name).is_none()).collect();
    if let Some(first) = missing.first() {
        return Err(ResolveError::Missing { first: (*first).clone(), count: missing.len() });
    }
    let numbers = |shape: &[usize]| shape.iter().fold(1_usize, |product, side| product.saturating_mul(*side));
    let found = expected.iter().fold(0_usize, |sum, (_, shape)| sum.saturating_add(numbers(shape)));
    if found > MOST_NUMBERS {
        return Err(ResolveError::TooLarge { network: named(), found, limit: MOST_NUMBERS });
    }
    for (name, shape) in expected {
        let found = weights.shape(&name).unwrap_or_default();
        if found != shape {
            return Err(TensorError::Shape { name, expected: shape, found: found.to_vec() }.into());
        }
    }
    check_distance(weights, architecture.reconstruction().distance)?;
    let roles = Roles::new(architecture);
    let surplus: Vec<&str> = weights.names().filter(|name| roles.of(name) == Role::Surplus).collect();
    match surplus.first() {
        None => Ok(()),
        Some(first) => {
            Err(ResolveError::Surplus { first: (*first).to_owned(), count: surplus.len(), network: named() })
        }
    }
}

#[cfg(test)]
mod tests {
    use moead_model::architecture::{
        Architecture, Backbone, Experts, FeatureForm, ImageSize, NormPlacement, PositionKind, Reconstruction, Rounds,
    };

    use super::*;

    /// Has every tensor that it is asked for, and no file is behind.
    struct Claims(HashMap<String, Vec<usize>>);

    impl Weights for Claims {
        fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
            Box::new(self.0.keys().map(String::as_str))
        }

        fn shape(&self, name: &str) -> Option<&[usize]> {
            self.0.get(name).map(Vec::as_slice)
        }

        fn read(&self, name: &str) -> Result<Vec<f32>, TensorError> {
            panic!("{name} was read")
        }
    }

    #[test]
    fn a_network_that_no_file_holds_is_refused_before_it_is_read() {
        let pool = |count| {
            let decoder =
                Decoder::Shared(Rounds { rounds: 3, experts: Experts { count, top_k: 2 }, overlapping_norms: false });
            let reconstruction = Reconstruction {
                features: FeatureForm::Raw,
                distance: Distance::Euclidean,
                hidden: 256,
                heads: 4,
                feed_forward: 1024,
                position: PositionKind::Sine,
                norm: NormPlacement::Post,
                mask: None,
                decoder,
            };
            let input = ImageSize { height: 64, width: 64 };
            let architecture =
                Architecture::new(Backbone::EfficientNetB0, vec![1, 2, 3, 4], 16, input, reconstruction).unwrap();
            let claims = Claims(expected_tensors(&architecture).into_iter().collect());
            check(&claims, &architecture, Variant::Moead)
        };
        pool(8).unwrap();
        let error = pool(1000).unwrap_err().to_string();
        let expected =
            "the tensors of MoEAD on efficientnet_b0 have 1053153296 numbers in all, expected at most 268435456";
        assert_eq!(error, expected);
    }
}
