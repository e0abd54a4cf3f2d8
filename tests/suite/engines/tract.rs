//! tract, asked directly, so that inner tensors can be seen.

use moead_model::onnx::model_file::ModelFile;
use tract_onnx::prelude::*;

use super::Answer;

pub(crate) fn answer(model: &ModelFile, input: &[f32], outputs: &[&str]) -> Answer {
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
