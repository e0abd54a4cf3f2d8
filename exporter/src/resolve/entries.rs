//! An architecture as the three net entries of the published configuration, all defaults filled in.

use moead_model::architecture::{
    Activation, Architecture, Decoder, Distance, FeatureForm, NormPlacement, PositionKind,
};
use serde_json::{Value, json};

use super::Variant;
use crate::backbone::Network;

/// What goes into the manifest; [`super::resolve`] reads it back to the same architecture.
pub fn entries(architecture: &Architecture) -> Value {
    let shapes = architecture.layer_shapes();
    let channels: Vec<usize> = shapes.iter().map(|shape| shape.channels).collect();
    let strides: Vec<usize> = shapes.iter().map(|shape| shape.stride).collect();
    let network = Network::whole(architecture.backbone());
    let mut backbone = json!({ "outlayers": architecture.layers(), "outstrides": strides });
    if architecture.backbone().name().starts_with("efficientnet") {
        let blocks: Vec<_> = architecture.layers().iter().filter_map(|&layer| network.block_of_layer(layer)).collect();
        backbone["outblocks"] = json!(blocks);
    }
    let reconstruction = architecture.reconstruction();
    let grid = architecture.grid();
    let mut kwargs = json!({
        "pos_embed_type": match reconstruction.position {
            PositionKind::Learned => "learned",
            PositionKind::Sine => "sine",
        },
        "hidden_dim": reconstruction.hidden,
        "nhead": reconstruction.heads,
        "dim_feedforward": reconstruction.feed_forward,
        "normalize_before": reconstruction.norm == NormPlacement::Pre,
        "feature_size": [grid.rows, grid.columns],
        "neighbor_mask": reconstruction.mask.map(|mask| json!({
            "neighbor_size": [mask.rows, mask.columns],
            "mask": mask.on,
        })),
        "inplanes": [architecture.channels()],
        "instrides": [architecture.stride()],
    });
    // Keys of ours, so only where they say something.
    if reconstruction.features == FeatureForm::Normalized {
        kwargs["features"] = json!("normalized");
    }
    if reconstruction.distance != Distance::Euclidean {
        kwargs["distance"] = json!(reconstruction.distance.to_string());
    }
    let variant = match &reconstruction.decoder {
        Decoder::Shared(rounds) => {
            kwargs["num_encoder_layers"] = json!(0);
            kwargs["num_decoder_layers"] = json!(rounds.rounds);
            kwargs["moe_nume"] = json!(rounds.experts.count);
            kwargs["moe_topk"] = json!(rounds.experts.top_k);
            kwargs["activation"] = json!("relu");
            if rounds.overlapping_norms { Variant::MoeadO } else { Variant::Moead }
        }
        Decoder::Stacked(stacked) => {
            kwargs["num_encoder_layers"] = json!(stacked.encoder_layers);
            kwargs["num_decoder_layers"] = json!(stacked.decoder_layers);
            kwargs["activation"] = json!(match stacked.activation {
                Activation::Relu => "relu",
                Activation::Gelu => "gelu",
            });
            Variant::Uniad
        }
    };
    json!([
        { "name": "backbone", "type": format!("models.backbones.{}", architecture.backbone()), "kwargs": backbone },
        { "name": "neck", "prev": "backbone", "type": "models.necks.MFCN", "kwargs": {
            "inplanes": channels,
            "instrides": strides,
            "outplanes": [architecture.channels()],
            "outstrides": [architecture.stride()],
        } },
        { "name": "reconstruction", "prev": "neck", "type": format!("models.reconstructions.{variant}"), "kwargs": kwargs },
    ])
}
