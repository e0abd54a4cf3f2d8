//! Depthwise convolution with bias and activation, and the squeeze-and-excitation behind it.

use fearless_simd::Level;
use tract_onnx::tract_core::internal::{TractErrorContext as _, *};

use super::super::kernels::activation::Activation;
use super::super::kernels::depthwise::{self, Channels, Geometry};
use super::super::kernels::excite::{self, Layers};
use super::super::pool::share;

/// Inputs: channels x height x width; channels x kernel height x kernel width; channels. With excitation also its two
/// layers, as in [`Layers`]. All f32, with sides of 1 where the graph has them.
/// Output: channels x height x width.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::tract) struct Depthwise {
    /// Of the output: channels, height, width, and sides of 1 in front.
    pub(in crate::engine::tract) shape: TVec<usize>,
    pub(in crate::engine::tract) geometry: Geometry,
    pub(in crate::engine::tract) activation: Activation,
    pub(in crate::engine::tract) excitation: Excitation,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine::tract) enum Excitation {
    None,
    SqueezeAndExcite,
}

impl Depthwise {
    /// Number of results a channel.
    fn plane(&self) -> usize {
        self.geometry.output.iter().product()
    }

    /// How many.
    pub(in crate::engine::tract) fn channels(&self) -> usize {
        self.shape.iter().product::<usize>() / self.plane()
    }

    /// The convolution; the sum of each channel goes to `sums`.
    fn convolve(&self, level: Level, inputs: [TValue; 3], sums: &mut [f32]) -> TractResult<Tensor> {
        let [input, kernel, bias] = inputs;
        let (kernel, bias) = (kernel.view(), bias.view());
        let (kernel, bias) = (kernel.as_slice::<f32>()?, bias.as_slice::<f32>()?);
        let [source, plane, taps] =
            [self.geometry.input, self.geometry.output, self.geometry.kernel].map(|sides| sides.iter().product());
        // A channel is copied before it is convolved, so a result of the same size takes its place.
        let (mut output, input) = match self.geometry.input == self.geometry.output {
            true => (input.into_tensor(), None),
            false => (Tensor::zero::<f32>(&self.shape)?, Some(input)),
        };
        let input = input.as_ref().map(|input| input.view());
        let input = input.as_ref().map(|input| input.as_slice::<f32>()).transpose()?;
        share(output.view_mut().as_slice_mut::<f32>()?, plane, sums, |first, planes, sums| {
            let count = sums.len();
            let channels = Channels {
                input: input.map(|input| &input[first * source..][..count * source]),
                kernel: &kernel[first * taps..][..count * taps],
                bias: &bias[first..][..count],
            };
            depthwise::depthwise(level, &self.geometry, self.activation, channels, planes, sums);
        });
        Ok(output)
    }

    /// Scales each channel by its gate.
    fn excite(&self, level: Level, layers: [TValue; 4], mut means: Vec<f32>, output: &mut Tensor) -> TractResult<()> {
        let plane = self.plane();
        means.iter_mut().for_each(|sum| *sum /= plane as f32);
        let views = layers.each_ref().map(|layer| layer.view());
        let [reduce, reduce_bias, expand, expand_bias] = &views;
        let layers = Layers {
            reduce: reduce.as_slice()?,
            reduce_bias: reduce_bias.as_slice()?,
            expand: expand.as_slice()?,
            expand_bias: expand_bias.as_slice()?,
        };
        excite::gates(level, layers, &mut means);
        share(output.view_mut().as_slice_mut::<f32>()?, plane, &mut means, |_, planes, gates| {
            excite::scale(level, gates, plane, planes);
        });
        Ok(())
    }
}

impl Op for Depthwise {
    fn name(&self) -> StaticName {
        "Depthwise".into()
    }

    fn info(&self) -> TractResult<Vec<String>> {
        Ok(vec![format!("{:?}, {:?}, {:?}", self.geometry, self.activation, self.excitation)])
    }

    op_as_typed_op!();
}

impl EvalOp for Depthwise {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let level = Level::new();
        let mut sums = vec![0.0; self.channels()];
        let mut inputs = inputs.into_iter();
        let mut next = || inputs.next().context("an input is missing");
        let mut output = self.convolve(level, [next()?, next()?, next()?], &mut sums)?;
        if self.excitation == Excitation::SqueezeAndExcite {
            self.excite(level, [next()?, next()?, next()?, next()?], sums, &mut output)?;
        }
        Ok(tvec!(output.into_tvalue()))
    }
}

impl TypedOp for Depthwise {
    fn output_facts(&self, _: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(f32::fact(&self.shape)))
    }

    fn cost(&self, _: &[&TypedFact]) -> TractResult<TVec<(Cost, TDim)>> {
        let taps: usize = self.geometry.kernel.iter().product();
        Ok(tvec!((Cost::FMA(f32::datum_type()), (self.channels() * self.plane() * taps).to_dim())))
    }

    as_op!();
}
