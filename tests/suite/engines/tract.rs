//! tract: as it comes, and with our ops.

use std::num::NonZeroUsize;

use moead_model::onnx::model_file::ModelFile;
use moead_runtime::engine::Output;
use moead_runtime::engine::tract::{Session, tensors};
use tract_onnx::prelude::*;

use super::Answer;

/// Without the runtime.
pub(crate) fn stock(model: &ModelFile, input: &[f32], outputs: &[&str]) -> Answer {
    let size = model.manifest().input.size();
    let shape = [1, 3, size.height, size.width];
    let run = || {
        let plan = tract_onnx::onnx()
            .model_for_read(&mut &model.bytes()[..])?
            .with_input_fact(0, f32::fact(shape).into())?
            .with_outputs_by_name(outputs)?
            .into_optimized()?
            .into_runnable()?;
        let answers = plan.run(tvec!(Tensor::from_shape(&shape, input)?.into_tvalue()))?;
        let number = |tensor: &TValue| {
            Ok(tensor.cast_to::<f64>()?.to_plain_array_view::<f64>()?.iter().copied().collect::<Vec<f64>>())
        };
        let numbers = answers.iter().map(number).collect::<TractResult<Vec<_>>>()?;
        Ok(outputs.iter().map(|name| (*name).to_owned()).zip(numbers).collect())
    };
    run().unwrap_or_else(|error: TractError| panic!("tract: {error:#}"))
}

/// The runtime's: the file's outputs from the plan that ships, `inner` tensors from one that keeps them.
pub(crate) fn answer(model: &ModelFile, input: &[f32], outputs: &[&str], inner: &[&str]) -> Answer {
    let plans = [outputs, inner].into_iter().filter(|names| !names.is_empty());
    let tensors = plans.flat_map(|names| {
        let tensors = tensors(model, names, input).unwrap_or_else(|error| panic!("{error}"));
        let numbers = tensors.into_iter().map(|tensor| tensor.data.into_iter().map(f64::from).collect());
        names.iter().map(|name| (*name).to_owned()).zip(numbers).collect::<Vec<_>>()
    });
    tensors.collect()
}

/// Ops of tract that ours replace, in a model that is ready to run: node and op. The stem is tract's.
pub(crate) fn left_to_tract(model: &ModelFile, input: &[f32]) -> Vec<String> {
    let ours = ["DepthWiseConv", "Conv", "Sigmoid", "Silu", "OptSumPool"];
    let left =
        run(model, input).into_iter().filter(|(node, op)| ours.contains(&op.as_str()) && !node.starts_with("stem."));
    left.map(|(node, op)| format!("{node}: {op}")).collect()
}

/// The ops that ran, in order.
pub(crate) fn ops(model: &ModelFile, input: &[f32]) -> Vec<String> {
    run(model, input).into_iter().map(|(_, op)| op).collect()
}

/// Nodes and ops, in the order in which they ran.
fn run(model: &ModelFile, input: &[f32]) -> Vec<(String, String)> {
    let outputs = [Output::AnomalyMap, Output::PredScore, Output::AnomalyGrid, Output::Embedding];
    let mut session = Session::load(model, &outputs, NonZeroUsize::MIN).unwrap_or_else(|error| panic!("{error}"));
    let mut ran = Vec::new();
    let mut seen = |node: &str, op: &str| ran.push((node.to_owned(), op.to_owned()));
    session.watch(input, &mut seen).unwrap_or_else(|error| panic!("{error}"));
    ran
}
