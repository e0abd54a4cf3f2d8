//! From a sample to the network's input and the truth about its pixels.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use moead_model::manifest::Input;
use moead_runtime::panicked;
use moead_runtime::preprocess::decode;
use moead_runtime::preprocess::normalize::normalize;
use moead_runtime::preprocess::resize::resize;

use super::{Alteration, PixelTruth, Unjudged};
use crate::dataset::mask::Mask;
use crate::dataset::{MaskSource, Sample, Truth};

/// A picture that the engine can be asked about.
pub(super) struct Prepared {
    /// 3 x H x W.
    pub(super) planes: Vec<f32>,
    pub(super) truth: PixelTruth,
}

/// Makes the network's input.
pub(super) struct Preparer<'a> {
    input: &'a Input,
    alter: Alteration<'a>,
}

impl<'a> Preparer<'a> {
    pub(super) fn new(input: &'a Input, alter: Alteration<'a>) -> Self {
        Self { input, alter }
    }

    /// A decoder that panics costs its picture alone.
    pub(super) fn prepare(&mut self, at: usize, sample: &Sample) -> Result<Prepared, Unjudged> {
        catch_unwind(AssertUnwindSafe(|| self.read(at, sample)))
            .unwrap_or_else(|panic| Err(Unjudged::DecoderPanicked(words(&*panic))))
    }

    fn read(&self, at: usize, sample: &Sample) -> Result<Prepared, Unjudged> {
        let mut picture = decode::read(&sample.path)?;
        let size = self.input.size();
        let truth = match &sample.truth {
            Truth::Good => PixelTruth::Good,
            Truth::Defective { mask: MaskSource::None, .. } => PixelTruth::Unknown,
            Truth::Defective { mask: MaskSource::Missing, .. } => PixelTruth::AllDefective,
            Truth::Defective { mask: MaskSource::File(path), .. } => {
                let mask = Mask::read(path).map_err(|error| Unjudged::Mask { path: path.clone(), error })?;
                if mask.size != picture.size() {
                    return Err(Unjudged::MaskSize { path: path.clone(), picture: picture.size(), mask: mask.size });
                }
                PixelTruth::Mask(mask.resized(size))
            }
        };
        (self.alter)(at, &mut picture);
        let pixels = resize(&picture, size);
        Ok(Prepared { planes: normalize(pixels.pixels(), self.input.normalization()), truth })
    }
}

fn words(panic: &(dyn Any + Send)) -> String {
    panicked::words(panic).unwrap_or("without a word").to_owned()
}
