//! The decoder that rebuilds features: MoEAD's shared block with routed experts, or UniAD's stacked layers.

use super::{ArchitectureError, Distance, TokenGrid};
use crate::onnx::limits::TENSOR_ELEMENTS;

/// The trained part of the network.
#[derive(Debug, Clone, PartialEq)]
pub struct Reconstruction {
    /// What it rebuilds.
    pub features: FeatureForm,
    /// How far what it rebuilds is from what it should.
    pub distance: Distance,
    /// D, `hidden_dim`.
    pub hidden: usize,
    /// `nhead`.
    pub heads: usize,
    /// F, `dim_feedforward`.
    pub feed_forward: usize,
    /// Where positions come from.
    pub position: PositionKind,
    /// `normalize_before`.
    pub norm: NormPlacement,
    /// `neighbor_mask`; none when every token sees every token.
    pub mask: Option<NeighborMask>,
    /// Rounds of one shared block, or stacked layers.
    pub decoder: Decoder,
}

/// What the decoder gets, and what its answer is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeatureForm {
    /// Aligned features as the neck gives them, as published.
    Raw,
    /// (x - mean) * scale, with a mean for each token and channel and a scale for each channel, both of the training pictures. Not in the
    /// reference; what [`super::Architecture::channels`] counts and the model's `embedding` averages are the raw ones all the same.
    Normalized,
}

/// How the decoder is built.
#[derive(Debug, Clone, PartialEq)]
pub enum Decoder {
    /// MoEAD: one block applied several times, its feed-forward chosen per token.
    Shared(Rounds),
    /// UniAD: every layer has its own weights.
    Stacked(Stacked),
}

/// MoEAD's repetition of its one block.
#[derive(Debug, Clone, PartialEq)]
pub struct Rounds {
    /// R, `num_decoder_layers`.
    pub rounds: usize,
    /// The pool of feed-forward experts.
    pub experts: Experts,
    /// The authors' first release (`MoEAD_O`): round i uses the norms 2i to 2i+3 instead of 4i to 4i+3.
    pub overlapping_norms: bool,
}

impl Rounds {
    /// Index of norm `which` (0 to 3) in round `round`, both counted from 0.
    pub fn norm_index(&self, round: usize, which: usize) -> usize {
        (if self.overlapping_norms { 2 * round } else { 4 * round }) + which
    }

    /// How many norms a checkpoint holds, used or not.
    pub fn norms(&self) -> usize {
        4 * self.rounds
    }
}

/// The pool that tokens choose from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Experts {
    /// E, `moe_nume`.
    pub count: usize,
    /// k, `moe_topk`.
    pub top_k: usize,
}

/// UniAD's two stacks.
#[derive(Debug, Clone, PartialEq)]
pub struct Stacked {
    /// `num_encoder_layers`.
    pub encoder_layers: usize,
    /// `num_decoder_layers`.
    pub decoder_layers: usize,
    /// Between the two linear layers of a feed-forward.
    pub activation: Activation,
}

/// A feed-forward's non-linearity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// max(x, 0).
    Relu,
    /// x Φ(x), exact (erf).
    Gelu,
}

/// Where the positions of tokens come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PositionKind {
    /// Tables in the checkpoint; `v3` is another name.
    Learned,
    /// Computed; `v2` is another name.
    Sine,
}

/// Layer norms before or after each part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NormPlacement {
    /// `normalize_before = true`.
    Pre,
    /// `normalize_before = false`, as published.
    Post,
}

/// Which neighbours a token must not look at, itself included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NeighborMask {
    /// Height of the hidden neighbourhood, in tokens: |dy| <= rows / 2 (floor).
    pub rows: usize,
    /// Width of the hidden neighbourhood, in tokens: |dx| <= columns / 2 (floor).
    pub columns: usize,
    /// Encoder, attention 1, attention 2. MoEAD has no encoder and ignores the first.
    pub on: [bool; 3],
}

impl NeighborMask {
    /// Whether `from` must not look at `to`; both (row, column).
    pub fn hides(&self, from: (usize, usize), to: (usize, usize)) -> bool {
        from.0.abs_diff(to.0) <= self.rows / 2 && from.1.abs_diff(to.1) <= self.columns / 2
    }

    /// The first token that sees nothing, if there is one.
    pub fn blinded_token(&self, grid: TokenGrid) -> Option<(usize, usize)> {
        // A token is blind when both ends of its row and of its column lie within reach.
        let blind = |at: usize, length: usize, reach: usize| at <= reach && length - 1 - at <= reach;
        let row = (0..grid.rows).find(|&row| blind(row, grid.rows, self.rows / 2))?;
        let column = (0..grid.columns).find(|&column| blind(column, grid.columns, self.columns / 2))?;
        Some((row, column))
    }
}

/// How many scores one attention has: of each head, each token with each.
pub(super) fn attention_numbers(heads: usize, grid: TokenGrid) -> usize {
    heads.saturating_mul(grid.tokens()).saturating_mul(grid.tokens())
}

impl Reconstruction {
    /// Whether any attention of this decoder uses the mask; `which` is 0 encoder, 1 and 2 the decoder's attentions.
    pub fn mask_on(&self, which: usize) -> Option<&NeighborMask> {
        let used = match &self.decoder {
            Decoder::Shared(_) => which > 0,
            Decoder::Stacked(stacked) => which > 0 || stacked.encoder_layers > 0,
        };
        self.mask.as_ref().filter(|mask| used && mask.on[which])
    }

    pub(super) fn validate(&self, grid: TokenGrid) -> Result<(), ArchitectureError> {
        let at_least_one = |name, value| if value == 0 { Err(ArchitectureError::Zero { name }) } else { Ok(()) };
        if self.hidden < 2 || !self.hidden.is_multiple_of(2) {
            return Err(ArchitectureError::Hidden { hidden: self.hidden });
        }
        if self.heads == 0 || !self.hidden.is_multiple_of(self.heads) {
            return Err(ArchitectureError::Heads { heads: self.heads, hidden: self.hidden });
        }
        if attention_numbers(self.heads, grid) > TENSOR_ELEMENTS {
            return Err(ArchitectureError::Attention { heads: self.heads, grid, limit: TENSOR_ELEMENTS });
        }
        at_least_one("dim_feedforward", self.feed_forward)?;
        match &self.decoder {
            Decoder::Shared(Rounds { rounds, experts, .. }) => {
                at_least_one("num_decoder_layers", *rounds)?;
                at_least_one("moe_nume", experts.count)?;
                if experts.top_k == 0 || experts.top_k > experts.count {
                    return Err(ArchitectureError::TopK { top_k: experts.top_k, experts: experts.count });
                }
            }
            Decoder::Stacked(Stacked { decoder_layers, .. }) => at_least_one("num_decoder_layers", *decoder_layers)?,
        }
        for which in 0..3 {
            if let Some(mask) = self.mask_on(which)
                && let Some((row, column)) = mask.blinded_token(grid)
            {
                let (rows, columns) = (mask.rows, mask.columns);
                return Err(ArchitectureError::BlindMask { rows, columns, grid, row, column });
            }
        }
        Ok(())
    }
}
