//! A feed-forward whose weights each token chooses: a pool of experts and a gate.
//!
//! ```text
//! y = x + drop(sum over the k chosen of g_e * (drop(relu(x W1_e^T + b1_e)) W2_e^T + b2_e)),  g = softmax of the k largest gate logits
//! ```
//!
//! Each expert meets the tokens that chose it, gathered: work is that of k experts, however many there are. When norms stand in front, gate
//! and experts see the normalised x, and y = x + ….

use rayon::prelude::*;

use super::dropout::Dropout;
use super::layer_norm::{LayerNorm, Normalized};
use super::linear::Linear;
use crate::number::Number;
use crate::parameters::Layout;
use crate::product::Mode;
use crate::vectors::{add, sum_of_pairs, vectorized};

/// Gate and experts.
#[derive(Debug, Clone)]
pub(super) struct MixtureOfExperts {
    gate: Linear,
    experts: Vec<Expert>,
    /// In front, where norms stand there.
    norm: Option<LayerNorm>,
    top_k: usize,
    width: usize,
}

#[derive(Debug, Clone)]
struct Expert {
    up: Linear,
    down: Linear,
}

/// Where and by how much a token uses an expert.
#[derive(Debug, Clone, Copy)]
struct Choice<T> {
    token: usize,
    gate: T,
}

/// What the way back needs.
pub(super) struct Mixed<T> {
    normalized: Option<Normalized<T>>,
    /// What gate and experts saw.
    seen: Vec<T>,
    /// Tokens x experts.
    pub(super) logits: Vec<T>,
    of_experts: Vec<OfExpert<T>>,
}

/// One expert's part.
struct OfExpert<T> {
    choices: Vec<Choice<T>>,
    seen: Vec<T>,
    /// After ReLU and dropout.
    hidden: Vec<T>,
    answers: Vec<T>,
}

/// Sizes of the pool.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    pub(super) width: usize,
    pub(super) hidden: usize,
    pub(super) experts: usize,
    pub(super) top_k: usize,
}

impl MixtureOfExperts {
    /// * `norm_is_used`: whether its layer norm stands in front; it is in every checkpoint.
    pub(super) fn new(layout: &mut Layout, name: &str, sizes: Sizes, norm_is_used: bool) -> Self {
        let Sizes { width, hidden, experts, top_k } = sizes;
        // In the order of the reference's state dict.
        let mut expert = |index: usize| {
            let name = format!("{name}.experts.{index}");
            let up = Linear::new(layout, &format!("{name}.htoh4"), &[1], [hidden, width]);
            let down = Linear::new(layout, &format!("{name}.h4toh"), &[1], [width, hidden]);
            Expert { up, down }
        };
        let pool = (0..experts).map(&mut expert).collect();
        let gate = Linear::new(layout, &format!("{name}.gate.gate"), &[], [experts, width]);
        let norm = LayerNorm::new(layout, &format!("{name}.layer_norm"), width, norm_is_used);
        Self { gate, experts: pool, norm: norm_is_used.then_some(norm), top_k, width }
    }

    /// * `inside`: dropout of the hidden numbers; `outside`: of what is added to x.
    pub(super) fn forward<T: Number>(
        &self,
        parameters: &[T],
        x: &[T],
        [inside, outside]: [Dropout; 2],
    ) -> (Vec<T>, Mixed<T>) {
        let (seen, normalized) = match &self.norm {
            None => (x.to_vec(), None),
            Some(norm) => {
                let (seen, normalized) = norm.forward(parameters, x);
                (seen, Some(normalized))
            }
        };
        let logits = self.gate.forward(parameters, &seen);
        let choices = choose(&logits, self.experts.len(), self.top_k);
        let mut sum = vec![T::ZERO; x.len()];
        let mut of_experts = Vec::with_capacity(self.experts.len());
        for (index, (expert, choices)) in self.experts.iter().zip(choices).enumerate() {
            let seen = gather(&seen, &choices, self.width);
            let mut hidden = expert.up.forward(parameters, &seen);
            relu(&mut hidden);
            inside.apply_to_all(&mut hidden, index as u64);
            let answers = expert.down.forward(parameters, &hidden);
            vectorized(
                #[inline(always)]
                || {
                    for (choice, answer) in choices.iter().zip(answers.chunks_exact(self.width)) {
                        let sum = &mut sum[choice.token * self.width..][..self.width];
                        sum.iter_mut().zip(answer).for_each(|(sum, answer)| *sum += choice.gate * *answer);
                    }
                },
            );
            of_experts.push(OfExpert { choices, seen, hidden, answers });
        }
        outside.apply_to_all(&mut sum, 0);
        add(&mut sum, x);
        (sum, Mixed { normalized, seen, logits, of_experts })
    }

    /// Adds the gradients of all weights, and gives that of x.
    ///
    /// * `d_logits`: what the balance of the experts adds, for each token the same; one number an expert.
    pub(super) fn backward<T: Number>(
        &self,
        parameters: &[T],
        gradients: &mut [T],
        mixed: &Mixed<T>,
        [inside, outside]: [Dropout; 2],
        d_balance: Option<&[T]>,
        dy: &[T],
    ) -> Vec<T> {
        let count = self.experts.len();
        let mut dropped = dy.to_vec();
        outside.apply_to_all(&mut dropped, 0);
        let mut d_seen = vec![T::ZERO; dy.len()];
        // First the gradient of each gate, then, below, that of its logits.
        let mut d_gates = vec![T::ZERO; mixed.logits.len()];
        let grow = T::from_f64(inside.grow());
        for (index, (expert, part)) in self.experts.iter().zip(&mixed.of_experts).enumerate() {
            let OfExpert { choices, seen, hidden, answers } = part;
            let mut d_answers = gather(&dropped, choices, self.width);
            vectorized(
                #[inline(always)]
                || {
                    let rows = d_answers.chunks_exact_mut(self.width).zip(answers.chunks_exact(self.width));
                    for (choice, (d_answer, answer)) in choices.iter().zip(rows) {
                        d_gates[choice.token * count + index] = sum_of_pairs(d_answer, answer, |d, answer| d * answer);
                        d_answer.iter_mut().for_each(|d| *d *= choice.gate);
                    }
                },
            );
            let mut d_hidden = expert.down.backward(parameters, gradients, hidden, &d_answers);
            vectorized(
                #[inline(always)]
                || {
                    // A hidden number above 0 was neither cut nor dropped.
                    for (d, hidden) in d_hidden.iter_mut().zip(hidden) {
                        *d = if *hidden > T::ZERO { *d * grow } else { T::ZERO };
                    }
                },
            );
            let d_gathered = expert.up.backward(parameters, gradients, seen, &d_hidden);
            vectorized(
                #[inline(always)]
                || {
                    for (choice, from) in choices.iter().zip(d_gathered.chunks_exact(self.width)) {
                        let to = &mut d_seen[choice.token * self.width..][..self.width];
                        to.iter_mut().zip(from).for_each(|(to, from)| *to += *from);
                    }
                },
            );
        }
        let d_logits = self.logit_gradients(mixed, d_gates, d_balance);
        self.gate.backward_parameters(gradients, &mixed.seen, &d_logits);
        self.gate.backward_input(parameters, &d_logits, &mut d_seen, Mode::Add);
        let mut dx = match (&self.norm, &mixed.normalized) {
            (Some(norm), Some(normalized)) => norm.backward(parameters, gradients, normalized, &d_seen),
            _ => d_seen,
        };
        add(&mut dx, dy);
        dx
    }

    /// Of softmax over the chosen: g (dg - sum(g dg)).
    fn logit_gradients<T: Number>(&self, mixed: &Mixed<T>, d_gates: Vec<T>, d_balance: Option<&[T]>) -> Vec<T> {
        let count = self.experts.len();
        let mut along = vec![T::ZERO; d_gates.len() / count];
        let choices = || {
            let parts = mixed.of_experts.iter().enumerate();
            parts.flat_map(|(index, part)| part.choices.iter().map(move |choice| (index, choice)))
        };
        for (index, choice) in choices() {
            along[choice.token] += choice.gate * d_gates[choice.token * count + index];
        }
        let mut d_logits = d_gates;
        for (index, choice) in choices() {
            let d = &mut d_logits[choice.token * count + index];
            *d = choice.gate * (*d - along[choice.token]);
        }
        if let Some(d_balance) = d_balance {
            d_logits.par_chunks_exact_mut(count).for_each(|d_logits| add(d_logits, d_balance));
        }
        d_logits
    }

    /// How many experts there are.
    pub(super) fn count(&self) -> usize {
        self.experts.len()
    }
}

/// Which tokens go to which expert, in their order, and how much each counts. Of equal logits the first is taken.
fn choose<T: Number>(logits: &[T], experts: usize, top_k: usize) -> Vec<Vec<Choice<T>>> {
    let mut of_experts: Vec<Vec<Choice<T>>> = vec![Vec::new(); experts];
    let mut order: Vec<usize> = Vec::with_capacity(experts);
    for (token, logits) in logits.chunks_exact(experts).enumerate() {
        order.clear();
        order.extend(0..experts);
        // Stable, and numbers that are none are equal to all.
        order.sort_by(|a, b| logits[*b].partial_cmp(&logits[*a]).unwrap_or(std::cmp::Ordering::Equal));
        let chosen = &order[..top_k];
        let most = logits[chosen[0]];
        let sum: T = chosen.iter().map(|expert| (logits[*expert] - most).exp()).sum();
        for expert in chosen {
            of_experts[*expert].push(Choice { token, gate: (logits[*expert] - most).exp() / sum });
        }
    }
    of_experts
}

/// The rows of the tokens that made these choices.
fn gather<T: Number>(rows: &[T], choices: &[Choice<T>], width: usize) -> Vec<T> {
    let mut gathered = Vec::with_capacity(choices.len() * width);
    choices.iter().for_each(|choice| gathered.extend_from_slice(&rows[choice.token * width..][..width]));
    gathered
}

/// max(x, 0); NaN stays NaN.
fn relu<T: Number>(numbers: &mut [T]) {
    vectorized(
        #[inline(always)]
        || numbers.iter_mut().for_each(|x| *x = if *x < T::ZERO { T::ZERO } else { *x }),
    );
}
