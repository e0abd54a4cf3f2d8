//! tract, the engine inside the binary: CPU, one thread.

use std::sync::Arc;

use moead_model::architecture::ImageSize;
use moead_model::onnx::model_file::ModelFile;
use tract_onnx::prelude::*;

use super::{Engine, EngineError, Named, Output, Outputs, Tensor};

const NAME: &str = "tract";

/// A model that is ready to run.
pub struct Session {
    plan: Arc<TypedRunnableModel>,
    size: ImageSize,
    outputs: Vec<Output>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("size", &self.size).field("outputs", &self.outputs).finish_non_exhaustive()
    }
}

impl Session {
    /// Loads and optimises a model; about a second for the published network. Only `outputs` are computed: what leads to
    /// none of them is left out of the plan.
    ///
    /// # Errors
    /// [`EngineError::Load`]
    pub fn load(model: &ModelFile, outputs: &[Output]) -> Result<Self, EngineError> {
        let size = model.manifest().input.size();
        let Named { outputs: named, bytes } = Named::of(model, outputs, NAME)?;
        let names: Vec<_> = named.iter().map(|(_, name)| name.as_str()).collect();
        let plan = plan(&bytes, size, &names)
            .map_err(|error| EngineError::Load { engine: NAME, message: format!("{error:#}") })?;
        Ok(Self { plan, size, outputs: outputs.to_vec() })
    }
}

fn plan(bytes: &[u8], size: ImageSize, outputs: &[&str]) -> TractResult<Arc<TypedRunnableModel>> {
    // The file's batch is a symbol. Left as one, tract keeps slow general kernels: 2.7 times the time.
    let input = f32::fact([1, 3, size.height, size.width]);
    tract_onnx::onnx()
        .model_for_read(&mut &bytes[..])?
        .with_input_fact(0, input.into())?
        .with_outputs_by_name(outputs)?
        .into_optimized()?
        .into_runnable()
}

impl Engine for Session {
    fn input(&self) -> ImageSize {
        self.size
    }

    fn run(&mut self, input: &[f32]) -> Result<Outputs, EngineError> {
        let ImageSize { height, width } = self.size;
        let expected = 3 * height * width;
        if input.len() != expected {
            return Err(EngineError::Input { size: self.size, expected, found: input.len() });
        }
        let failed = |error: TractError| EngineError::Run { engine: NAME, message: format!("{error:#}") };
        let input = tract_onnx::prelude::Tensor::from_shape(&[1, 3, height, width], input).map_err(failed)?;
        let answers = self.plan.run(tvec!(input.into_tvalue())).map_err(failed)?;
        let tensors = self.outputs.iter().zip(&answers).map(|(&output, answer)| {
            // Experts are counted in whole numbers.
            let data = answer.cast_to::<f32>()?.to_plain_array_view::<f32>()?.iter().copied().collect();
            Ok((output, Tensor { shape: answer.shape().to_vec(), data }))
        });
        tensors.collect::<TractResult<_>>().map(Outputs::new).map_err(failed)
    }
}
