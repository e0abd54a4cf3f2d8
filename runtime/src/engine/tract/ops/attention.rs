//! Attention between its projections.

use fearless_simd::Level;
use tract_onnx::tract_core::internal::*;

use super::super::kernels::attention::{Heads, Inputs, attend, pack_keys, pack_queries};
use super::super::kernels::matmul::columns;
use super::parallel::{parts, run_parts};

/// Inputs: queries; keys x hidden keys; keys x hidden values; queries x keys to add to the scores, if it is masked. All f32; a
/// row's hidden numbers are head after head.
/// Output: queries x heads x width numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::tract) struct Attention {
    pub(in crate::engine::tract) heads: Heads,
    pub(in crate::engine::tract) queries: Queries,
}

/// How queries lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine::tract) enum Queries {
    /// queries x heads x width
    ByToken,
    /// heads x queries x width
    ByHead,
}

impl Op for Attention {
    fn name(&self) -> StaticName {
        "Attention".into()
    }

    fn info(&self) -> TractResult<Vec<String>> {
        Ok(vec![format!("{:?}, queries {:?}", self.heads, self.queries)])
    }

    op_as_typed_op!();
}

impl EvalOp for Attention {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let heads = self.heads;
        let slice = |index: usize| inputs[index].try_as_plain_ram()?.as_slice::<f32>();
        let (queries, keys, values) = (slice(0)?, slice(1)?, slice(2)?);
        let mask = if inputs.len() > 3 { Some(slice(3)?) } else { None };
        let level = Level::new();
        let width = heads.width;
        let queries = match self.queries {
            Queries::ByToken => {
                pack_queries(level, heads, |head, query| &queries[query * heads.hidden() + head * width..][..width])
            }
            Queries::ByHead => {
                pack_queries(level, heads, |head, query| &queries[(head * heads.queries + query) * width..][..width])
            }
        };
        let keys = pack_keys(level, heads, keys);
        let inputs = Inputs { queries: &queries, keys: &keys, values, mask };
        let mut output = Tensor::zero::<f32>(&self.shape())?;
        let mut plain = output.try_as_plain_ram_mut()?;
        let mut rest = plain.as_slice_mut::<f32>()?;
        let mut jobs = Vec::new();
        for part in parts(heads.queries, columns(level).height()) {
            let (rows, behind) = rest.split_at_mut(part.len() * heads.hidden());
            rest = behind;
            jobs.push((part, rows));
        }
        run_parts(jobs, |(part, rows)| attend(level, heads, inputs, part, rows));
        Ok(tvec!(output.into_tvalue()))
    }
}

impl Attention {
    fn shape(&self) -> [usize; 3] {
        [self.heads.queries, self.heads.count, self.heads.width]
    }
}

impl TypedOp for Attention {
    fn output_facts(&self, _: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(f32::fact(self.shape())))
    }

    fn cost(&self, _: &[&TypedFact]) -> TractResult<TVec<(Cost, TDim)>> {
        let Heads { queries, keys, .. } = self.heads;
        Ok(tvec!((Cost::FMA(f32::datum_type()), (2 * queries * keys * self.heads.hidden()).to_dim())))
    }

    as_op!();
}
