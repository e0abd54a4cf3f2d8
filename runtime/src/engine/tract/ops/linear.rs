//! Rows times constant weights: projections of tokens, interpolation along the rows of a picture.

use fearless_simd::Level;
use tract_onnx::tract_core::internal::*;

use super::super::kernels::matmul::{Bias, Layout, Left, Right, Rows, columns, product};
use super::parallel::{parts, run_parts};
use super::tail::Tail;

/// Inputs: rows x depth numbers; depth x count weights, packed by [`Right::pack`]; a bias of `count` numbers and an addend of
/// rows x count, if the tail has them. All f32.
/// Output: rows x count numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::tract) struct Linear {
    pub(in crate::engine::tract) rows: usize,
    pub(in crate::engine::tract) depth: usize,
    pub(in crate::engine::tract) count: usize,
    pub(in crate::engine::tract) order: Order,
    pub(in crate::engine::tract) tail: Tail,
    /// As the graph sees the output.
    pub(in crate::engine::tract) shape: TVec<usize>,
}

/// How a matrix lies in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine::tract) enum Order {
    /// Row after row.
    Rows,
    /// Column after column.
    Columns,
}

impl Op for Linear {
    fn name(&self) -> StaticName {
        "Linear".into()
    }

    fn info(&self) -> TractResult<Vec<String>> {
        Ok(vec![format!("{} x {} x {}, {:?}, {:?}", self.rows, self.depth, self.count, self.order, self.tail)])
    }

    op_as_typed_op!();
}

impl EvalOp for Linear {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let Self { rows, depth, count, order, tail, .. } = *self;
        let input = inputs[0].try_as_plain_ram()?.as_slice::<f32>()?;
        let weights = inputs[1].try_as_plain_ram()?.as_slice::<f32>()?;
        let (bias, addend) = tail.operands(&inputs, 2)?;
        let level = Level::new();
        let cut = columns(level);
        let layout = Layout { rows, depth, height: cut.height() };
        let packed = match order {
            Order::Rows => layout.pack(input),
            Order::Columns => layout.pack_columns(input),
        };
        let left = Left::new(layout, &packed);
        let right = Right::new(cut, (depth, count), weights);
        let mut output = Tensor::zero::<f32>(&self.shape)?;
        let mut plain = output.try_as_plain_ram_mut()?;
        let mut rest = plain.as_slice_mut::<f32>()?;
        let mut jobs = Vec::new();
        for part in parts(rows, cut.height()) {
            let (numbers, behind) = rest.split_at_mut(part.len() * count);
            rest = behind;
            jobs.push((part, numbers));
        }
        run_parts(jobs, |(part, numbers)| {
            let bias = bias.map_or(Bias::None, Bias::OfColumns);
            let blend = tail.blend(bias, addend, part.start, count);
            let mut rows: Vec<_> = numbers.chunks_exact_mut(count).collect();
            let mut finish = Rows { blend, rows: &mut rows, first: 0 };
            let left = left.part(part);
            for strip in right.strips() {
                product(level, &left, &[strip], &mut finish);
            }
        });
        Ok(tvec!(output.into_tvalue()))
    }
}

impl TypedOp for Linear {
    fn output_facts(&self, _: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(f32::fact(&self.shape)))
    }

    fn cost(&self, _: &[&TypedFact]) -> TractResult<TVec<(Cost, TDim)>> {
        Ok(tvec!((Cost::FMA(f32::datum_type()), (self.rows * self.depth * self.count).to_dim())))
    }

    as_op!();
}
