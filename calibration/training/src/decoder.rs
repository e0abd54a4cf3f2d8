//! MoEAD's decoder, the part that is trained: forwards, and backwards by hand.
//!
//! ```text
//! z = input_proj(tokens), m = z, or encoder_norm(z) when norms stand in front
//! a = attention1(query = learned_embed + p, key = m + p, value = m)
//! o = m; in each round:
//!   t = norm0(learned_embed + a);  t = norm1(t + attention2(query = t + p, key = o + p, value = o))
//!   o = norm2(moe_ffn(t));         o = norm3(moe_ffn_2(o))
//! rebuilt = output_proj(o)
//! ```
//!
//! One block, all rounds: its gradients add up over them. Derivatives are written out, not recorded: the network is small, nothing is kept that
//! is not needed, and a step is the same to the bit wherever it is repeated with the same vector unit. Tests compare them with differences in
//! 64 bits, and steps with the published code's.
//!
//! Tokens are rows: of an image, of all images of a batch one behind the other.

mod attention;
mod balance;
mod dropout;
mod experts;
mod layer_norm;
mod linear;
mod position;

use moead_model::architecture::{Decoder as Kind, NormPlacement, Reconstruction, Rounds, TokenGrid};

use crate::number::Number;
use crate::parameters::{Layout, Place};
use crate::random::Seed;
use crate::vectors::{add, add_each, add_to_each, sum};
use attention::{Attended, Attention, Inputs};
use dropout::Dropout;
use experts::{Mixed, MixtureOfExperts, Sizes};
use layer_norm::{LayerNorm, Normalized};
use linear::Linear;
use position::Positions;

/// The decoder's structure; its numbers are elsewhere.
#[derive(Debug, Clone)]
pub struct Decoder {
    layout: Layout,
    channels: usize,
    grid: TokenGrid,
    width: usize,
    rounds: Rounds,
    /// By attention: tokens x tokens, whether the first must not look at the second.
    hidden: [Option<Vec<bool>>; 2],
    positions: Positions,
    embedding: Place,
    input: Linear,
    output: Linear,
    first_attention: Attention,
    second_attention: Attention,
    norms: Vec<LayerNorm>,
    experts: [MixtureOfExperts; 2],
    encoder_norm: Option<LayerNorm>,
}

/// What cannot be trained here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecoderError {
    /// UniAD's layers.
    #[error("reconstruction: expected MoEAD's shared block, found stacked layers (UniAD)")]
    Stacked,
}

/// What acts in training only.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// Of the run.
    pub seed: Seed,
    /// Counted from 0.
    pub step: u64,
    /// Share of the numbers that dropout makes 0: of attention weights, after each attention, inside of experts, after them.
    pub dropout: f64,
}

impl Noise {
    /// Nothing is dropped.
    pub const NONE: Self = Self { seed: Seed(0), step: 0, dropout: 0.0 };

    fn at(self, site: usize) -> Dropout {
        Dropout::new(self.seed, self.step, site as u64, self.dropout)
    }
}

/// What the decoder found, and what the way back needs.
pub struct Passed<T> {
    /// The features as rebuilt: rows of channels.
    pub rebuilt: Vec<T>,
    /// Mean of both gates' balance terms in the last round.
    pub balance: T,
    /// Of both gates, by each token's logits.
    d_balance: [Vec<T>; 2],
    tokens: Vec<T>,
    encoder_norm: Option<Normalized<T>>,
    first: Attended<T>,
    rounds: Vec<Round<T>>,
    /// The last round's.
    output: Vec<T>,
}

struct Round<T> {
    /// Of one image: all images have the same in front of attention 2.
    norms: [Normalized<T>; 4],
    attended: Attended<T>,
    mixed: [Mixed<T>; 2],
}

/// Dropout sites of a round.
const SITES: usize = 6;

impl Decoder {
    /// * `channels`: aligned features of a token.
    ///
    /// # Errors
    /// [`DecoderError`]
    pub fn new(channels: usize, grid: TokenGrid, reconstruction: &Reconstruction) -> Result<Self, DecoderError> {
        let Kind::Shared(rounds) = &reconstruction.decoder else { return Err(DecoderError::Stacked) };
        let (width, heads) = (reconstruction.hidden, reconstruction.heads);
        let is_pre = reconstruction.norm == NormPlacement::Pre;
        let mut layout = Layout::default();
        // In the order of the reference's state dict.
        let positions = Positions::new(&mut layout, reconstruction.position, grid, width);
        let embedding = layout.push("widetransformer.learned_embed.weight".into(), &[grid.tokens(), width], true);
        let attention =
            |layout: &mut Layout, name| Attention::new(layout, &format!("widetransformer.{name}"), width, heads);
        let first_attention = attention(&mut layout, "share_self_attn");
        let second_attention = attention(&mut layout, "share_multihead_attn");
        let is_norm_used =
            |index| (0..rounds.rounds).any(|round| (0..4).any(|which| rounds.norm_index(round, which) == index));
        let norm =
            |index| LayerNorm::new(&mut layout, &format!("widetransformer.norms.{index}"), width, is_norm_used(index));
        let norms = (0..rounds.norms()).map(norm).collect();
        let sizes = Sizes {
            width,
            hidden: reconstruction.feed_forward,
            experts: rounds.experts.count,
            top_k: rounds.experts.top_k,
        };
        let experts = ["moe_ffn", "moe_ffn_2"]
            .map(|name| MixtureOfExperts::new(&mut layout, &format!("widetransformer.{name}"), sizes, is_pre));
        let encoder_norm = is_pre.then(|| LayerNorm::new(&mut layout, "widetransformer.encoder_norm", width, true));
        let input = Linear::new(&mut layout, "input_proj", &[], [width, channels]);
        let output = Linear::new(&mut layout, "output_proj", &[], [channels, width]);
        let hidden = [1, 2].map(|which| {
            reconstruction.mask_on(which).map(|mask| {
                let place = |token: usize| (token / grid.columns, token % grid.columns);
                let pairs = (0..grid.tokens()).flat_map(|from| (0..grid.tokens()).map(move |to| (from, to)));
                pairs.map(|(from, to)| mask.hides(place(from), place(to))).collect()
            })
        });
        Ok(Self {
            layout,
            channels,
            grid,
            width,
            rounds: rounds.clone(),
            hidden,
            positions,
            embedding,
            input,
            output,
            first_attention,
            second_attention,
            norms,
            experts,
            encoder_norm,
        })
    }

    /// Its tensors.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Aligned features of a token.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Tokens of an image.
    pub fn grid(&self) -> TokenGrid {
        self.grid
    }

    /// Rebuilds features.
    ///
    /// * `parameters`: as the layout says.
    /// * `features`: images x tokens rows of channels.
    pub fn forward<T: Number>(&self, parameters: &[T], features: Vec<T>, noise: Noise) -> Passed<T> {
        let tokens = self.grid.tokens();
        let images = features.len() / (tokens * self.channels);
        let position = self.positions.forward(parameters);
        let embedding = &parameters[self.embedding.clone()];
        let hidden = self.hidden.each_ref().map(|hidden| hidden.as_ref().map(|hidden| as_scores(hidden)));
        let projected = self.input.forward(parameters, &features);
        let (memory, encoder_norm) = match &self.encoder_norm {
            None => (projected, None),
            Some(norm) => {
                let (memory, normalized) = norm.forward(parameters, &projected);
                (memory, Some(normalized))
            }
        };
        let inputs = Inputs { query: sum(embedding, &position), key: with(&memory, &position), value: memory.clone() };
        let (mut found, first) =
            self.first_attention.forward(parameters, inputs, tokens, hidden[0].as_deref(), noise.at(0));
        noise.at(1).apply_to_all(&mut found, 0);
        add_to_each(&mut found, embedding);
        let mut output = memory;
        let mut rounds = Vec::with_capacity(self.rounds.rounds);
        for round in 0..self.rounds.rounds {
            let site = |index: usize| noise.at(2 + SITES * round + index);
            let norm = |which| &self.norms[self.rounds.norm_index(round, which)];
            let (target, norm0) = norm(0).forward(parameters, &found);
            let inputs = Inputs { query: with(&target, &position), key: with(&output, &position), value: output };
            let (mut seen, attended) =
                self.second_attention.forward(parameters, inputs, tokens, hidden[1].as_deref(), site(0));
            site(1).apply_to_all(&mut seen, 0);
            add(&mut seen, &target);
            let (target, norm1) = norm(1).forward(parameters, &seen);
            let (fed, mixed0) = self.experts[0].forward(parameters, &target, [site(2), site(3)]);
            let (target, norm2) = norm(2).forward(parameters, &fed);
            let (fed, mixed1) = self.experts[1].forward(parameters, &target, [site(4), site(5)]);
            let norm3;
            (output, norm3) = norm(3).forward(parameters, &fed);
            rounds.push(Round { norms: [norm0, norm1, norm2, norm3], attended, mixed: [mixed0, mixed1] });
        }
        let rebuilt = self.output.forward(parameters, &output);
        debug_assert_eq!(rebuilt.len(), images * tokens * self.channels);
        let (mut balance, mut d_balance) = (T::ZERO, [Vec::new(), Vec::new()]);
        if let Some(last) = rounds.last() {
            for ((experts, mixed), d_balance) in self.experts.iter().zip(&last.mixed).zip(&mut d_balance) {
                let of_gate;
                (of_gate, *d_balance) = balance::balance(&mixed.logits, experts.count());
                balance += of_gate * T::from_f64(0.5);
            }
        }
        Passed { rebuilt, balance, d_balance, tokens: features, encoder_norm, first, rounds, output }
    }

    /// The gradient of all parameters.
    ///
    /// * `noise`: that of [`Decoder::forward`].
    /// * `d_rebuilt`: of the loss by what was rebuilt.
    /// * `balance_weight`: of the balance term in the loss.
    pub fn backward<T: Number>(
        &self,
        parameters: &[T],
        passed: &Passed<T>,
        noise: Noise,
        d_rebuilt: &[T],
        balance_weight: f64,
    ) -> Vec<T> {
        let tokens = self.grid.tokens();
        let mut gradients = vec![T::ZERO; self.layout.length()];
        let mut d_position = vec![T::ZERO; tokens * self.width];
        let mut d_output = self.output.backward(parameters, &mut gradients, &passed.output, d_rebuilt);
        // Of learned_embed + a.
        let mut d_found = vec![T::ZERO; d_output.len()];
        let of_gate = T::from_f64(0.5 * balance_weight);
        let d_balance = passed.d_balance.each_ref().map(|d| d.iter().map(|d| *d * of_gate).collect::<Vec<_>>());
        for (index, round) in passed.rounds.iter().enumerate().rev() {
            let is_last = index + 1 == passed.rounds.len();
            let site = |at: usize| noise.at(2 + SITES * index + at);
            let norm = |which| &self.norms[self.rounds.norm_index(index, which)];
            let back = |which: usize, gradients: &mut [T], d: &[T]| {
                norm(which).backward(parameters, gradients, &round.norms[which], d)
            };
            let d = back(3, &mut gradients, &d_output);
            let d_gate = |which: usize| is_last.then_some(&d_balance[which][..]);
            let drops = [[site(2), site(3)], [site(4), site(5)]];
            let d = self.experts[1].backward(parameters, &mut gradients, &round.mixed[1], drops[1], d_gate(1), &d);
            let d = back(2, &mut gradients, &d);
            let d = self.experts[0].backward(parameters, &mut gradients, &round.mixed[0], drops[0], d_gate(0), &d);
            // Of t + attention2.
            let mut d_target = back(1, &mut gradients, &d);
            let mut d_seen = d_target.clone();
            site(1).apply_to_all(&mut d_seen, 0);
            let d = self.second_attention.backward(parameters, &mut gradients, &round.attended, tokens, &d_seen);
            add_each(&mut d_position, &d.query);
            add_each(&mut d_position, &d.key);
            add(&mut d_target, &d.query);
            add(&mut d_found, &back(0, &mut gradients, &d_target));
            d_output = sum(&d.key, &d.value);
        }
        add_each(&mut gradients[self.embedding.clone()], &d_found);
        noise.at(1).apply_to_all(&mut d_found, 0);
        let d = self.first_attention.backward(parameters, &mut gradients, &passed.first, tokens, &d_found);
        add(&mut gradients[self.embedding.clone()], &d.query);
        add(&mut d_position, &d.query);
        add_each(&mut d_position, &d.key);
        add(&mut d_output, &d.key);
        add(&mut d_output, &d.value);
        self.positions.backward(&mut gradients, &d_position);
        let d_projected = match (&self.encoder_norm, &passed.encoder_norm) {
            (Some(norm), Some(normalized)) => norm.backward(parameters, &mut gradients, normalized, &d_output),
            _ => d_output,
        };
        self.input.backward_parameters(&mut gradients, &passed.tokens, &d_projected);
        gradients
    }
}

/// Numbers that are added to scores.
fn as_scores<T: Number>(hidden: &[bool]) -> Vec<T> {
    hidden.iter().map(|hidden| if *hidden { T::LEAST } else { T::ZERO }).collect()
}

/// Tokens and their positions.
fn with<T: Number>(tokens: &[T], position: &[T]) -> Vec<T> {
    let mut sum = tokens.to_vec();
    add_to_each(&mut sum, position);
    sum
}

#[cfg(test)]
mod tests;
