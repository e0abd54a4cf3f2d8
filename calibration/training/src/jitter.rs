//! Noise on features, before they are rebuilt; what they are compared with stays clean.
//!
//! ```text
//! x + N(0, 1) * |x| / C * scale       for each token x of C channels
//! ```

use rayon::prelude::*;

use crate::random::{Purpose, Seed};

/// How features are disturbed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Jitter {
    /// Of the noise; 20 as published.
    pub scale: f64,
    /// Of a whole batch to be disturbed.
    pub probability: f64,
}

impl Jitter {
    /// Features as they are.
    pub const NONE: Self = Self { scale: 0.0, probability: 0.0 };

    /// Disturbs a batch, or leaves it alone.
    ///
    /// * `features`: rows of `channels`.
    /// * `step`: its noise is the same whenever it is drawn.
    pub fn apply(self, features: &mut [f32], channels: usize, seed: Seed, step: u64) {
        if seed.stream(Purpose::Jitter, &[step]).unit() >= self.probability {
            return;
        }
        features.par_chunks_exact_mut(channels).enumerate().for_each(|(row, token)| {
            let mut random = seed.stream(Purpose::Jitter, &[step, row as u64]);
            let mut noise = Vec::with_capacity(channels + 1);
            while noise.len() < channels {
                noise.extend(random.normals().map(|number| number as f32));
            }
            disturb(token, &noise, self.scale);
        });
    }
}

/// `token` + `noise` * |token| / C * `scale`
pub fn disturb(token: &mut [f32], noise: &[f32], scale: f64) {
    let length = token.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt();
    let factor = (length / token.len() as f64 * scale) as f32;
    token.iter_mut().zip(noise).for_each(|(x, noise)| *x += noise * factor);
}
