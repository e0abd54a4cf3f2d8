//! MoEAD's decoder: one block, applied in rounds.

use moead_model::architecture::{NormPlacement, Reconstruction, Rounds, TokenGrid};

use super::attention::Attention;
use super::linear::LayerNorm;
use super::moe::{Arithmetic, ExpertPool};
use super::tensor::{Scope, Tensor};
use crate::checkpoint::TensorError;

/// The decoded tokens of `projected` (T x D), and the smallest margin of an expert choice.
pub(super) fn decode(
    settings: &Reconstruction,
    (rounds, arithmetic): (&Rounds, Arithmetic),
    grid: TokenGrid,
    scope: &Scope<'_>,
    projected: &Tensor,
    position: &Tensor,
    observe: &mut dyn FnMut(&str, &Tensor),
) -> Result<(Tensor, f64), TensorError> {
    let hidden = settings.hidden;
    let memory = match settings.norm {
        NormPlacement::Pre => LayerNorm::read(&scope.under("encoder_norm"), hidden)?.apply(projected),
        NormPlacement::Post => projected.clone(),
    };
    observe("memory", &memory);

    let learned = scope.read("learned_embed.weight", &[grid.tokens(), hidden])?;
    let [first, second] = ["share_self_attn", "share_multihead_attn"]
        .map(|name| Attention::read(&scope.under(name), hidden, settings.heads));
    let (first, second) = (first?, second?);
    let [pool, second_pool] =
        ["moe_ffn", "moe_ffn_2"].map(|name| ExpertPool::read(&scope.under(name), settings, rounds, arithmetic));
    let (pool, second_pool) = (pool?, second_pool?);

    // Query, key and value of the first attention do not change from round to round.
    let recalled = first.apply(&learned.plus(position), &memory.plus(position), &memory, settings.mask_on(1), grid);
    observe("round0.attn1_out", &recalled);
    let start = learned.plus(&recalled);

    let mut output = memory;
    let mut smallest_margin = f64::INFINITY;
    for round in 0..rounds.rounds {
        let name = |part: &str| format!("round{round}.{part}");
        let norm = |which| {
            let index = rounds.norm_index(round, which);
            LayerNorm::read(&scope.under(&format!("norms.{index}")), hidden)
        };
        let tokens = norm(0)?.apply(&start);
        observe(&name("norm1"), &tokens);

        let (query, key) = (tokens.plus(position), output.plus(position));
        let attended = second.apply(&query, &key, &output, settings.mask_on(2), grid);
        observe(&name("attn2_out"), &attended);
        let tokens = norm(1)?.apply(&tokens.plus(&attended));
        observe(&name("norm2"), &tokens);

        let (tokens, margin) = pool.apply(&tokens, &name("moe1"), observe);
        smallest_margin = smallest_margin.min(margin);
        let tokens = norm(2)?.apply(&tokens);
        observe(&name("norm3"), &tokens);

        let (tokens, margin) = second_pool.apply(&tokens, &name("moe2"), observe);
        smallest_margin = smallest_margin.min(margin);
        output = norm(3)?.apply(&tokens);
        observe(&name("output"), &output);
    }
    Ok((output, smallest_margin))
}
