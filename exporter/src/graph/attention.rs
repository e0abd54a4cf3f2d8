//! Multi-head attention whose positions are folded into constants.
//!
//! Query and key see `x + p`: `(x + p) W + b = x W + (p W + b)`, and the bracket is a constant. A query that does not
//! depend on the picture is a constant altogether. The value's bias passes through the softmax unchanged, since its rows
//! sum to one, and joins the output's bias.

use moead_model::architecture::{NeighborMask, TokenGrid};
use moead_model::onnx::messages::AttributeProto;

use super::GraphError;
use super::builder::{GraphBuilder, Wire};
use super::interpolation::transpose;
use super::position::Positions;
use crate::weights::Weights;

/// Sizes that every attention of a network shares.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// T.
    pub(super) tokens: usize,
    /// D.
    pub(super) hidden: usize,
    /// Heads.
    pub(super) heads: usize,
}

/// An attention's weights, stored once, for as many nodes as use them.
pub(super) struct Attention {
    shape: Shape,
    query: Query,
    key: Projection,
    value: Wire,
    output: Projection,
    mask: Option<Wire>,
    scale: f64,
}

/// Where an attention's queries come from.
enum Query {
    /// 1 x heads x T x D/heads, scaled: the same for every picture.
    Constant(Wire),
    /// From tokens, with their positions.
    Tokens(Projection),
}

/// D x D and what is added: a D vector, or T x D where positions are folded in.
struct Projection {
    weight: Wire,
    bias: Wire,
}

/// What the queries of an attention are.
pub(super) enum QuerySource<'a> {
    /// `x + p` for these T x D constants, positions included.
    Constant(&'a [f64]),
    /// `x + p` for tokens that are known on the device only.
    Tokens,
}

impl Attention {
    /// Reads the weights under `tensor` and stores them under `name`.
    ///
    /// * `positions`: added to keys (and to queries that are tokens).
    pub(super) fn new(
        graph: &mut GraphBuilder,
        weights: &dyn Weights,
        (name, tensor): (&str, &str),
        shape: Shape,
        query: QuerySource<'_>,
        positions: &Positions,
        mask: Option<Wire>,
    ) -> Result<Self, GraphError> {
        let hidden = shape.hidden;
        let in_weight = weights.read(&format!("{tensor}.in_proj_weight"))?;
        let in_bias = weights.read(&format!("{tensor}.in_proj_bias"))?;
        let third = |index: usize| {
            (&in_weight[index * hidden * hidden..][..hidden * hidden], &in_bias[index * hidden..][..hidden])
        };
        let scale = 1.0 / ((hidden / shape.heads) as f64).sqrt();

        let (weight, bias) = third(0);
        let query = match query {
            QuerySource::Constant(x) => {
                let scaled: Vec<f64> = project(x, weight, bias).into_iter().map(|value| value * scale).collect();
                let by_head = split_heads(&scaled, shape);
                let dims = [1, shape.heads, shape.tokens, hidden / shape.heads];
                Query::Constant(graph.constant(&format!("{name}.query"), &dims, &by_head))
            }
            QuerySource::Tokens => {
                Query::Tokens(with_positions(graph, &format!("{name}.query"), (weight, bias), positions)?)
            }
        };
        let key = with_positions(graph, &format!("{name}.key"), third(1), positions)?;
        let (value_weight, value_bias) = third(2);
        let value = square(graph, &format!("{name}.value.weight"), hidden, value_weight)?;

        let out_weight = weights.read(&format!("{tensor}.out_proj.weight"))?;
        let out_bias = weights.read(&format!("{tensor}.out_proj.bias"))?;
        let value_bias: Vec<f64> = value_bias.iter().map(|&value| f64::from(value)).collect();
        let bias: Vec<f32> = project(&value_bias, &out_weight, &out_bias).iter().map(|&value| value as f32).collect();
        let output = Projection {
            weight: square(graph, &format!("{name}.output.weight"), hidden, &out_weight)?,
            bias: graph.constant(&format!("{name}.output.bias"), &[hidden], &bias),
        };
        Ok(Self { shape, query, key, value, output, mask, scale })
    }

    /// The nodes of one use: N x T x D in and out. `query` is unused when the queries are constant.
    pub(super) fn apply(
        &self,
        graph: &mut GraphBuilder,
        name: &str,
        query: Option<&Wire>,
        key: &Wire,
        value: &Wire,
    ) -> Wire {
        let Shape { tokens, hidden, heads } = self.shape;
        let (tokens, hidden, heads) = (tokens as i64, hidden as i64, heads as i64);
        let split = [-1, tokens, heads, hidden / heads];
        let query = match (&self.query, query) {
            (Query::Constant(wire), _) => wire.clone(),
            (Query::Tokens(projection), x) => {
                let x = x.unwrap_or(key);
                let projected = graph.linear(&format!("{name}.query"), x, &projection.weight, &projection.bias);
                let scale = graph.scalar("attention.scale", self.scale as f32);
                let scaled = graph.node("Mul", &format!("{name}.query.scaled"), &[&projected, &scale], &[]);
                let rows = graph.reshape(&format!("{name}.query.split"), &scaled, &split);
                graph.transpose(&format!("{name}.query.heads"), &rows, &[0, 2, 1, 3])
            }
        };
        let keys = graph.linear(&format!("{name}.key"), key, &self.key.weight, &self.key.bias);
        let keys = graph.reshape(&format!("{name}.key.split"), &keys, &split);
        let keys = graph.transpose(&format!("{name}.key.heads"), &keys, &[0, 2, 3, 1]);
        let values = graph.node("MatMul", &format!("{name}.value"), &[value, &self.value], &[]);
        let values = graph.reshape(&format!("{name}.value.split"), &values, &split);
        let values = graph.transpose(&format!("{name}.value.heads"), &values, &[0, 2, 1, 3]);

        let mut scores = graph.node("MatMul", &format!("{name}.scores"), &[&query, &keys], &[]);
        if let Some(mask) = &self.mask {
            scores = graph.node("Add", &format!("{name}.masked"), &[&scores, mask], &[]);
        }
        let looks = graph.node("Softmax", &format!("{name}.softmax"), &[&scores], &[AttributeProto::int("axis", -1)]);
        let seen = graph.node("MatMul", &format!("{name}.seen"), &[&looks, &values], &[]);
        let seen = graph.transpose(&format!("{name}.seen.tokens"), &seen, &[0, 2, 1, 3]);
        let seen = graph.reshape(&format!("{name}.seen.joined"), &seen, &[-1, tokens, hidden]);
        graph.linear(name, &seen, &self.output.weight, &self.output.bias)
    }
}

/// x W^T + b in f64; `x` is rows x D, `weight` D x D as torch stores it (out x in).
fn project(x: &[f64], weight: &[f32], bias: &[f32]) -> Vec<f64> {
    let hidden = bias.len();
    let mut rows = Vec::with_capacity(x.len());
    for x in x.chunks_exact(hidden) {
        for (weight, &bias) in weight.chunks_exact(hidden).zip(bias) {
            let product: f64 = x.iter().zip(weight).map(|(&x, &weight)| x * f64::from(weight)).sum();
            rows.push(product + f64::from(bias));
        }
    }
    rows
}

/// T x D to heads x T x D/heads, rounded.
fn split_heads(rows: &[f64], shape: Shape) -> Vec<f32> {
    let width = shape.hidden / shape.heads;
    let mut split = Vec::with_capacity(rows.len());
    for head in 0..shape.heads {
        for row in rows.chunks_exact(shape.hidden) {
            split.extend(row[head * width..][..width].iter().map(|&value| value as f32));
        }
    }
    split
}

/// A projection whose bias holds the positions' share: p W^T + b, T x D, added up from rows and columns once, when an engine
/// folds constants.
fn with_positions(
    graph: &mut GraphBuilder,
    name: &str,
    (weight, bias): (&[f32], &[f32]),
    positions: &Positions,
) -> Result<Projection, GraphError> {
    let (hidden, grid) = (bias.len(), positions.grid());
    let mut share = |part: &str, dims: [usize; 3], x: &[f64], bias: &[f32]| {
        let share: Vec<f32> = project(x, weight, bias).iter().map(|&value| value as f32).collect();
        graph.constant(&format!("{name}.position.{part}"), &dims, &share)
    };
    let rows = share("rows", [grid.rows, 1, hidden], &positions.rows, bias);
    let columns = share("columns", [1, grid.columns, hidden], &positions.columns, &vec![0.0; hidden]);
    let sum = graph.node("Add", &format!("{name}.position.grid"), &[&rows, &columns], &[]);
    let bias = graph.reshape(&format!("{name}.position"), &sum, &[grid.tokens() as i64, hidden as i64]);
    Ok(Projection { weight: square(graph, &format!("{name}.weight"), hidden, weight)?, bias })
}

/// Stores a D x D weight, turned from torch's out x in to in x out.
fn square(graph: &mut GraphBuilder, name: &str, side: usize, weight: &[f32]) -> Result<Wire, GraphError> {
    let mut turned = weight.to_vec();
    transpose(&mut turned, side, side);
    graph.weight(name, &[side, side], &turned)
}

/// The neighbour mask as T x T additions to the scores: -inf where a token must not look. Stored as bytes.
pub(super) fn mask(graph: &mut GraphBuilder, name: &str, mask: &NeighborMask, grid: TokenGrid) -> Wire {
    let tokens = || (0..grid.rows).flat_map(|row| (0..grid.columns).map(move |column| (row, column)));
    let hidden: Vec<bool> = tokens().flat_map(|from| tokens().map(move |to| mask.hides(from, to))).collect();
    let side = grid.tokens();
    let hidden = graph.truths(&format!("{name}.hidden"), &[side, side], &hidden);
    let (never, free) = (graph.scalar("mask.hidden", f32::NEG_INFINITY), graph.scalar("mask.free", 0.0));
    graph.node("Where", name, &[&hidden, &never, &free], &[])
}
