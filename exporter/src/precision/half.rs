//! Half precision: batch norms are folded, the folded weights are rounded to 16 bits, and the result is offered with batch norms
//! that do nothing but add.

use std::collections::HashMap;

use half::f16;
use moead_model::architecture::Architecture;

use crate::backbone::{ConvNorm, Network};
use crate::checkpoint::TensorError;
use crate::folding::FoldedConv;
use crate::weights::Weights;

/// Weights rounded to what a 16-bit file holds.
pub struct HalfWeights<'a> {
    exact: &'a dyn Weights,
    convolutions: Vec<ConvNorm>,
    /// Tensor name to convolution and the part of it.
    parts: HashMap<String, (usize, Part)>,
}

/// The tensors of a convolution with its batch norm.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// Folded and rounded.
    Weight,
    /// 1: the folded weight has it already.
    Gain,
    /// The folded bias.
    Shift,
    /// 0.
    Mean,
    /// What makes the norm's divisor 1.
    Variance,
}

impl<'a> HalfWeights<'a> {
    /// `exact` as a 16-bit file of `architecture` holds it.
    pub fn new(exact: &'a dyn Weights, architecture: &Architecture) -> Self {
        let last = architecture.layers().last().copied().unwrap_or(1);
        let convolutions: Vec<ConvNorm> = Network::new(architecture.backbone(), last).convolutions().cloned().collect();
        let mut parts = HashMap::new();
        for (index, conv) in convolutions.iter().enumerate() {
            parts.insert(format!("backbone.{}.weight", conv.weight), (index, Part::Weight));
            let norm = |part: &str| format!("backbone.{}.{part}", conv.norm);
            parts.insert(norm("weight"), (index, Part::Gain));
            parts.insert(norm("bias"), (index, Part::Shift));
            parts.insert(norm("running_mean"), (index, Part::Mean));
            parts.insert(norm("running_var"), (index, Part::Variance));
        }
        Self { exact, convolutions, parts }
    }
}

impl Weights for HalfWeights<'_> {
    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        self.exact.names()
    }

    fn shape(&self, name: &str) -> Option<&[usize]> {
        self.exact.shape(name)
    }

    fn read(&self, name: &str) -> Result<Vec<f32>, TensorError> {
        let Some(&(index, part)) = self.parts.get(name) else {
            let mut values = self.exact.read(name)?;
            // Vectors (biases, norms) stay as they are, and so do positions, which no file stores by themselves. Statistics of a single axis look
            // like vectors.
            let is_matrix = |shape: &[usize]| shape.iter().filter(|&&side| side > 1).count() > 1;
            let stored = self.exact.shape(name).is_some_and(is_matrix) || name.starts_with("reconstruction.distance.");
            if stored && !name.starts_with("reconstruction.pos_embed.") {
                round(name, &mut values)?;
            }
            return Ok(values);
        };
        let conv = &self.convolutions[index];
        let same = |value: f32| vec![value; conv.output];
        Ok(match part {
            Part::Gain => same(1.0),
            Part::Mean => same(0.0),
            Part::Variance => same((1.0 - conv.epsilon) as f32),
            Part::Shift => FoldedConv::read(self.exact, conv)?.bias,
            Part::Weight => {
                let mut weight = FoldedConv::read(self.exact, conv)?.weight;
                round(name, &mut weight)?;
                weight
            }
        })
    }
}

fn round(name: &str, values: &mut [f32]) -> Result<(), TensorError> {
    for (index, value) in values.iter_mut().enumerate() {
        let rounded = f16::from_f32(*value).to_f32();
        if rounded.is_infinite() && value.is_finite() {
            return Err(TensorError::HalfOverflow { name: name.into(), index, value: *value });
        }
        *value = rounded;
    }
    Ok(())
}
