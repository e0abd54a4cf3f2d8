//! What the numbers are before the first step.

use crate::parameters::{Entry, Layout};
use crate::random::{Purpose, Seed, Stream};

/// How the decoder begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Initial {
    /// As published: Xavier's uniform distribution for linear layers; for experts PyTorch's default with the fan-in that it computes of a tensor of
    /// three sides, outputs x inputs, which makes them almost 0; biases 0; `learned_embed` normal; positions uniform in [0, 1).
    Published,
    /// The same, but experts uniform within 1 / sqrt(inputs), and the last layer 0: what is rebuilt begins at the mean.
    Small,
}

impl Initial {
    /// All parameters, each tensor from a stream of its own name.
    pub fn draw(self, layout: &Layout, seed: Seed) -> Vec<f32> {
        let mut numbers = vec![0.0; layout.length()];
        for entry in layout.entries() {
            let mut random = seed.named(Purpose::Initial, &entry.name);
            self.fill(entry, &mut random, &mut numbers[entry.place.clone()]);
        }
        numbers
    }

    fn fill(self, entry: &Entry, random: &mut Stream, numbers: &mut [f32]) {
        let name = entry.name.as_str();
        let mut uniform = |low: f64, high: f64| numbers.iter_mut().for_each(|x| *x = random.between(low, high) as f32);
        match entry.shape[..] {
            _ if name.ends_with("learned_embed.weight") => {
                for pair in numbers.chunks_mut(2) {
                    pair.iter_mut().zip(random.normals()).for_each(|(x, normal)| *x = normal as f32);
                }
            }
            _ if name.starts_with("pos_embed.") => uniform(0.0, 1.0),
            _ if self == Self::Small && name.starts_with("output_proj.") => {}
            // Norms' gains are 1; their shifts and all biases stay 0.
            [_] if (name.contains("norm.") || name.contains("norms.")) && name.ends_with(".weight") => {
                numbers.fill(1.0)
            }
            [_] => {}
            // Kaiming's with a = sqrt 5 is 1 / sqrt(fan-in).
            [_, outputs, inputs] => {
                let fan_in = if self == Self::Small { inputs } else { outputs * inputs };
                let bound = (fan_in as f64).sqrt().recip();
                uniform(-bound, bound);
            }
            // Xavier's; of `in_proj_weight` over all three thirds.
            [outputs, inputs] => {
                let bound = (6.0 / (outputs + inputs) as f64).sqrt();
                uniform(-bound, bound);
            }
            _ => {}
        }
    }
}
