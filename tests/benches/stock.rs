//! tract as it comes: the same file, none of our ops.

use std::sync::Arc;

use moead_model::onnx::model_file::ModelFile;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::plan::eval;

pub(crate) struct Stock {
    plan: Arc<TypedRunnableModel>,
    shape: [usize; 4],
}

impl Stock {
    pub(crate) fn load(model: &ModelFile, outputs: &[&str]) -> Self {
        let size = model.manifest().input.size();
        let shape = [1, 3, size.height, size.width];
        let plan = tract_onnx::onnx()
            .model_for_read(&mut &model.bytes()[..])
            .and_then(|model| model.with_input_fact(0, f32::fact(shape).into()))
            .and_then(|model| model.with_outputs_by_name(outputs))
            .and_then(|model| model.into_optimized())
            .and_then(|model| model.into_runnable())
            .expect("tract runs our own model");
        Self { plan, shape }
    }

    /// Runs, and tells each node's name and op when it is done.
    pub(crate) fn watch(&self, input: &[f32], seen: &mut dyn FnMut(&str, &str)) {
        let input = Tensor::from_shape(&self.shape, input).expect("a picture");
        let mut state = self.plan.spawn().expect("a state");
        let answer = state.run_plan_with_eval(tvec!(input.into_tvalue()), |context, state, node, inputs| {
            let answer = eval(context, state, node, inputs);
            seen(&node.name, &node.op().name());
            answer
        });
        answer.expect("an answer");
    }
}
