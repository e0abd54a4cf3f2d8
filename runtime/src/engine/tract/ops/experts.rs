//! A round's experts: each token goes to those that it chose.

use fearless_simd::Level;
use tract_onnx::tract_core::internal::*;

use super::super::kernels::experts::{Expert, Scratch, add_expert};
use super::super::kernels::matmul::{Right, columns};
use super::routing::Routing;

/// Inputs: tokens x hidden numbers to add to (f32), as many that the experts see (f32), tokens x choices gates (f32) and as many
/// numbers of experts (i64), no number twice for a token; then for each expert hidden x inner weights, inner biases, inner x hidden weights (both packed by
/// [`Right::pack`]) and hidden biases (f32).
/// Output: tokens x hidden numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::tract) struct Experts {
    pub(in crate::engine::tract) routing: Routing,
    pub(in crate::engine::tract) inner: usize,
}

/// Inputs before the first expert's.
pub(super) const SHARED: usize = 4;
/// Inputs of an expert.
const OF_EXPERT: usize = 4;

impl Op for Experts {
    fn name(&self) -> StaticName {
        "Experts".into()
    }

    fn info(&self) -> TractResult<Vec<String>> {
        let Self { routing: Routing { tokens, hidden, numbers }, inner } = self;
        Ok(vec![format!("{tokens} x {hidden}, inner {inner}, experts {numbers:?}")])
    }

    op_as_typed_op!();
}

impl EvalOp for Experts {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, mut inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let (hidden, inner) = (self.routing.hidden, self.inner);
        let level = Level::new();
        let cut = columns(level);
        let mut output = inputs.remove(0).into_tensor();
        let mut plain = output.try_as_plain_ram_mut()?;
        let sums = plain.as_slice_mut::<f32>()?;
        let tokens = inputs[0].try_as_plain_ram()?.as_slice::<f32>()?;
        let gates = inputs[1].try_as_plain_ram()?.as_slice::<f32>()?;
        let choices = inputs[2].try_as_plain_ram()?.as_slice::<i64>()?;
        for (&number, weights) in self.routing.numbers.iter().zip(inputs[SHARED - 1..].chunks_exact(OF_EXPERT)) {
            let slice = |index: usize| weights[index].try_as_plain_ram()?.as_slice::<f32>();
            let expert = Expert {
                first: Right::new(cut, (hidden, inner), slice(0)?),
                first_bias: slice(1)?,
                second: Right::new(cut, (inner, hidden), slice(2)?),
                second_bias: slice(3)?,
            };
            self.routing.visit(number, (choices, gates), sums, cut.height(), |first, places, sums| {
                add_expert(level, expert, &tokens[first * hidden..], places, sums, &mut Scratch::default());
            });
        }
        Ok(tvec!(output.into_tvalue()))
    }
}

impl TypedOp for Experts {
    fn output_facts(&self, _: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(f32::fact([self.routing.tokens, self.routing.hidden])))
    }

    as_op!();
}
