//! A node of a file, and where its inputs come from.

use moead_model::onnx::attributes;
use moead_model::onnx::messages::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::format_err;

pub(super) struct Node<'a> {
    pub(super) proto: &'a NodeProto,
    /// `None` is an optional one that is left out.
    pub(super) inputs: Vec<Option<OutletId>>,
}

impl Node<'_> {
    pub(super) fn name(&self) -> &str {
        self.proto.name()
    }

    pub(super) fn input(&self, index: usize) -> TractResult<OutletId> {
        self.optional(index).ok_or_else(|| format_err!("input {index} is missing"))
    }

    pub(super) fn optional(&self, index: usize) -> Option<OutletId> {
        self.inputs.get(index).copied().flatten()
    }

    /// Which of those that are [`given`](Self::given) an input is.
    pub(super) fn place(&self, index: usize) -> Option<usize> {
        self.optional(index).map(|_| self.inputs[..index].iter().flatten().count())
    }

    /// All but those that are left out.
    pub(super) fn given(&self) -> TVec<OutletId> {
        self.inputs.iter().copied().flatten().collect()
    }

    /// The numbers of an input that is a constant.
    pub(super) fn integers(&self, model: &TypedModel, index: usize) -> TractResult<Vec<i64>> {
        let constant = model.outlet_fact(self.input(index)?)?.konst.as_ref();
        let constant = constant.ok_or_else(|| format_err!("input {index} is not a constant"))?;
        Ok(constant.cast_to::<i64>()?.to_plain_array_view::<i64>()?.iter().copied().collect())
    }

    /// Dimensions of a tensor of `rank`, from a constant; negative ones count from the last.
    pub(super) fn axes(&self, model: &TypedModel, index: usize, rank: usize) -> TractResult<TVec<usize>> {
        self.integers(model, index)?.into_iter().map(|value| axis(value, rank)).collect()
    }

    /// An attribute of numbers that are not negative.
    pub(super) fn sides(&self, name: &str) -> TractResult<Option<TVec<usize>>> {
        let sides = |ints: &[i64]| ints.iter().map(|&side| Ok(usize::try_from(side)?)).collect();
        self.proto.ints(name).map(sides).transpose()
    }

    /// The attribute `axis`, a dimension of a tensor of `rank`.
    pub(super) fn axis(&self, default: i64, rank: usize) -> TractResult<usize> {
        axis(self.proto.int("axis", default), rank)
    }
}

fn axis(value: i64, rank: usize) -> TractResult<usize> {
    attributes::axis(value, rank).ok_or_else(|| format_err!("{value} is not one of {rank} dimensions"))
}
