//! Batch norms with running statistics are affine, so they disappear into the convolution before them.

use crate::backbone::ConvNorm;
use crate::checkpoint::TensorError;
use crate::weights::Weights;

/// A convolution with its batch norm folded in, in f64 and rounded once:
/// w' = w g / sqrt(v + e), b' = b - m g / sqrt(v + e).
#[derive(Debug)]
pub struct FoldedConv {
    /// out x in/groups x kernel x kernel.
    pub weight: Vec<f32>,
    /// out.
    pub bias: Vec<f32>,
}

impl FoldedConv {
    /// Reads the convolution's five tensors.
    ///
    /// # Errors
    /// [`TensorError`] names the tensor; a negative variance is one.
    pub fn read(weights: &dyn Weights, conv: &ConvNorm) -> Result<Self, TensorError> {
        let mut weight = weights.read(&format!("backbone.{}.weight", conv.weight))?;
        let norm = |part: &str| weights.read(&format!("backbone.{}.{part}", conv.norm));
        let (gain, shift) = (norm("weight")?, norm("bias")?);
        let (mean, variance) = (norm("running_mean")?, norm("running_var")?);
        let mut bias = Vec::with_capacity(conv.output);
        let per_channel = weight.len() / conv.output;
        for (channel, values) in weight.chunks_exact_mut(per_channel).enumerate() {
            let variance = f64::from(variance[channel]) + conv.epsilon;
            if variance <= 0.0 {
                let name = format!("backbone.{}.running_var", conv.norm);
                return Err(TensorError::NegativeVariance { name, index: channel });
            }
            let factor = f64::from(gain[channel]) / variance.sqrt();
            for value in values {
                *value = (f64::from(*value) * factor) as f32;
            }
            bias.push((f64::from(shift[channel]) - f64::from(mean[channel]) * factor) as f32);
        }
        Ok(Self { weight, bias })
    }
}
