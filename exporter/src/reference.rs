//! The network evaluated plainly, straight from its specification: slow, simple, and sharing nothing with the graph.
//!
//! Everything is computed in f64, one image at a time, batch norms unfolded. What an exported file is compared with must
//! not repeat the exporter's mistakes, so nothing here comes from `graph`, `backbone`, `folding` or `resolve`.

use moead_model::architecture::{Architecture, Backbone, Decoder, FeatureForm};

use crate::checkpoint::TensorError;
use crate::weights::Weights;

mod attention;
mod convolution;
mod distance;
mod efficientnet;
mod head;
mod linear;
mod moe;
mod moead;
mod neck;
mod position;
mod resnet;
mod tensor;
mod uniad;

pub use moe::Arithmetic;
pub use tensor::Tensor;

use linear::Linear;
use tensor::Scope;

/// What the network says about one image.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Distance per pixel, H x W.
    pub anomaly_map: Vec<f64>,
    /// Distance per token, h x w.
    pub anomaly_grid: Vec<f64>,
    /// Largest mean of the map over any 16 x 16 window.
    pub pred_score: f64,
    /// Aligned features, averaged over tokens: C values.
    pub embedding: Vec<f64>,
    /// How near the expert choice came to falling otherwise: the smallest (k-th - next logit) / largest absolute logit
    /// of a token, over tokens, gates and rounds. Infinite where nothing is chosen (k = E, UniAD).
    pub smallest_gate_margin: f64,
}

/// Evaluates one normalised image (3 x H x W); `observe` sees the tensors between, under the names and in the shapes of
/// the golden data (`backbone_1`, `round0.norm1`, …), whole and as soon as they are there.
///
/// # Errors
/// [`TensorError`] when a tensor that the network needs is missing, has another shape or cannot be read, or when `input`
/// is not of the network's size.
pub fn evaluate(
    architecture: &Architecture,
    weights: &dyn Weights,
    arithmetic: Arithmetic,
    input: &[f32],
    observe: &mut dyn FnMut(&str, &Tensor),
) -> Result<Evaluation, TensorError> {
    let (size, grid) = (architecture.input(), architecture.grid());
    let expected = vec![3, size.height, size.width];
    if input.len() != expected.iter().product::<usize>() {
        return Err(TensorError::Shape { name: "input".into(), expected, found: vec![input.len()] });
    }
    let pixels = input.iter().map(|&value| f64::from(value)).collect();
    let image = Tensor::new(&[1, 3, size.height, size.width], pixels);

    let backbone = Scope::new(weights, "backbone");
    let layers = match architecture.backbone() {
        Backbone::EfficientNetB0
        | Backbone::EfficientNetB1
        | Backbone::EfficientNetB2
        | Backbone::EfficientNetB3
        | Backbone::EfficientNetB4
        | Backbone::EfficientNetB5
        | Backbone::EfficientNetB6
        | Backbone::EfficientNetLite0 => {
            efficientnet::layers(architecture.backbone(), architecture.layers(), &backbone, image)?
        }
        Backbone::ResNet18 | Backbone::ResNet34 | Backbone::ResNet50 | Backbone::ResNet101 | Backbone::WideResNet50 => {
            resnet::layers(architecture.backbone(), architecture.layers(), &backbone, image)?
        }
    };
    for (index, layer) in layers.iter().enumerate() {
        observe(&format!("backbone_{}", index + 1), layer);
    }
    let feature_align = neck::align(&layers, grid);
    observe("feature_align", &feature_align);

    let settings = architecture.reconstruction();
    let reconstruction = Scope::new(weights, "reconstruction");
    let (channels, hidden) = (architecture.channels(), settings.hidden);
    let position = position::positions(settings.position, &reconstruction.under("pos_embed"), grid, hidden)?;
    let features = neck::tokens_of(&feature_align);
    let features = match settings.features {
        FeatureForm::Raw => features,
        FeatureForm::Normalized => neck::normalized(&features, &reconstruction.under("features"))?,
    };
    let tokens = Linear::read(&reconstruction.under("input_proj"), channels, hidden)?.apply(&features);
    let (decoded, smallest_gate_margin) = match &settings.decoder {
        Decoder::Shared(rounds) => {
            let scope = reconstruction.under("widetransformer");
            moead::decode(settings, (rounds, arithmetic), grid, &scope, &tokens, &position, observe)?
        }
        Decoder::Stacked(stacked) => {
            let scope = reconstruction.under("transformer");
            (uniad::decode(settings, stacked, grid, &scope, tokens, &position, observe)?, f64::INFINITY)
        }
    };
    let rebuilt = Linear::read(&reconstruction.under("output_proj"), hidden, channels)?.apply(&decoded);
    observe("feature_rec", &neck::map_of(&rebuilt, grid));

    let distances = distance::distances(settings.distance, &reconstruction.under("distance"), &features, &rebuilt)?;
    let verdict = head::judge(Tensor::new(&[1, 1, grid.rows, grid.columns], distances), &feature_align, size, observe);
    Ok(Evaluation {
        anomaly_map: verdict.map.data,
        anomaly_grid: verdict.grid.data,
        pred_score: verdict.score,
        embedding: verdict.embedding.data,
        smallest_gate_margin,
    })
}
