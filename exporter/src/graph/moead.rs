//! MoEAD: one block applied in rounds.

use moead_model::architecture::{Architecture, NormPlacement, Rounds};

use super::attention::{self, Attention, QuerySource};
use super::builder::{GraphBuilder, Wire};
use super::feed_forward::{LayerNorm, Linear};
use super::moe::MoeFeedForward;
use super::position::Positions;
use super::{Form, GraphError};
use crate::weights::Weights;

const BLOCK: &str = "reconstruction.widetransformer";

/// `feature_rec` as tokens: N x T x C.
pub(super) fn build(
    graph: &mut GraphBuilder,
    weights: &dyn Weights,
    architecture: &Architecture,
    rounds: &Rounds,
    form: Form,
    tokens: &Wire,
) -> Result<Wire, GraphError> {
    let reconstruction = architecture.reconstruction();
    let grid = architecture.grid();
    let (hidden, channels) = (reconstruction.hidden, architecture.channels());
    let shape = attention::Shape { tokens: grid.tokens(), hidden, heads: reconstruction.heads };
    let position = Positions::new(weights, reconstruction, grid)?;
    let pre_norm = reconstruction.norm == NormPlacement::Pre;

    let project = Linear::new(graph, weights, ("input_proj", "reconstruction.input_proj"), (channels, hidden))?;
    let mut memory = project.apply(graph, "input_proj", tokens);
    if pre_norm {
        let norm = LayerNorm::new(graph, weights, ("encoder_norm", &format!("{BLOCK}.encoder_norm")))?;
        memory = norm.apply(graph, "encoder_norm", &memory);
    }

    let learned = weights.read(&format!("{BLOCK}.learned_embed.weight"))?;
    let query: Vec<f64> = learned.iter().map(|&value| f64::from(value)).collect();
    let query = position.added_to(&query);
    let masks = [1, 2].map(|which| reconstruction.mask_on(which));
    // Both attentions may hide the same neighbours: one constant serves both.
    let mask = masks.iter().flatten().next().map(|mask| attention::mask(graph, "neighbor_mask", mask, grid));
    let [mask_1, mask_2] = masks.map(|used| used.and(mask.clone()));

    let names = ("attention1", format!("{BLOCK}.share_self_attn"));
    let constant = QuerySource::Constant(&query);
    let attention_1 = Attention::new(graph, weights, (names.0, &names.1), shape, constant, &position, mask_1)?;
    let names = ("attention2", format!("{BLOCK}.share_multihead_attn"));
    let attention_2 =
        Attention::new(graph, weights, (names.0, &names.1), shape, QuerySource::Tokens, &position, mask_2)?;

    let mut pool = |name: &str| {
        let tensor = format!("{BLOCK}.{name}");
        let norm = match pre_norm {
            true => {
                Some(LayerNorm::new(graph, weights, (&format!("{name}.layer_norm"), &format!("{tensor}.layer_norm")))?)
            }
            false => None,
        };
        MoeFeedForward::new(graph, weights, (name, &tensor), reconstruction, rounds.experts, (form, norm))
    };
    let experts_1 = pool("moe_ffn")?;
    let experts_2 = pool("moe_ffn_2")?;

    // The same in every round, so once.
    let seen = attention_1.apply(graph, "attention1", None, &memory, &memory);
    let learned = graph.weight("learned_embed", &[grid.tokens(), hidden], &learned)?;
    let start = graph.node("Add", "start", &[&seen, &learned], &[]);

    let mut norms: Vec<Option<LayerNorm>> = Vec::new();
    norms.resize_with(rounds.norms(), || None);
    let (rows, cube) = ([-1, hidden as i64], [-1, grid.tokens() as i64, hidden as i64]);
    let mut output = memory;
    for round in 0..rounds.rounds {
        let name = |part: &str| format!("round{round}.{part}");
        for which in 0..4 {
            let index = rounds.norm_index(round, which);
            if norms[index].is_none() {
                let names = (format!("norms.{index}"), format!("{BLOCK}.norms.{index}"));
                norms[index] = Some(LayerNorm::new(graph, weights, (&names.0, &names.1))?);
            }
        }
        let normalise = |graph: &mut GraphBuilder, which: usize, x: &Wire| match &norms[rounds.norm_index(round, which)]
        {
            Some(norm) => norm.apply(graph, &name(&format!("norm{}", which + 1)), x),
            None => x.clone(),
        };
        let t = normalise(graph, 0, &start);
        let seen = attention_2.apply(graph, &name("attention2"), Some(&t), &output, &output);
        let t = graph.node("Add", &name("attention2.residual"), &[&t, &seen], &[]);
        let t = normalise(graph, 1, &t);
        // Experts see rows: all tokens of all pictures, one below the other.
        let t = graph.reshape(&name("rows"), &t, &rows);
        let t = experts_1.apply(graph, &name("moe_ffn"), &t);
        let t = normalise(graph, 2, &t);
        let t = experts_2.apply(graph, &name("moe_ffn_2"), &t);
        let t = normalise(graph, 3, &t);
        output = graph.reshape(&name("output"), &t, &cube);
    }
    let project = Linear::new(graph, weights, ("output_proj", "reconstruction.output_proj"), (hidden, channels))?;
    Ok(project.apply(graph, "output_proj", &output))
}
