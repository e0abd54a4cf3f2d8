//! One expert's two layers in eight-bit integers, for the tokens that chose it.
//!
//! Sums of products of whole numbers are exact, so every unit gives the same bits, and so does ONNX Runtime from the same rows:
//! what is a float here (a row's step, sums times steps, biases) is computed in the order in which the graph has it.

mod tile;
mod unit;
mod words;

#[cfg(target_arch = "aarch64")]
mod dots;

use fearless_simd::{Level, dispatch};

pub(crate) use unit::{ROWS, Unit};
pub(crate) use words::{Grain, Words};

use tile::{Panels, Tile, tile};
use unit::WIDTH;

/// A layer's weights.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layer<'a> {
    /// K x N, packed by [`Unit::pack`].
    pub(crate) weights: &'a [i32],
    /// N sums of a column's weights: what a byte that is zero too much would add.
    pub(crate) sums: &'a [i32],
    /// N steps.
    pub(crate) steps: &'a [f32],
    /// N.
    pub(crate) bias: &'a [f32],
}

/// Two linear layers with the positive part between them: D -> F -> D.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expert<'a> {
    pub(crate) first: Layer<'a>,
    pub(crate) second: Layer<'a>,
    /// Of the hidden layer.
    pub(crate) grain: Grain,
}

/// Adds to rows of `output` what `expert` makes of the same rows of `tokens`, times their gates.
///
/// * `tokens`: rows of D numbers, of which `output` begins with row `first`.
/// * `places`: row and gate of each token that chose the expert, counted from `first`.
/// * `output`: row-major.
pub(crate) fn add_expert(
    (level, unit): (Level, Unit),
    expert: Expert<'_>,
    (tokens, first): (&Words, usize),
    places: &[(usize, f32)],
    output: &mut [f32],
) {
    let (hidden, inner) = (expert.second.bias.len(), expert.first.bias.len());
    let mut numbers = vec![0.0; places.len() * inner];
    let gathered = Panels::gather(tokens, places.iter().map(|&(token, _)| first + token));
    layer(level, unit, expert.first, (&gathered, tokens.grain().zero()), |row, column, values| {
        let columns = &mut numbers[row * inner + column..];
        for (number, value) in columns.iter_mut().zip(values) {
            *number = if *value > 0.0 { *value } else { 0.0 };
        }
    });
    let bytes = Words::of_rows((level, unit), &numbers, inner, expert.grain);
    let gathered = Panels::gather(&bytes, 0..places.len());
    layer(level, unit, expert.second, (&gathered, expert.grain.zero()), |row, column, values| {
        let (token, gate) = places[row];
        for (sum, value) in output[token * hidden + column..].iter_mut().zip(values) {
            *sum += value * gate;
        }
    });
}

/// Runs a linear layer on the rows of `left`; each row's outputs go to `finish` in runs, with row and first column.
#[inline(always)]
fn layer(
    level: Level,
    unit: Unit,
    layer: Layer<'_>,
    (left, zero): (&Panels, i32),
    mut finish: impl FnMut(usize, usize, &[f32]),
) {
    let (surplus, count) = (unit.surplus(zero), layer.bias.len());
    dispatch!(level, _simd => {
        for (index, weights) in layer.weights.chunks_exact(left.words() * WIDTH).enumerate() {
            let column = index * WIDTH;
            let width = WIDTH.min(count - column);
            let (mut surpluses, mut steps, mut bias) = ([0; WIDTH], [0.0; WIDTH], [0.0; WIDTH]);
            steps[..width].copy_from_slice(&layer.steps[column..][..width]);
            bias[..width].copy_from_slice(&layer.bias[column..][..width]);
            for (to, from) in surpluses.iter_mut().zip(&layer.sums[column..][..width]) {
                *to = from * surplus;
            }
            for (panel, row_steps) in left.panels() {
                let tile: Tile = tile(unit, panel.blocks, weights);
                for (row, (sums, row_step)) in tile.iter().zip(row_steps).enumerate() {
                    let mut values = [0.0; WIDTH];
                    for at in 0..WIDTH {
                        values[at] = (sums[at] - surpluses[at]) as f32 * row_step * steps[at] + bias[at];
                    }
                    finish(panel.first + row, column, &values[..width]);
                }
            }
        }
    });
}

#[cfg(test)]
mod tests;
