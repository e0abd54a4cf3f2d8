//! Depthwise convolution with bias and activation.

use fearless_simd::Level;
use tract_linalg::multithread::par_chunks_mut;
use tract_onnx::tract_core::internal::*;

use super::super::kernels::activation::Activation;
use super::super::kernels::depthwise::{self, Channels, Geometry};

/// Inputs: 1 x channels x height x width; channels x kernel height x kernel width; channels. All f32.
/// Output: 1 x channels x height x width.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::tract) struct Depthwise {
    pub(in crate::engine::tract) channels: usize,
    pub(in crate::engine::tract) geometry: Geometry,
    pub(in crate::engine::tract) activation: Activation,
}

impl Depthwise {
    /// Number of results a channel.
    fn plane(&self) -> usize {
        self.geometry.output.iter().product()
    }

    fn output_shape(&self) -> [usize; 4] {
        let [height, width] = self.geometry.output;
        [1, self.channels, height, width]
    }
}

impl Op for Depthwise {
    fn name(&self) -> StaticName {
        "Depthwise".into()
    }

    fn info(&self) -> TractResult<Vec<String>> {
        Ok(vec![format!("{:?}, then {:?}", self.geometry, self.activation)])
    }

    op_as_typed_op!();
}

impl EvalOp for Depthwise {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let (input, kernel, bias) = args_3!(inputs);
        let kernel = kernel.view().as_slice()?;
        let bias = bias.view().as_slice()?;
        let source: usize = self.geometry.input.iter().product();
        let taps: usize = self.geometry.kernel.iter().product();
        // A channel is copied before it is convolved, so a result of the same size takes its place.
        let is_in_place = self.geometry.input == self.geometry.output;
        let (mut output, input) = match is_in_place {
            true => (input.into_tensor(), None),
            false => (Tensor::zero::<f32>(&self.output_shape())?, Some(input)),
        };
        let input = input.as_ref().map(|input| input.view().as_slice::<f32>()).transpose()?;
        let level = Level::new();
        let work = output.len() * taps;
        par_chunks_mut(output.view_mut().as_slice_mut::<f32>()?, self.plane(), work, |first, planes| {
            let count = planes.len() / self.plane();
            let channels = Channels {
                input: input.map(|input| &input[first * source..][..count * source]),
                kernel: &kernel[first * taps..][..count * taps],
                bias: &bias[first..][..count],
            };
            depthwise::depthwise(level, &self.geometry, self.activation, channels, planes, &mut vec![0.0; count]);
            Ok(())
        })?;
        Ok(tvec!(output.into_tvalue()))
    }
}

impl TypedOp for Depthwise {
    fn output_facts(&self, _: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(f32::fact(self.output_shape())))
    }

    fn cost(&self, _: &[&TypedFact]) -> TractResult<TVec<(Cost, TDim)>> {
        let taps: usize = self.geometry.kernel.iter().product();
        Ok(tvec!((Cost::FMA(f32::datum_type()), (self.channels * self.plane() * taps).to_dim())))
    }

    as_op!();
}
