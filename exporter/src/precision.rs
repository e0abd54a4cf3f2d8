//! Precisions below 32 bits: the weights as they will be stored, seen as a checkpoint of their own.
//!
//! Rounding comes first and everything else after it: the rounded weights are offered as [`Weights`] again. Graph and plain
//! evaluation then read the same numbers, so a check of the graph stays as strict as in full precision, and what rounding
//! itself costs can be told apart from what the graph does.

use moead_model::architecture::Architecture;
use moead_model::manifest::Precision;

use crate::weights::Weights;

pub(crate) mod eight_bit;
mod half;

pub use eight_bit::EightBitWeights;
pub use half::HalfWeights;

/// `exact` as a file of that precision holds it.
pub fn stored<'a>(exact: &'a dyn Weights, architecture: &Architecture, precision: Precision) -> Box<dyn Weights + 'a> {
    match precision {
        Precision::F32 => Box::new(Exact(exact)),
        Precision::F16 => Box::new(HalfWeights::new(exact, architecture)),
        Precision::Int8 => Box::new(EightBitWeights::new(exact)),
    }
}

/// As they are.
struct Exact<'a>(&'a dyn Weights);

impl Weights for Exact<'_> {
    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        self.0.names()
    }

    fn shape(&self, name: &str) -> Option<&[usize]> {
        self.0.shape(name)
    }

    fn read(&self, name: &str) -> Result<Vec<f32>, crate::checkpoint::TensorError> {
        self.0.read(name)
    }
}
