//! One expert's two layers, for the tokens that chose it.

use fearless_simd::Level;

use super::activation::Activation;
use super::matmul::{Bias, Blend, Blocked, Layout, Left, Right, Scattered, columns, product};

/// Two linear layers with the positive part between them: D -> F -> D.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expert<'a> {
    /// D x F.
    pub(crate) first: Right<'a>,
    /// F.
    pub(crate) first_bias: &'a [f32],
    /// F x D.
    pub(crate) second: Right<'a>,
    /// D.
    pub(crate) second_bias: &'a [f32],
}

/// Memory that calls share.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    tokens: Vec<f32>,
    hidden: Vec<f32>,
}

/// Adds to rows of `output` what `expert` makes of the same rows of `tokens`, times their gates.
///
/// * `tokens`: T x D, row-major.
/// * `places`: row and gate of each token that chose the expert.
/// * `output`: T x D, row-major.
///
/// The rows are gathered into the form that the first product reads, and the hidden layer is stored in the form that the second
/// one reads; neither is turned or copied.
pub(crate) fn add_expert(
    level: Level,
    expert: Expert<'_>,
    tokens: &[f32],
    places: &[(usize, f32)],
    output: &mut [f32],
    scratch: &mut Scratch,
) {
    let height = columns(level).height();
    let (depth, inner) = (expert.first.depth(), expert.second.depth());
    let gathered = Layout { rows: places.len(), depth, height };
    let hidden = Layout { rows: places.len(), depth: inner, height };
    scratch.tokens.resize(gathered.len(), 0.0);
    scratch.hidden.resize(hidden.len(), 0.0);
    for (row, &(token, _)) in places.iter().enumerate() {
        gathered.write(&mut scratch.tokens, row, &tokens[token * depth..][..depth]);
    }

    let left = Left::new(gathered, &scratch.tokens);
    let blend = Blend { bias: Bias::OfColumns(expert.first_bias), addend: None, activation: Activation::Relu };
    let mut finish = Blocked { blend, layout: hidden, numbers: &mut scratch.hidden };
    for strip in expert.first.strips() {
        product(level, &left, &[strip], &mut finish);
    }

    let left = Left::new(hidden, &scratch.hidden);
    let mut finish = Scattered { bias: expert.second_bias, targets: places, numbers: output };
    for strip in expert.second.strips() {
        product(level, &left, &[strip], &mut finish);
    }
}

#[cfg(test)]
mod tests;
