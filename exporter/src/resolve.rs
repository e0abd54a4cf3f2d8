//! Tensors, the file's own settings (`arch`) and the caller's wishes become one [`Architecture`].
//!
//! Every setting may be answered by several of them. They must agree: a contradiction is an error that shows both answers.
//! What nobody answers takes the official value of the paper and is listed in [`Resolved::assumed`].

use std::fmt;

use moead_model::architecture::{
    Architecture, ArchitectureError, Backbone, Decoder, Distance, Experts, FeatureForm, ImageSize, NeighborMask,
    NormPlacement, PositionKind, Reconstruction, Rounds, Stacked, TokenGrid,
};
use serde_json::Value;

use crate::weights::Weights;

mod backbone_file;
mod entries;
mod error;
mod evidence;
mod layers;
mod question;
mod settings;
mod tensors;

pub use backbone_file::WithBackbone;
pub use entries::entries;
pub use error::ResolveError;
pub use question::{Assumed, Origin};
pub use tensors::{Role, Roles, expected_tensors};

use evidence::{Evidence, Family};
use question::{Question, words};
use settings::Settings;

/// Which reconstruction a checkpoint holds; nothing in the tensors tells the first two apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// The published class `MoEAD`.
    Moead,
    /// The authors' first release, class `MoEAD_O`: norms shared between neighbouring rounds.
    MoeadO,
    /// UniAD, the peer with stacked blocks.
    Uniad,
}

impl Variant {
    /// Every variant.
    pub const ALL: [Self; 3] = [Self::Moead, Self::MoeadO, Self::Uniad];

    /// The class name in `arch`.
    pub fn class(self) -> &'static str {
        match self {
            Self::Moead => "MoEAD",
            Self::MoeadO => "MoEAD_O",
            Self::Uniad => "UniAD",
        }
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.class())
    }
}

/// What the caller asks for by himself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wishes {
    /// For files whose `arch` does not say.
    pub variant: Option<Variant>,
    /// The network's input.
    pub input: Option<ImageSize>,
}

/// What a checkpoint turned out to be.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The network.
    pub architecture: Architecture,
    /// Which class.
    pub variant: Variant,
    /// Settings that took the official value because nobody gave one.
    pub assumed: Vec<Assumed>,
    /// Keys of `arch` that mean nothing to an inference network and to nobody we know.
    pub unknown_keys: Vec<String>,
}

/// The backbone that tensors under `backbone.` belong to; nothing else need be there.
///
/// # Errors
/// [`ResolveError::NoBackbone`], [`ResolveError::UnknownBackbone`]
pub fn recognised_backbone(weights: &dyn Weights) -> Result<Backbone, ResolveError> {
    layers::backbone(&Settings::default(), weights)
}

/// Reads the whole network out of `weights` and `arch`, and checks every tensor's presence and shape.
///
/// # Errors
/// [`ResolveError`]: what contradicts what, which tensor is missing, surplus or of another shape.
pub fn resolve(weights: &dyn Weights, arch: Option<&Value>, wishes: Wishes) -> Result<Resolved, ResolveError> {
    let settings = arch.map(Settings::parse).transpose()?.unwrap_or_default();
    let evidence = Evidence::read(weights)?;
    let mut assumed = Vec::new();
    let arch_says = |path: &str| Origin::Arch(path.to_owned());
    let tensor = |name: &str| Origin::Tensor(name.to_owned());

    let variant = variant(&settings, &evidence, wishes, &mut assumed)?;
    let backbone = layers::backbone(&settings, weights)?;
    let layers = layers::layers(&settings, backbone, evidence.channels, &mut assumed)?;
    let stride = Question::new("outstrides")
        .ask(arch_says("neck.outstrides"), settings.neck_stride)?
        .ask(arch_says("reconstruction.instrides"), settings.reconstruction_stride)?
        .or_assume(&mut assumed, 16);

    let hidden = Question::new("hidden_dim")
        .ask(arch_says("reconstruction.hidden_dim"), settings.hidden)?
        .ask(tensor("reconstruction.input_proj.weight"), Some(evidence.hidden))?
        .or_assume(&mut assumed, 256);
    let heads =
        Question::new("nhead").ask(arch_says("reconstruction.nhead"), settings.heads)?.or_assume(&mut assumed, 8);
    let feed_forward = Question::new("dim_feedforward")
        .ask(arch_says("reconstruction.dim_feedforward"), settings.feed_forward)?
        .ask(tensor(&evidence.feed_forward.0), Some(evidence.feed_forward.1))?
        .or_assume(&mut assumed, 1024);
    let position = Question::new("pos_embed_type")
        .ask(arch_says("reconstruction.pos_embed_type"), settings.position)?
        .ask(tensor("reconstruction.pos_embed.row_embed.weight"), evidence.grid.map(|_| PositionKind::Learned))?;
    let position = match (position.answer(), evidence.grid) {
        (Some(PositionKind::Learned), None) => {
            let first = "reconstruction.pos_embed.row_embed.weight".to_owned();
            return Err(ResolveError::Missing { first, count: 2 });
        }
        (Some(position), _) => position,
        // No tables in the file: the positions were computed.
        (None, _) => PositionKind::Sine,
    };
    let norm_tensor = match evidence.family {
        Family::Shared { .. } => "reconstruction.widetransformer.encoder_norm.weight",
        Family::Stacked { .. } => "reconstruction.transformer.encoder.norm.weight",
    };
    let pre_norm = Question::new("normalize_before")
        .ask(arch_says("reconstruction.normalize_before"), settings.normalize_before)?
        .ask(tensor(norm_tensor), evidence.has_memory_norm.then_some(true))?
        .answer()
        // The norm of the memory exists exactly in pre-norm networks.
        .unwrap_or(false);
    let norm = if pre_norm { NormPlacement::Pre } else { NormPlacement::Post };

    let official_mask = NeighborMask { rows: 7, columns: 7, on: [true, true, true] };
    let mask = match settings.mask {
        Some(mask) => mask,
        None => {
            assumed.push(Assumed { setting: "neighbor_mask", value: "7x7 on [true, true, true]".into() });
            Some(official_mask)
        }
    };
    let normalizes = evidence.normalizes.then_some(FeatureForm::Normalized);
    let features = Question::new("features")
        .ask(arch_says("reconstruction.features"), settings.features)?
        .ask(tensor("reconstruction.features.mean"), normalizes)?
        .answer()
        .unwrap_or(FeatureForm::Raw);
    let distance = distance(&settings, &evidence)?;
    let decoder = decoder(&settings, &evidence, variant, &mut assumed)?;
    let grid = grid(&settings, &evidence, wishes, stride, &mut assumed)?;
    let input = ImageSize { height: grid.rows * stride, width: grid.columns * stride };
    let reconstruction =
        Reconstruction { features, distance, hidden, heads, feed_forward, position, norm, mask, decoder };
    let architecture = Architecture::new(backbone, layers, stride, input, reconstruction)
        .map_err(|source| ResolveError::Architecture { source, assumed: assumed.clone() })?;
    settings.check_planes(&architecture)?;
    tensors::check(weights, &architecture, variant)?;
    Ok(Resolved { architecture, variant, assumed, unknown_keys: settings.unknown_keys })
}

fn variant(
    settings: &Settings,
    evidence: &Evidence,
    wishes: Wishes,
    assumed: &mut Vec<Assumed>,
) -> Result<Variant, ResolveError> {
    let origin = Question::new("variant")
        .ask(Origin::Arch("reconstruction.type".into()), settings.variant.map(Variant::class))?
        .ask(Origin::Caller, wishes.variant.map(Variant::class))?
        .answered()
        .map(|(origin, _)| origin);
    let said = origin.zip(settings.variant.or(wishes.variant));
    let variant = match (said, &evidence.family) {
        (Some((_, variant)), Family::Shared { .. }) if variant != Variant::Uniad => variant,
        (Some((_, Variant::Uniad)) | None, Family::Stacked { .. }) => Variant::Uniad,
        (None, Family::Shared { .. }) => {
            assumed.push(Assumed { setting: "variant", value: Variant::Moead.to_string() });
            Variant::Moead
        }
        (Some((first_origin, first)), family) => {
            let (second, tensor) = match family {
                Family::Shared { .. } => ("MoEAD or MoEAD_O", "reconstruction.widetransformer.learned_embed.weight"),
                Family::Stacked { .. } => ("UniAD", "reconstruction.transformer.decoder.norm.weight"),
            };
            return Err(ResolveError::Conflict {
                setting: "variant",
                first: first.to_string(),
                first_origin,
                second: second.into(),
                second_origin: Origin::Tensor(tensor.into()),
            });
        }
    };
    Ok(variant)
}

/// Silent files have the published one.
fn distance(settings: &Settings, evidence: &Evidence) -> Result<Distance, ResolveError> {
    let (tensor, found) = evidence.distance.unzip();
    // As texts: a conflict shows the names that people write.
    Question::new("distance")
        .ask(Origin::Arch("reconstruction.distance".into()), settings.distance.map(|said| said.to_string()))?
        .ask(Origin::Tensor(tensor.unwrap_or_default().into()), found.map(|found| found.to_string()))?;
    Ok(settings.distance.or(found).unwrap_or(Distance::Euclidean))
}

fn decoder(
    settings: &Settings,
    evidence: &Evidence,
    variant: Variant,
    assumed: &mut Vec<Assumed>,
) -> Result<Decoder, ResolveError> {
    let arch_says = |key: &str| Origin::Arch(format!("reconstruction.{key}"));
    let count = |setting: &'static str, said: Option<usize>, (name, found): (&str, usize)| {
        let question = Question::new(setting).ask(arch_says(setting), said)?;
        Ok::<_, ResolveError>(question.ask(Origin::Tensor(name.into()), Some(found))?.answer().unwrap_or(found))
    };
    Ok(match &evidence.family {
        Family::Shared { rounds, experts } => {
            let norms = "reconstruction.widetransformer.norms";
            let gate = "reconstruction.widetransformer.moe_ffn.gate.gate.weight";
            if let Some(activation) = settings.activation
                && activation != moead_model::architecture::Activation::Relu
            {
                return Err(ResolveError::Arch {
                    path: "reconstruction.activation".into(),
                    expected: "relu, the only one that MoEAD's experts have".into(),
                    found: words(&activation),
                });
            }
            let experts = count("moe_nume", settings.experts, (gate, *experts))?;
            let top_k = Question::new("moe_topk").ask(arch_says("moe_topk"), settings.top_k)?;
            Decoder::Shared(Rounds {
                rounds: count("num_decoder_layers", settings.decoder_layers, (norms, *rounds))?,
                experts: Experts { count: experts, top_k: top_k.or_assume(assumed, 2.min(experts)) },
                overlapping_norms: variant == Variant::MoeadO,
            })
        }
        Family::Stacked { encoder_layers, decoder_layers } => {
            let (encoder, decoder) =
                ("reconstruction.transformer.encoder.layers", "reconstruction.transformer.decoder.layers");
            let activation = Question::new("activation").ask(arch_says("activation"), settings.activation)?;
            Decoder::Stacked(Stacked {
                encoder_layers: count("num_encoder_layers", settings.encoder_layers, (encoder, *encoder_layers))?,
                decoder_layers: count("num_decoder_layers", settings.decoder_layers, (decoder, *decoder_layers))?,
                activation: activation.or_assume(assumed, moead_model::architecture::Activation::Relu),
            })
        }
    })
}

fn grid(
    settings: &Settings,
    evidence: &Evidence,
    wishes: Wishes,
    stride: usize,
    assumed: &mut Vec<Assumed>,
) -> Result<TokenGrid, ResolveError> {
    if let Some(size) = wishes.input
        && (!size.height.is_multiple_of(stride) || !size.width.is_multiple_of(stride))
    {
        let source = ArchitectureError::InputSize { size, stride };
        return Err(ResolveError::Architecture { source, assumed: Vec::new() });
    }
    let sides = |grid: TokenGrid| format!("{grid} tokens (input {}x{})", grid.rows * stride, grid.columns * stride);
    let wished = wishes.input.map(|size| TokenGrid { rows: size.height / stride, columns: size.width / stride });
    let answer = Question::new("feature_size")
        .ask(Origin::Arch("reconstruction.feature_size".into()), settings.feature_size.map(sides))?
        .ask(
            Origin::Tensor("reconstruction.pos_embed.row_embed.weight and col_embed.weight".into()),
            evidence.grid.map(sides),
        )?
        .ask(Origin::Caller, wished.map(sides))?;
    let grid = settings.feature_size.or(evidence.grid).or(wished);
    let grid = match grid {
        Some(grid) => grid,
        None => {
            let side = evidence.tokens.isqrt();
            if side * side != evidence.tokens {
                return Err(ResolveError::UnknownGrid { tokens: evidence.tokens });
            }
            let square = TokenGrid { rows: side, columns: side };
            assumed.push(Assumed { setting: "feature_size", value: sides(square) });
            square
        }
    };
    // Whatever the sides, their product is the number of learned tokens.
    if grid.tokens() != evidence.tokens {
        let (origin, first) = answer.answered().unwrap_or((Origin::Caller, sides(grid)));
        return Err(ResolveError::Conflict {
            setting: "feature_size",
            first: format!("{first}, {} in all,", grid.tokens()),
            first_origin: origin,
            second: format!("{} tokens", evidence.tokens),
            second_origin: Origin::Tensor(evidence.learned_embed.clone()),
        });
    }
    Ok(grid)
}
