//! AdamW with clipped gradients, as PyTorch computes it.

use rayon::prelude::*;

use crate::parameters::Layout;
use crate::vectors::{sum_of, vectorized};

/// Its settings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamW {
    /// Of the mean of gradients, and of their squares.
    pub betas: [f64; 2],
    /// Added to the root of the squares' mean.
    pub epsilon: f64,
    /// Share of every parameter that goes with each step, times the rate.
    pub decay: f64,
    /// Gradients are shortened to this length.
    pub most_norm: f64,
}

/// What it remembers of earlier steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    /// Steps so far.
    pub steps: u64,
    /// Of gradients.
    pub mean: Vec<f32>,
    /// Of their squares.
    pub square: Vec<f32>,
}

impl Moments {
    /// Before the first step.
    pub fn new(length: usize) -> Self {
        Self { steps: 0, mean: vec![0.0; length], square: vec![0.0; length] }
    }
}

/// Numbers that a thread takes at a time; fixed, so that sums do not depend on the number of threads.
const BLOCK: usize = 1 << 14;

/// The length of a gradient, all parameters in one.
pub fn norm(gradients: &[f32]) -> f64 {
    let square = |block: &[f32]| {
        vectorized(
            #[inline(always)]
            || f64::from(sum_of(block, |g| g * g)),
        )
    };
    let sums: Vec<f64> = gradients.par_chunks(BLOCK).map(square).collect();
    sums.iter().sum::<f64>().sqrt()
}

impl AdamW {
    /// One step. Parameters that the network does not use are left alone.
    ///
    /// * `gradients`: of length `norm`.
    pub fn step(
        &self,
        layout: &Layout,
        parameters: &mut [f32],
        moments: &mut Moments,
        gradients: &[f32],
        norm: f64,
        rate: f64,
    ) {
        moments.steps += 1;
        let steps = i32::try_from(moments.steps).unwrap_or(i32::MAX);
        let shorten = (self.most_norm / (norm + 1e-6)).min(1.0) as f32;
        let [first, second] = self.betas;
        let keep = (1.0 - rate * self.decay) as f32;
        let stride = (rate / (1.0 - first.powi(steps))) as f32;
        let root = (1.0 - second.powi(steps)).sqrt() as f32;
        let (epsilon, [new_mean, new_square]) = (self.epsilon as f32, [(1.0 - first) as f32, (1.0 - second) as f32]);
        let [old_mean, old_square] = [first as f32, second as f32];
        for entry in layout.entries().iter().filter(|entry| entry.is_used) {
            let place = || entry.place.clone();
            let numbers = parameters[place()].par_chunks_mut(BLOCK).zip(gradients[place()].par_chunks(BLOCK));
            let moments =
                moments.mean[place()].par_chunks_mut(BLOCK).zip(moments.square[place()].par_chunks_mut(BLOCK));
            numbers.zip(moments).for_each(|((parameters, gradients), (means, squares))| {
                vectorized(
                    #[inline(always)]
                    || {
                        let all = parameters.iter_mut().zip(gradients).zip(means).zip(squares);
                        for (((parameter, gradient), mean), square) in all {
                            let gradient = gradient * shorten;
                            *mean = *mean * old_mean + gradient * new_mean;
                            *square = *square * old_square + gradient * gradient * new_square;
                            *parameter = *parameter * keep - stride * (*mean / (square.sqrt() / root + epsilon));
                        }
                    },
                );
            });
        }
    }
}
