//! Layer norm of rows, with gain and shift.

use fearless_simd::Level;
use tract_onnx::tract_core::internal::*;

use super::super::kernels::layer_norm::layer_norm;
use super::super::pool::threads;
use super::parallel::run_parts;

/// Inputs: rows x width numbers; a gain of `width`; a shift of `width`. All f32.
/// Output: as the first input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::tract) struct LayerNorm {
    pub(in crate::engine::tract) width: usize,
    /// Added to the variance; the bits of a 32-bit float.
    pub(in crate::engine::tract) epsilon: u32,
}

impl Op for LayerNorm {
    fn name(&self) -> StaticName {
        "LayerNorm".into()
    }

    fn info(&self) -> TractResult<Vec<String>> {
        Ok(vec![format!("width {}, epsilon {}", self.width, f32::from_bits(self.epsilon))])
    }

    op_as_typed_op!();
}

impl EvalOp for LayerNorm {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let (input, gain, shift) = args_3!(inputs);
        let gain = gain.try_as_plain_ram()?.as_slice::<f32>()?;
        let shift = shift.try_as_plain_ram()?.as_slice::<f32>()?;
        let mut output = input.into_tensor();
        let mut plain = output.try_as_plain_ram_mut()?;
        let numbers = plain.as_slice_mut::<f32>()?;
        let (level, epsilon) = (Level::new(), f32::from_bits(self.epsilon));
        let rows = numbers.len() / self.width;
        let parts = numbers.chunks_mut(self.width * rows.div_ceil(threads()).max(1)).collect();
        run_parts(parts, |rows| layer_norm(level, rows, gain, shift, epsilon));
        Ok(tvec!(output.into_tvalue()))
    }
}

impl TypedOp for LayerNorm {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(inputs[0].without_value()))
    }

    as_op!();
}
