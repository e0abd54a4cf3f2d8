//! What the shapes of a checkpoint's tensors say.

use moead_model::architecture::{Distance, TokenGrid};

use super::ResolveError;
use super::settings::LARGEST;
use crate::checkpoint::TensorError;
use crate::weights::Weights;

/// Facts that are read from names and shapes alone.
#[derive(Debug)]
pub(super) struct Evidence {
    pub(super) family: Family,
    /// D.
    pub(super) hidden: usize,
    /// C.
    pub(super) channels: usize,
    /// Tensor and F.
    pub(super) feed_forward: (String, usize),
    /// T.
    pub(super) tokens: usize,
    /// The tensor that says so.
    pub(super) learned_embed: String,
    /// Rows and columns of the learned positions.
    pub(super) grid: Option<TokenGrid>,
    /// Whether there are numbers to normalise features with.
    pub(super) normalizes: bool,
    /// The tensor that tells which distance it is.
    pub(super) distance: Option<(&'static str, Distance)>,
    /// Whether the norm behind the memory is there.
    pub(super) has_memory_norm: bool,
}

/// Which of the two kinds of decoder the names belong to.
#[derive(Debug)]
pub(super) enum Family {
    Shared { rounds: usize, experts: usize },
    Stacked { encoder_layers: usize, decoder_layers: usize },
}

impl Evidence {
    pub(super) fn read(weights: &dyn Weights) -> Result<Self, ResolveError> {
        let is_shared = weights.names().any(|name| name.starts_with("reconstruction.widetransformer."));
        let is_stacked = weights.names().any(|name| name.starts_with("reconstruction.transformer."));
        if !is_shared && !is_stacked {
            let names: Vec<&str> = weights.names().take(3).collect();
            let count = weights.names().count();
            let found =
                if count == 0 { "no tensors".into() } else { format!("{count} tensors ({}, …)", names.join(", ")) };
            return Err(ResolveError::NotOurs { found });
        }
        let input = shape::<2>(weights, "reconstruction.input_proj.weight")?;
        let (learned_embed, inner, memory_norm) = if is_shared {
            let block = "reconstruction.widetransformer";
            (
                format!("{block}.learned_embed.weight"),
                format!("{block}.moe_ffn.experts.0.htoh4.weight"),
                format!("{block}.encoder_norm.weight"),
            )
        } else {
            let stack = "reconstruction.transformer";
            (
                format!("{stack}.decoder.layers.0.learned_embed.weight"),
                format!("{stack}.decoder.layers.0.linear1.weight"),
                format!("{stack}.encoder.norm.weight"),
            )
        };
        let family = if is_shared {
            let gate = shape::<2>(weights, "reconstruction.widetransformer.moe_ffn.gate.gate.weight")?;
            let norms = count_numbered(weights, "reconstruction.widetransformer.norms.", "weight")?;
            let expert = "reconstruction.widetransformer.moe_ffn.experts.";
            refuse_gap(weights, gate[0], expert, "htoh4.weight")?;
            if norms == 0 || !norms.is_multiple_of(4) {
                let first = format!("reconstruction.widetransformer.norms.{norms}.weight");
                return Err(ResolveError::Missing { first, count: (4 - norms % 4) * 2 });
            }
            Family::Shared { rounds: norms / 4, experts: gate[0] }
        } else {
            Family::Stacked {
                encoder_layers: count_numbered(weights, "reconstruction.transformer.encoder.layers.", "norm1.weight")?,
                decoder_layers: count_numbered(weights, "reconstruction.transformer.decoder.layers.", "norm1.weight")?,
            }
        };
        let feed_forward = match &family {
            Family::Shared { .. } => shape::<3>(weights, &inner)?[1],
            Family::Stacked { .. } => shape::<2>(weights, &inner)?[0],
        };
        let row = "reconstruction.pos_embed.row_embed.weight";
        let column = "reconstruction.pos_embed.col_embed.weight";
        let grid = match (weights.shape(row), weights.shape(column)) {
            (None, None) => None,
            _ => Some(TokenGrid { rows: shape::<2>(weights, row)?[0], columns: shape::<2>(weights, column)?[0] }),
        };
        Ok(Self {
            family,
            hidden: input[0],
            channels: input[1],
            feed_forward: (inner, feed_forward),
            tokens: shape::<2>(weights, &learned_embed)?[0],
            learned_embed,
            grid,
            normalizes: weights.shape("reconstruction.features.mean").is_some(),
            distance: distance(weights)?,
            has_memory_norm: weights.shape(&memory_norm).is_some(),
        })
    }
}

/// Statistics of a distance, if there are any.
fn distance(weights: &dyn Weights) -> Result<Option<(&'static str, Distance)>, ResolveError> {
    let (axes, scale) = ("reconstruction.distance.axes", "reconstruction.distance.scale");
    if weights.shape(axes).is_some() {
        let [count, _] = shape::<2>(weights, axes)?;
        return Ok(Some((axes, Distance::PositionCov { axes: count })));
    }
    Ok(weights.shape(scale).map(|_| (scale, Distance::PositionStd)))
}

/// A tensor's shape when it has `RANK` sides, each of which a network can have.
fn shape<const RANK: usize>(weights: &dyn Weights, name: &str) -> Result<[usize; RANK], ResolveError> {
    let Some(found) = weights.shape(name) else {
        return Err(ResolveError::Missing { first: name.to_owned(), count: 1 });
    };
    let sides: [usize; RANK] = found.try_into().map_err(|_| TensorError::Rank {
        name: name.to_owned(),
        expected: RANK,
        found: found.to_vec(),
    })?;
    // A side of 0 makes the others free: an empty tensor may claim any number of experts.
    if sides.iter().any(|&side| side == 0 || side as u64 > LARGEST) {
        return Err(TensorError::Sides { name: name.to_owned(), limit: LARGEST, found: found.to_vec() }.into());
    }
    Ok(sides)
}

/// One more than the highest number behind `prefix`; a small gap shows as a missing tensor later on.
fn count_numbered(weights: &dyn Weights, prefix: &str, part: &str) -> Result<usize, ResolveError> {
    let number = |name: &str| name.strip_prefix(prefix)?.split('.').next()?.parse::<usize>().ok();
    // A checkpoint with a million layers does not exist; the number is a claim of the file.
    let count = weights.names().filter_map(number).filter(|&number| number < 1_000_000).max().map_or(0, |it| it + 1);
    refuse_gap(weights, count, prefix, part)?;
    Ok(count)
}

/// Each of `count` parts has tensors of its own, so there cannot be more of them than tensors. Found here, before anybody
/// lists the tensors of a million parts.
fn refuse_gap(weights: &dyn Weights, count: usize, prefix: &str, part: &str) -> Result<(), ResolveError> {
    if count <= weights.names().count() {
        return Ok(());
    }
    let name = |number: usize| format!("{prefix}{number}.{part}");
    let first = (0..count).map(name).find(|name| weights.shape(name).is_none());
    // Names are there once each, so one is missing.
    Err(ResolveError::Missing { first: first.unwrap_or_else(|| name(count)), count: 1 })
}
