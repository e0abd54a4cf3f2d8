//! A round's experts: each token goes to those that it chose.

use fearless_simd::Level;
use tract_onnx::tract_core::internal::*;

use super::super::kernels::experts::{Expert, Scratch, add_expert};
use super::super::kernels::matmul::{Right, columns};
use super::parallel::{parts, run_parts};

/// Inputs: tokens x hidden numbers to add to (f32), as many that the experts see (f32), tokens x choices gates (f32) and as many
/// numbers of experts (i64), no number twice for a token; then for each expert hidden x inner weights, inner biases, inner x hidden weights (both packed by
/// [`Right::pack`]) and hidden biases (f32).
/// Output: tokens x hidden numbers.
///
/// Experts add to a token in the order in which they stand in `numbers`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::tract) struct Experts {
    pub(in crate::engine::tract) tokens: usize,
    pub(in crate::engine::tract) hidden: usize,
    pub(in crate::engine::tract) inner: usize,
    /// By which the choices name the experts.
    pub(in crate::engine::tract) numbers: Vec<i64>,
}

/// Inputs before the first expert's.
const SHARED: usize = 4;
/// Inputs of an expert.
const OF_EXPERT: usize = 4;

impl Op for Experts {
    fn name(&self) -> StaticName {
        "Experts".into()
    }

    fn info(&self) -> TractResult<Vec<String>> {
        let Self { tokens, hidden, inner, numbers } = self;
        Ok(vec![format!("{tokens} x {hidden}, inner {inner}, experts {numbers:?}")])
    }

    op_as_typed_op!();
}

impl EvalOp for Experts {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, mut inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let Self { hidden, inner, .. } = *self;
        let level = Level::new();
        let cut = columns(level);
        let mut output = inputs.remove(0).into_tensor();
        let mut plain = output.try_as_plain_ram_mut()?;
        let sums = plain.as_slice_mut::<f32>()?;
        let tokens = inputs[0].try_as_plain_ram()?.as_slice::<f32>()?;
        let gates = inputs[1].try_as_plain_ram()?.as_slice::<f32>()?;
        let choices = inputs[2].try_as_plain_ram()?.as_slice::<i64>()?;
        for (&number, weights) in self.numbers.iter().zip(inputs[SHARED - 1..].chunks_exact(OF_EXPERT)) {
            let slice = |index: usize| weights[index].try_as_plain_ram()?.as_slice::<f32>();
            let expert = Expert {
                first: Right::new(cut, (hidden, inner), slice(0)?),
                first_bias: slice(1)?,
                second: Right::new(cut, (inner, hidden), slice(2)?),
                second_bias: slice(3)?,
            };
            let places = self.places(number, choices, gates);
            let mut rest = &mut *sums;
            let mut done = 0;
            let mut jobs = Vec::new();
            let parts = parts(places.len(), cut.height());
            for (index, part) in parts.iter().enumerate() {
                // A token is in `places` once, so parts of it are apart in the output too.
                let first = if index == 0 { 0 } else { places[part.start].0 };
                let end = parts.get(index + 1).map_or(self.tokens, |next| places[next.start].0);
                let (sums, behind) = rest.split_at_mut((end - done) * hidden);
                (rest, done) = (behind, end);
                let places: Vec<_> = places[part.clone()].iter().map(|&(token, gate)| (token - first, gate)).collect();
                jobs.push((places, &tokens[first * hidden..], sums));
            }
            run_parts(jobs, |(places, tokens, sums)| {
                add_expert(level, expert, tokens, &places, sums, &mut Scratch::default());
            });
        }
        Ok(tvec!(output.into_tvalue()))
    }
}

impl Experts {
    /// Tokens that chose an expert, and their gates, in ascending order.
    fn places(&self, number: i64, choices: &[i64], gates: &[f32]) -> Vec<(usize, f32)> {
        let each = choices.len() / self.tokens.max(1);
        let mut places = Vec::with_capacity(self.tokens);
        for (place, (&choice, &gate)) in choices.iter().zip(gates).enumerate() {
            if choice == number {
                places.push((place / each, gate));
            }
        }
        places
    }
}

impl TypedOp for Experts {
    fn output_facts(&self, _: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(f32::fact([self.tokens, self.hidden])))
    }

    as_op!();
}
