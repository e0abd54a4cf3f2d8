//! Eight bits: each column of an expert's weights as whole numbers from -127 to 127, times the column's step.
//!
//! A step has 17 significant bits, so that a number of steps (7 bits) is exact in a 32-bit float: who reads the rounded weights
//! as floats finds the same numbers and steps again.

use crate::checkpoint::TensorError;
use crate::weights::Weights;

/// The largest number of steps.
pub(crate) const MOST: f32 = 127.0;

/// Weights in eight bits.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EightBit {
    /// As many as there were weights, in their order.
    pub(crate) numbers: Vec<i8>,
    /// One for each row.
    pub(crate) steps: Vec<f32>,
}

impl EightBit {
    /// Rounds rows of `columns` weights. A row of a layer's matrix (outputs x inputs) makes one output.
    pub(crate) fn of_rows(weights: &[f32], columns: usize) -> Self {
        let mut rounded = Self { numbers: Vec::with_capacity(weights.len()), steps: Vec::new() };
        for row in weights.chunks_exact(columns.max(1)) {
            let largest = row.iter().fold(0.0_f32, |largest, weight| largest.max(weight.abs()));
            let step = step(largest);
            let number = |&weight: &f32| (weight / step).round_ties_even().clamp(-MOST, MOST) as i8;
            rounded.numbers.extend(row.iter().map(number));
            rounded.steps.push(step);
        }
        rounded
    }

    /// Numbers times steps.
    fn weights(&self) -> Vec<f32> {
        let columns = self.numbers.len() / self.steps.len().max(1);
        let rows = self.numbers.chunks_exact(columns.max(1)).zip(&self.steps);
        rows.flat_map(|(row, step)| row.iter().map(move |&number| f32::from(number) * step)).collect()
    }
}

/// The step with which `largest` is the largest number: rounded up to 17 significant bits.
fn step(largest: f32) -> f32 {
    // Smaller weights come to nothing beside any bias, and their step would have fewer bits than others.
    if largest < f32::MIN_POSITIVE * 1e6 {
        return 1.0;
    }
    let step = largest / MOST;
    let coarse = f32::from_bits(step.to_bits() & !0x7f);
    if coarse * MOST < largest { f32::from_bits(coarse.to_bits() + 0x80) } else { coarse }
}

/// Weights of which the experts' are rounded to eight bits.
pub struct EightBitWeights<'a> {
    exact: &'a dyn Weights,
}

impl<'a> EightBitWeights<'a> {
    /// `exact` as an eight-bit file holds it.
    pub fn new(exact: &'a dyn Weights) -> Self {
        Self { exact }
    }
}

impl Weights for EightBitWeights<'_> {
    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        self.exact.names()
    }

    fn shape(&self, name: &str) -> Option<&[usize]> {
        self.exact.shape(name)
    }

    fn read(&self, name: &str) -> Result<Vec<f32>, TensorError> {
        let weights = self.exact.read(name)?;
        let columns = self.exact.shape(name).and_then(|shape| shape.last().copied());
        Ok(match columns {
            Some(columns) if name.contains(".experts.") && name.ends_with(".weight") => {
                EightBit::of_rows(&weights, columns).weights()
            }
            _ => weights,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_weight_moves_by_more_than_half_a_step(weights in prop::collection::vec(-3.0_f32..3.0, 1..40)) {
            let rounded = EightBit::of_rows(&weights, weights.len());
            let step = rounded.steps[0];
            for (before, after) in weights.iter().zip(rounded.weights()) {
                prop_assert!((before - after).abs() <= step * 0.500_001, "{before} became {after}, a step is {step}");
            }
        }

        #[test]
        fn what_was_rounded_is_found_again(weights in prop::collection::vec(-3.0_f32..3.0, 6..40), scale in -30_i32..30) {
            let columns = weights.len() / 2;
            let weights: Vec<f32> = weights[..2 * columns].iter().map(|weight| weight * 2.0_f32.powi(scale)).collect();
            let rounded = EightBit::of_rows(&weights, columns);
            prop_assert_eq!(EightBit::of_rows(&rounded.weights(), columns), rounded);
        }
    }

    #[test]
    fn a_step_uses_the_whole_range() {
        let rounded = EightBit::of_rows(&[0.5, -2.0, 0.0, 1.0], 4);
        assert_eq!(rounded.numbers, [32, -127, 0, 63]);
        assert!(rounded.steps[0] >= 2.0 / 127.0);
    }

    #[test]
    fn a_row_of_zeros_stays_one() {
        assert_eq!(EightBit::of_rows(&[0.0, -0.0], 2), EightBit { numbers: vec![0, 0], steps: vec![1.0] });
    }
}
