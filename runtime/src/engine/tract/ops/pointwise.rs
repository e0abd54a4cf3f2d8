//! Constant weights times channels: convolution of 1 x 1, interpolation along the columns of a picture.

use fearless_simd::Level;
use tract_onnx::tract_core::internal::*;

use super::super::kernels::matmul::{Bias, Columns, Layout, Left, Plain, Right, Rows, Strip, columns, product};
use super::linear::Order;
use super::parallel::{parts, run_parts};
use super::tail::Tail;

/// Inputs: batch x channels x pixels; results x channels weights, packed by [`Layout::pack`]; a bias of `results` numbers and an
/// addend as large as the output, if the tail has them. All f32.
/// Output: batch x results x pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::tract) struct Pointwise {
    pub(in crate::engine::tract) channels: usize,
    pub(in crate::engine::tract) results: usize,
    pub(in crate::engine::tract) pixels: usize,
    /// Of channels x pixels.
    pub(in crate::engine::tract) order: Order,
    pub(in crate::engine::tract) tail: Tail,
    /// As the graph sees the output.
    pub(in crate::engine::tract) shape: TVec<usize>,
}

/// Numbers of the input that a panel of weights meets before the next one does: they stay in the nearest cache, and the rows of
/// the output are written a stretch at a time.
const NEAR: usize = 8192;

impl Op for Pointwise {
    fn name(&self) -> StaticName {
        "Pointwise".into()
    }

    fn info(&self) -> TractResult<Vec<String>> {
        let Self { channels, results, pixels, order, tail, .. } = self;
        Ok(vec![format!("{results} x {channels} x {pixels}, {order:?}, {tail:?}")])
    }

    op_as_typed_op!();
}

impl EvalOp for Pointwise {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let Self { channels, results, pixels, tail, .. } = *self;
        let input = inputs[0].try_as_plain_ram()?.as_slice::<f32>()?;
        let weights = inputs[1].try_as_plain_ram()?.as_slice::<f32>()?;
        let (bias, addend) = tail.operands(&inputs, 2)?;
        let bias = bias.map_or(Bias::None, Bias::OfRows);
        let level = Level::new();
        let cut = columns(level);
        let weights = Left::new(Layout { rows: results, depth: channels, height: cut.height() }, weights);
        let mut output = Tensor::zero::<f32>(&self.shape)?;
        let mut plain = output.try_as_plain_ram_mut()?;
        let numbers = plain.as_slice_mut::<f32>()?;
        let pictures = input.chunks_exact(channels * pixels).zip(numbers.chunks_exact_mut(results * pixels));
        for (index, (input, output)) in pictures.enumerate() {
            let mut jobs: Vec<_> =
                parts(pixels, cut.whole()).into_iter().map(|part| (part, Vec::with_capacity(results))).collect();
            for mut row in output.chunks_exact_mut(pixels) {
                for (part, rows) in &mut jobs {
                    let (stretch, behind) = row.split_at_mut(part.len());
                    row = behind;
                    rows.push(stretch);
                }
            }
            run_parts(jobs, |(part, mut rows)| {
                let blend = tail.blend(bias, addend, index * results, pixels);
                let mut finish = Rows { blend, rows: &mut rows, first: part.start };
                let mut packed = Vec::new();
                let strips = self.strips(cut, input, part, &mut packed);
                for strips in strips.chunks((NEAR / channels.max(1) / cut.whole()).max(1)) {
                    product(level, &weights, strips, &mut finish);
                }
            });
        }
        Ok(tvec!(output.into_tvalue()))
    }
}

impl Pointwise {
    /// Some pixels of channels x pixels, as strips.
    fn strips<'a>(
        &self,
        cut: Columns,
        input: &'a [f32],
        pixels: std::ops::Range<usize>,
        packed: &'a mut Vec<f32>,
    ) -> Vec<Strip<'a>> {
        match self.order {
            Order::Rows => {
                Plain { numbers: input, depth: self.channels, count: self.pixels }.strips(cut, pixels, packed)
            }
            Order::Columns => {
                let shape = (self.channels, pixels.len());
                Right::pack_columns(cut, shape, (&input[pixels.start * self.channels..], self.channels), packed);
                let strips = Right::new(cut, shape, packed).strips();
                strips.map(|strip| Strip { column: strip.column + pixels.start, ..strip }).collect()
            }
        }
    }
}

impl TypedOp for Pointwise {
    fn output_facts(&self, _: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(f32::fact(&self.shape)))
    }

    fn cost(&self, _: &[&TypedFact]) -> TractResult<TVec<(Cost, TDim)>> {
        let outputs: usize = self.shape.iter().product();
        Ok(tvec!((Cost::FMA(f32::datum_type()), (outputs * self.channels).to_dim())))
    }

    as_op!();
}
