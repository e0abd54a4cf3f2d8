//! Which backbone a checkpoint stands on, and which of its layers are listened to.

use moead_model::architecture::Backbone;

use super::settings::Settings;
use super::{Assumed, Origin, Question, ResolveError};
use crate::backbone::Network;
use crate::weights::Weights;

/// The backbone by `arch` and by tensors; both must agree.
pub(super) fn backbone(settings: &Settings, weights: &dyn Weights) -> Result<Backbone, ResolveError> {
    let said = settings.backbone;
    let present = weights.names().filter(|name| name.starts_with("backbone.")).count();
    if present == 0 {
        let expected = said.map_or("a backbone".to_owned(), |backbone| backbone.to_string());
        return Err(ResolveError::NoBackbone { expected });
    }
    let mut fitting: Vec<Backbone> = Backbone::ALL.into_iter().filter(|&backbone| fits(weights, backbone)).collect();
    // A small ResNet is the beginning of a larger one; the one that is there to its end is meant.
    if fitting.iter().any(|&backbone| complete(weights, backbone)) {
        fitting.retain(|&backbone| complete(weights, backbone));
    }
    match (said, fitting.as_slice()) {
        (Some(said), fitting) if fitting.contains(&said) => Ok(said),
        // Not even one name in place: let the list of tensors say what is wrong.
        (Some(said), []) => Ok(said),
        (Some(said), [other, ..]) => Err(ResolveError::Conflict {
            setting: "backbone",
            first: said.to_string(),
            first_origin: Origin::Arch("backbone.type".into()),
            second: other.to_string(),
            second_origin: Origin::Implied("the tensors under `backbone.`".into()),
        }),
        (None, [only]) => Ok(*only),
        (None, fitting) => {
            let join = |names: &[Backbone]| names.iter().map(|b| b.name()).collect::<Vec<_>>().join(", ");
            let found = if fitting.is_empty() { "none of them".into() } else { join(fitting) };
            Err(ResolveError::UnknownBackbone { expected: join(&Backbone::ALL), found })
        }
    }
}

/// Whether the tensors present are those of `backbone`, up to some block; a cut-off tail is fine.
fn fits(weights: &dyn Weights, backbone: Backbone) -> bool {
    let network = Network::whole(backbone);
    let tensors: std::collections::HashMap<String, Vec<usize>> = network.tensors().into_iter().collect();
    let in_block = |name: &str| {
        let first = name.split('.').next().unwrap_or(name);
        first == "_blocks" || (first.starts_with("layer") && first[5..].bytes().all(|byte| byte.is_ascii_digit()))
    };
    let mut count = 0;
    for name in weights.names() {
        let Some(short) = name.strip_prefix("backbone.") else { continue };
        match (tensors.get(short), weights.shape(name)) {
            (Some(expected), Some(found)) if expected == found => count += 1,
            (Some(_), _) => return false,
            (None, _) if in_block(short) && !short.ends_with(".num_batches_tracked") => return false,
            (None, _) => {}
        }
    }
    count > 0 && weights.shape(&format!("backbone.{}", network.tensors()[0].0)).is_some()
}

/// Whether every tensor of `backbone` is there.
fn complete(weights: &dyn Weights, backbone: Backbone) -> bool {
    let tensors = Network::whole(backbone).tensors();
    tensors.iter().all(|(name, _)| weights.shape(&format!("backbone.{name}")).is_some())
}

/// The layers by `outlayers`, `outblocks`, strides or channels, else by the channels that `input_proj` takes.
pub(super) fn layers(
    settings: &Settings,
    backbone: Backbone,
    channels: usize,
    assumed: &mut Vec<Assumed>,
) -> Result<Vec<usize>, ResolveError> {
    let shapes = backbone.layers();
    let network = Network::whole(backbone);
    let of_block = |block: usize| network.blocks.get(block).and_then(|block| block.layer);
    let blocks = settings.out_blocks.as_ref();
    if let Some(blocks) = blocks
        && let Some(block) = blocks.iter().find(|&&block| of_block(block).is_none())
    {
        let known: Vec<usize> = (1..=shapes.len()).filter_map(|layer| network.block_of_layer(layer)).collect();
        return Err(ResolveError::Arch {
            path: "backbone.kwargs.outblocks".into(),
            expected: format!("blocks out of {known:?}, the layers of {backbone}"),
            found: block.to_string(),
        });
    }
    let by_blocks = blocks.map(|blocks| blocks.iter().filter_map(|&block| of_block(block)).collect::<Vec<_>>());
    let by_strides = |strides: &Option<Vec<usize>>| {
        let of_stride = |stride: usize| shapes.iter().position(|shape| shape.stride == stride).map(|index| index + 1);
        strides.as_ref().and_then(|strides| strides.iter().map(|&stride| of_stride(stride)).collect::<Option<Vec<_>>>())
    };
    let answer = Question::new("outlayers")
        .ask(Origin::Arch("backbone.outlayers".into()), settings.out_layers.clone())?
        .ask(Origin::Arch("backbone.outblocks".into()), by_blocks)?
        .ask(Origin::Arch("backbone.outstrides".into()), by_strides(&settings.layer_strides[0]))?
        .ask(Origin::Arch("neck.instrides".into()), by_strides(&settings.layer_strides[1]))?
        .answer();
    if let Some(layers) = answer {
        let sum: usize = layers.iter().filter_map(|&layer| shapes.get(layer.wrapping_sub(1))).map(|s| s.channels).sum();
        if sum != channels {
            return Err(ResolveError::Conflict {
                setting: "outplanes",
                first: format!("{sum} channels in layers {layers:?} of {backbone}"),
                first_origin: Origin::Arch("backbone".into()),
                second: format!("{channels} channels"),
                second_origin: Origin::Tensor("reconstruction.input_proj.weight".into()),
            });
        }
        return Ok(layers);
    }
    let subset = |bits: usize| (1..=shapes.len()).filter(|layer| bits >> (layer - 1) & 1 == 1).collect::<Vec<_>>();
    let sum = |layers: &[usize]| layers.iter().map(|layer| shapes[layer - 1].channels).sum::<usize>();
    let fitting: Vec<Vec<usize>> =
        (1..1 << shapes.len()).map(subset).filter(|layers| sum(layers) == channels).collect();
    let official = vec![1, 2, 3, 4];
    match fitting.as_slice() {
        [only] => Ok(only.clone()),
        several if several.contains(&official) => {
            assumed.push(Assumed { setting: "outlayers", value: format!("{official:?}") });
            Ok(official)
        }
        several => {
            let found = if several.is_empty() { "none".into() } else { format!("{several:?}") };
            Err(ResolveError::Layers { backbone, channels, found })
        }
    }
}
