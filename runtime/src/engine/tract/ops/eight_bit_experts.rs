//! A round's experts in eight bits: each token goes to those that it chose.

use fearless_simd::Level;
use tract_onnx::tract_core::internal::*;

use super::super::kernels::eight_bit::{Expert, Grain, Layer, ROWS, Unit, Words, add_expert};
use super::experts::SHARED;
use super::routing::Routing;

/// Inputs: as of [`super::experts::Experts`] up to the choices; then for each expert, for each of its two layers, weights (i32,
/// packed by [`Unit::pack`]), sums of their columns (i32), steps and biases (f32).
/// Output: tokens x hidden numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::tract) struct EightBitExperts {
    pub(in crate::engine::tract) routing: Routing,
    /// Of the tokens, and of each expert's hidden layer.
    pub(in crate::engine::tract) grains: [Grain; 2],
}

/// Inputs of a layer.
const OF_LAYER: usize = 4;

impl Op for EightBitExperts {
    fn name(&self) -> StaticName {
        "EightBitExperts".into()
    }

    fn info(&self) -> TractResult<Vec<String>> {
        let Routing { tokens, hidden, numbers } = &self.routing;
        Ok(vec![format!("{tokens} x {hidden}, experts {numbers:?}, on {:?}", Unit::of(Level::new()))])
    }

    op_as_typed_op!();
}

impl EvalOp for EightBitExperts {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, mut inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let level = Level::new();
        let unit = Unit::of(level);
        let mut output = inputs.remove(0).into_tensor();
        let mut plain = output.try_as_plain_ram_mut()?;
        let sums = plain.as_slice_mut::<f32>()?;
        let tokens = inputs[0].try_as_plain_ram()?.as_slice::<f32>()?;
        let gates = inputs[1].try_as_plain_ram()?.as_slice::<f32>()?;
        let choices = inputs[2].try_as_plain_ram()?.as_slice::<i64>()?;
        let [grain, hidden_grain] = self.grains;
        let tokens = Words::of_rows((level, unit), tokens, self.routing.hidden, grain);
        for (&number, layers) in self.routing.numbers.iter().zip(inputs[SHARED - 1..].chunks_exact(2 * OF_LAYER)) {
            let (first, second) = layers.split_at(OF_LAYER);
            let expert = Expert { first: layer(first)?, second: layer(second)?, grain: hidden_grain };
            self.routing.visit(number, (choices, gates), sums, ROWS, |first, places, sums| {
                add_expert((level, unit), expert, (&tokens, first), places, sums);
            });
        }
        Ok(tvec!(output.into_tvalue()))
    }
}

fn layer(inputs: &[TValue]) -> TractResult<Layer<'_>> {
    Ok(Layer {
        weights: inputs[0].try_as_plain_ram()?.as_slice::<i32>()?,
        sums: inputs[1].try_as_plain_ram()?.as_slice::<i32>()?,
        steps: inputs[2].try_as_plain_ram()?.as_slice::<f32>()?,
        bias: inputs[3].try_as_plain_ram()?.as_slice::<f32>()?,
    })
}

impl TypedOp for EightBitExperts {
    fn output_facts(&self, _: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(f32::fact([self.routing.tokens, self.routing.hidden])))
    }

    as_op!();
}
