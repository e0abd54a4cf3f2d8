//! The feed-forward of chosen experts.

use moead_model::architecture::{NormPlacement, Reconstruction, Rounds};

use super::attention::softmax;
use super::linear::{LayerNorm, Linear};
use super::tensor::{Scope, Tensor};
use crate::checkpoint::TensorError;

/// How experts multiply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    /// With the numbers as they are.
    Exact,
    /// With rows of bytes: before each layer, a row becomes whole numbers of steps, a 127th of its largest absolute value; behind
    /// the first layer, where no number is negative, a 255th.
    EightBit,
}

/// A gate, its experts, and the norm in front of both when the network is pre-norm.
pub(super) struct ExpertPool {
    norm: Option<LayerNorm>,
    gate: Linear,
    experts: Vec<[Linear; 2]>,
    top_k: usize,
    arithmetic: Arithmetic,
}

impl ExpertPool {
    pub(super) fn read(
        scope: &Scope<'_>,
        settings: &Reconstruction,
        rounds: &Rounds,
        arithmetic: Arithmetic,
    ) -> Result<Self, TensorError> {
        let (hidden, inner) = (settings.hidden, settings.feed_forward);
        let expert = |index: usize| {
            let scope = scope.under(&format!("experts.{index}"));
            let widening = Linear::read_expert(&scope.under("htoh4"), hidden, inner)?;
            Ok([widening, Linear::read_expert(&scope.under("h4toh"), inner, hidden)?])
        };
        Ok(Self {
            norm: match settings.norm {
                NormPlacement::Pre => Some(LayerNorm::read(&scope.under("layer_norm"), hidden)?),
                NormPlacement::Post => None,
            },
            gate: Linear::read(&scope.under("gate.gate"), hidden, rounds.experts.count)?,
            experts: (0..rounds.experts.count).map(expert).collect::<Result<_, TensorError>>()?,
            top_k: rounds.experts.top_k,
            arithmetic,
        })
    }

    /// The pool's output with the residual, and the smallest margin of a choice; names start with `name`.
    pub(super) fn apply(&self, input: &Tensor, name: &str, observe: &mut dyn FnMut(&str, &Tensor)) -> (Tensor, f64) {
        let seen = self.norm.as_ref().map_or_else(|| input.clone(), |norm| norm.apply(input));
        let logits = self.gate.apply(&seen);
        observe(&format!("{name}_logits"), &logits);
        let chosen: Vec<Vec<usize>> = logits.rows().map(|logits| largest(logits, self.top_k)).collect();
        let shares: Vec<Vec<f64>> = logits.rows().zip(&chosen).map(|(logits, chosen)| shares(logits, chosen)).collect();
        let margin = logits.rows().map(|logits| margin(logits, self.top_k)).fold(f64::INFINITY, f64::min);
        let shape = [input.shape[0], self.top_k];
        let indices = chosen.iter().flatten().map(|&expert| expert as f64).collect();
        observe(&format!("{name}_experts"), &Tensor::new(&shape, indices));
        observe(&format!("{name}_gates"), &Tensor::new(&shape, shares.concat()));

        let width = input.columns();
        let mut output = input.clone();
        for (expert, [widening, narrowing]) in self.experts.iter().enumerate() {
            // The tokens that chose this expert, and its share in each.
            let (tokens, weights): (Vec<usize>, Vec<f64>) = (0..input.shape[0])
                .flat_map(|token| std::iter::repeat(token).zip(chosen[token].iter().zip(&shares[token])))
                .filter(|(_, (chosen, _))| **chosen == expert)
                .map(|(token, (_, share))| (token, *share))
                .unzip();
            let rows = tokens.iter().flat_map(|&token| &seen.data[token * width..][..width]).copied().collect();
            let rows = Tensor::new(&[tokens.len(), width], rows);
            let hidden = widening.apply(&self.rounded(rows, 127.0)).map(|value| value.max(0.0));
            let answers = narrowing.apply(&self.rounded(hidden, 255.0));
            for ((token, share), answer) in tokens.into_iter().zip(weights).zip(answers.rows()) {
                let sums = &mut output.data[token * width..][..width];
                sums.iter_mut().zip(answer).for_each(|(sum, value)| *sum += share * value);
            }
        }
        observe(&format!("{name}_out"), &output);
        (output, margin)
    }

    /// Each row in steps of its largest absolute value, of which it has `count`, where experts multiply so.
    fn rounded(&self, mut rows: Tensor, count: f64) -> Tensor {
        if self.arithmetic == Arithmetic::Exact {
            return rows;
        }
        let width = rows.columns().max(1);
        for row in rows.data.chunks_exact_mut(width) {
            let largest = row.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
            if largest > 0.0 {
                let step = largest / count;
                row.iter_mut().for_each(|value| *value = (*value / step).round_ties_even() * step);
            }
        }
        rows
    }
}

/// Indices by falling value; equal values keep their order. Adding 0 makes the two zeros equal.
fn ranking(logits: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..logits.len()).collect();
    order.sort_by(|&left, &right| (logits[right] + 0.0).total_cmp(&(logits[left] + 0.0)));
    order
}

/// The `count` largest, largest first; among equals the lower index.
fn largest(logits: &[f64], count: usize) -> Vec<usize> {
    let mut order = ranking(logits);
    order.truncate(count);
    order
}

/// Softmax over the chosen logits only.
fn shares(logits: &[f64], chosen: &[usize]) -> Vec<f64> {
    let mut shares: Vec<f64> = chosen.iter().map(|&expert| logits[expert]).collect();
    softmax(&mut shares);
    shares
}

/// How far the last chosen logit lies above the next one, relative to the largest absolute logit.
fn margin(logits: &[f64], count: usize) -> f64 {
    if count >= logits.len() {
        return f64::INFINITY;
    }
    let order = ranking(logits);
    let size = logits.iter().fold(0.0_f64, |size, logit| size.max(logit.abs()));
    let gap = logits[order[count - 1]] - logits[order[count]];
    // Logits that are all zero decide nothing.
    if size > 0.0 { gap / size } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn among_equals_the_lower_index_is_chosen() {
        assert_eq!(largest(&[1.0, 3.0, -0.0, 3.0, 0.0], 4), [1, 3, 0, 2]);
    }

    #[test]
    fn shares_are_of_the_chosen_alone() {
        assert_eq!(shares(&[5.0, 2.0, 5.0], &[0, 2]), [0.5, 0.5]);
        assert_eq!(shares(&[5.0, 2.0, 5.0], &[2]), [1.0]);
    }

    #[test]
    fn a_margin_is_relative_to_the_largest_logit() {
        assert_eq!(margin(&[1.0, -4.0, 2.0], 1), 0.25);
        assert_eq!(margin(&[1.0, -4.0, 2.0], 2), 1.25);
        assert_eq!(margin(&[1.0, -4.0, 2.0], 3), f64::INFINITY);
        assert_eq!(margin(&[0.0, 0.0], 1), 0.0);
    }
}
