//! Means over a window that is moved by one row or column at a time.

use fearless_simd::Level;
use tract_onnx::tract_core::internal::*;

use super::super::kernels::windows::{Windows, means};

/// Input: … x height x width, f32. Output: … x rows x columns, as many as there are places for the window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::tract) struct WindowMeans {
    /// Of the output.
    pub(in crate::engine::tract) shape: TVec<usize>,
    pub(in crate::engine::tract) windows: Windows,
}

impl Op for WindowMeans {
    fn name(&self) -> StaticName {
        "WindowMeans".into()
    }

    fn info(&self) -> TractResult<Vec<String>> {
        Ok(vec![format!("{:?}", self.windows)])
    }

    op_as_typed_op!();
}

impl EvalOp for WindowMeans {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let input = args_1!(inputs);
        let mut output = Tensor::zero::<f32>(&self.shape)?;
        let [source, plane] = [self.windows.input, self.windows.output()].map(|sides| sides.iter().product());
        let mut view = output.view_mut();
        let planes = view.as_slice_mut::<f32>()?.chunks_exact_mut(plane);
        for (input, output) in input.view().as_slice::<f32>()?.chunks_exact(source).zip(planes) {
            means(Level::new(), &self.windows, input, output);
        }
        Ok(tvec!(output.into_tvalue()))
    }
}

impl TypedOp for WindowMeans {
    fn output_facts(&self, _: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(f32::fact(&self.shape)))
    }

    as_op!();
}
