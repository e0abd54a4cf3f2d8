//! A run's state and its step.

use crate::decoder::{Decoder, Noise};
use crate::jitter::Jitter;
use crate::loss::{BALANCE_WEIGHT, Loss, squared_error};
use crate::optimizer::{self, AdamW, Moments};
use crate::random::Seed;
use crate::schedule::Schedule;

/// How a decoder is trained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recipe {
    /// Of all random numbers.
    pub seed: Seed,
    /// Noise on features.
    pub jitter: Jitter,
    /// Share of numbers that dropout makes 0.
    pub dropout: f64,
    /// The optimizer.
    pub optimizer: AdamW,
    /// Of its rate.
    pub schedule: Schedule,
    /// Of the whole run.
    pub steps: u64,
}

/// What a step found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stepped {
    /// Before the step.
    pub loss: Loss,
    /// Length of the gradient, before it was shortened.
    pub norm: f64,
    /// Of the step.
    pub rate: f64,
}

/// A loss or a gradient that is no finite number. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("step {step}: expected a finite loss and gradient, found loss {loss} and gradient {norm}")]
pub struct NotFinite {
    /// Counted from 1.
    pub step: u64,
    /// As computed.
    pub loss: f64,
    /// As computed.
    pub norm: f64,
}

/// A decoder in training.
#[derive(Debug, Clone)]
pub struct Trainer {
    /// Its structure.
    pub decoder: Decoder,
    /// Its numbers.
    pub parameters: Vec<f32>,
    /// The optimizer's memory, and how many steps were made.
    pub moments: Moments,
    /// How it is trained.
    pub recipe: Recipe,
}

impl Trainer {
    /// Before the first step.
    pub fn new(decoder: Decoder, parameters: Vec<f32>, recipe: Recipe) -> Self {
        let moments = Moments::new(parameters.len());
        Self { decoder, parameters, moments, recipe }
    }

    /// Learns from a batch.
    ///
    /// * `features`: images x tokens rows of channels.
    ///
    /// # Errors
    /// [`NotFinite`]
    pub fn step(&mut self, features: &[f32]) -> Result<Stepped, NotFinite> {
        let Recipe { seed, jitter, dropout, optimizer, schedule, steps } = self.recipe;
        let step = self.moments.steps;
        let noise = Noise { seed, step, dropout };
        let mut disturbed = features.to_vec();
        jitter.apply(&mut disturbed, self.decoder.channels(), seed, step);
        let (loss, gradients) = self.gradients(disturbed, features, noise);
        let norm = optimizer::norm(&gradients);
        if !loss.total().is_finite() || !norm.is_finite() {
            return Err(NotFinite { step: step + 1, loss: loss.total(), norm });
        }
        let rate = schedule.rate(step, steps);
        optimizer.step(self.decoder.layout(), &mut self.parameters, &mut self.moments, &gradients, norm, rate);
        Ok(Stepped { loss, norm, rate })
    }

    /// The loss of a batch and the gradient of all parameters.
    ///
    /// * `features`: as they are rebuilt from; `target`: as they should be rebuilt.
    pub fn gradients(&self, features: Vec<f32>, target: &[f32], noise: Noise) -> (Loss, Vec<f32>) {
        let mut passed = self.decoder.forward(&self.parameters, features, noise);
        let mut rebuilt = std::mem::take(&mut passed.rebuilt);
        let error = squared_error(&mut rebuilt, target);
        let gradients = self.decoder.backward(&self.parameters, &passed, noise, &rebuilt, BALANCE_WEIGHT);
        (Loss { error, balance: f64::from(passed.balance) }, gradients)
    }
}
