//! A model, ready to run.

use std::num::NonZeroUsize;
use std::sync::Arc;

use moead_model::architecture::ImageSize;
use moead_model::onnx::model_file::ModelFile;
use tract_onnx::prelude::*;

use super::super::{Engine, EngineError, Named, Output, Outputs, Tensor};
use super::passes;
use super::pool::Pool;

const NAME: &str = "tract";

/// A model that is ready to run.
pub struct Session {
    plan: Arc<TypedRunnableModel>,
    pool: Pool,
    size: ImageSize,
    outputs: Vec<Output>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { plan: _, pool, size, outputs } = self;
        f.debug_struct("Session")
            .field("pool", pool)
            .field("size", size)
            .field("outputs", outputs)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// Loads and optimises a model; about a second for the published network. Only `outputs` are computed: what leads to
    /// none of them is left out of the plan. A picture is worked on by that many `threads`, which sleep in between; one
    /// is the caller's.
    ///
    /// # Errors
    /// [`EngineError::Load`]
    pub fn load(model: &ModelFile, outputs: &[Output], threads: NonZeroUsize) -> Result<Self, EngineError> {
        let failed = |message| EngineError::Load { engine: NAME, message };
        let size = model.manifest().input.size();
        let Named { outputs: named, bytes } = Named::of(model, outputs, NAME)?;
        let names: Vec<_> = named.iter().map(|(_, name)| name.as_str()).collect();
        let pool = Pool::new(threads).map_err(|error| failed(error.to_string()))?;
        let plan = plan(&bytes, size, &names, &pool).map_err(|error| failed(format!("{error:#}")))?;
        Ok(Self { plan, pool, size, outputs: outputs.to_vec() })
    }
}

fn plan(bytes: &[u8], size: ImageSize, outputs: &[&str], pool: &Pool) -> TractResult<Arc<TypedRunnableModel>> {
    // The file's batch is a symbol. Left as one, tract keeps slow general kernels: 2.7 times the time.
    let input = f32::fact([1, 3, size.height, size.width]);
    let model = tract_onnx::onnx()
        .model_for_read(&mut &bytes[..])?
        .with_input_fact(0, input.into())?
        .with_outputs_by_name(outputs)?
        .into_typed()?
        .into_decluttered()?;
    let mut model = passes::specialise(model)?;
    model.optimize()?;
    model.into_runnable_with_options(&RunOptions { executor: Some(pool.executor()), ..RunOptions::default() })
}

impl Engine for Session {
    fn input(&self) -> ImageSize {
        self.size
    }

    fn run(&mut self, input: &[f32]) -> Result<Outputs, EngineError> {
        let Self { plan, pool, size, outputs } = self;
        let expected = 3 * size.height * size.width;
        if input.len() != expected {
            return Err(EngineError::Input { size: *size, expected, found: input.len() });
        }
        pool.run(|| answer(plan, *size, outputs, input))
            .map_err(|error| EngineError::Run { engine: NAME, message: format!("{error:#}") })
    }
}

fn answer(plan: &Arc<TypedRunnableModel>, size: ImageSize, outputs: &[Output], input: &[f32]) -> TractResult<Outputs> {
    let input = tract_onnx::prelude::Tensor::from_shape(&[1, 3, size.height, size.width], input)?;
    let answers = plan.run(tvec!(input.into_tvalue()))?;
    let tensors = outputs.iter().zip(&answers).map(|(&output, answer)| {
        // Experts are counted in whole numbers.
        let data = answer.cast_to::<f32>()?.to_plain_array_view::<f32>()?.iter().copied().collect();
        Ok((output, Tensor { shape: answer.shape().to_vec(), data }))
    });
    tensors.collect::<TractResult<_>>().map(Outputs::new)
}
