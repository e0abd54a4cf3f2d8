//! Each place's row times the matrix of that place: what makes residuals of tokens equally likely in all directions.

use fearless_simd::Level;
use tract_onnx::tract_core::internal::*;

use super::super::kernels::places::rows_times_matrices;
use super::parallel::{parts, run_parts};

/// Inputs: places x depth numbers; places x depth x count numbers. All f32.
/// Output: places x count numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::tract) struct PlaceProducts {
    pub(in crate::engine::tract) places: usize,
    pub(in crate::engine::tract) depth: usize,
    pub(in crate::engine::tract) count: usize,
    /// As the graph sees the output.
    pub(in crate::engine::tract) shape: TVec<usize>,
}

impl Op for PlaceProducts {
    fn name(&self) -> StaticName {
        "PlaceProducts".into()
    }

    fn info(&self) -> TractResult<Vec<String>> {
        Ok(vec![format!("{} of {} x {}", self.places, self.depth, self.count)])
    }

    op_as_typed_op!();
}

impl EvalOp for PlaceProducts {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let Self { places, depth, count, .. } = *self;
        let rows = inputs[0].try_as_plain_ram()?.as_slice::<f32>()?;
        let matrices = inputs[1].try_as_plain_ram()?.as_slice::<f32>()?;
        let mut output = Tensor::zero::<f32>(&self.shape)?;
        let mut plain = output.try_as_plain_ram_mut()?;
        let mut rest = plain.as_slice_mut::<f32>()?;
        let mut jobs = Vec::new();
        for part in parts(places, 1) {
            let (numbers, behind) = rest.split_at_mut(part.len() * count);
            rest = behind;
            jobs.push((part, numbers));
        }
        run_parts(jobs, |(part, numbers)| {
            let rows = &rows[part.start * depth..part.end * depth];
            let matrices = &matrices[part.start * depth * count..part.end * depth * count];
            rows_times_matrices(Level::new(), (depth, count), (rows, matrices), numbers);
        });
        Ok(tvec!(output.into_tvalue()))
    }
}

impl TypedOp for PlaceProducts {
    fn output_facts(&self, _: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(f32::fact(&self.shape)))
    }

    fn cost(&self, _: &[&TypedFact]) -> TractResult<TVec<(Cost, TDim)>> {
        Ok(tvec!((Cost::FMA(f32::datum_type()), (self.places * self.depth * self.count).to_dim())))
    }

    as_op!();
}
