//! A model, ready to run.
#![forbid(unsafe_code)]

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use moead_model::architecture::ImageSize;
use moead_model::onnx::foreign::ForeignModel;
use moead_model::onnx::model_file::ModelFile;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::plan::eval;

use super::super::{Engine, EngineError, Output, Outputs, Tensor, named};
use super::graph;
use super::passes;
use super::pool::Pool;
use crate::panicked;

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
        let size = model.manifest().input.size();
        Self::of(|names| graph::typed(&model.graph()?, size, names), size, named(model, outputs, NAME)?, threads)
    }

    /// The same for a model of somebody else, which may have anything that the engine does not know, and of which no shape was looked at.
    ///
    /// # Errors
    /// [`EngineError::Load`]
    pub fn load_foreign(model: &ForeignModel, outputs: &[Output], threads: NonZeroUsize) -> Result<Self, EngineError> {
        let named = outputs.iter().map(|&output| (output, output.name().to_owned())).collect();
        let size = model.input().size();
        Self::of(|names| foreign(model.bytes(), size, names), size, named, threads)
    }

    fn of(
        read: impl FnOnce(&[&str]) -> TractResult<TypedModel>,
        size: ImageSize,
        named: Vec<(Output, String)>,
        threads: NonZeroUsize,
    ) -> Result<Self, EngineError> {
        let failed = |message| EngineError::Load { engine: NAME, message };
        let names: Vec<_> = named.iter().map(|(_, name)| name.as_str()).collect();
        let pool = Pool::new(threads).map_err(|error| failed(error.to_string()))?;
        // tract panics on some graphs (sides whose product overflows, a division by 0 that it computes ahead): that is an error as any other.
        let plan = caught(|| plan(read(&names)?)).map_err(failed)?;
        let plan = plan.map_err(|error| failed(format!("{error:#}")))?;
        Ok(Self { plan, pool, size, outputs: named.into_iter().map(|(output, _)| output).collect() })
    }

    /// A session that runs beside this one, with as many threads of its own. They share the weights.
    ///
    /// # Errors
    /// [`EngineError::Load`]
    pub fn another(&self) -> Result<Self, EngineError> {
        let failed = |message| EngineError::Load { engine: NAME, message };
        let pool = self.pool.another().map_err(|error| failed(error.to_string()))?;
        let plan = self.plan.model().clone().into_runnable().map_err(|error| failed(format!("{error:#}")))?;
        Ok(Self { plan, pool, size: self.size, outputs: self.outputs.clone() })
    }

    /// Runs as [`Engine::run`] does, and after each node tells its name and its op: who has a clock sees where time goes.
    ///
    /// # Errors
    /// As of [`Engine::run`].
    pub fn watch(&mut self, input: &[f32], seen: &mut (dyn FnMut(&str, &str) + Send)) -> Result<Outputs, EngineError> {
        self.run_with(input, |plan, input| {
            plan.spawn()?.run_plan_with_eval(input, |context, state, node, inputs| {
                let answer = eval(context, state, node, inputs);
                seen(&node.name, &node.op().name());
                answer
            })
        })
    }

    fn run_with(
        &self,
        input: &[f32],
        run: impl FnOnce(&Arc<TypedRunnableModel>, TVec<TValue>) -> TractResult<TVec<TValue>> + Send,
    ) -> Result<Outputs, EngineError> {
        let ImageSize { height, width } = self.size;
        let expected = 3 * height * width;
        if input.len() != expected {
            return Err(EngineError::Input { size: self.size, expected, found: input.len() });
        }
        let answer = || {
            let input = tract_onnx::prelude::Tensor::from_shape(&[1, 3, height, width], input)?;
            let answers = run(&self.plan, tvec!(input.into_tvalue()))?;
            let tensors = self.outputs.iter().zip(&answers).map(|(&output, answer)| Ok((output, tensor(answer)?)));
            tensors.collect::<TractResult<_>>().map(Outputs::new)
        };
        // A plan that was left half way leaves nothing behind: what it computes with is made anew for each picture.
        let answered = caught(|| self.pool.run(answer).map_err(|error| format!("{error:#}")));
        answered.and_then(|answer| answer).map_err(|message| EngineError::Run { engine: NAME, message })
    }
}

/// Runs a model once and gives any tensors of it by their names in the file, inner ones too: what tests compare between
/// engines. A tensor that is asked for is computed as it stands in the file, beside our ops.
///
/// # Errors
/// [`EngineError::Load`], [`EngineError::Run`]
pub fn tensors(model: &ModelFile, names: &[&str], input: &[f32]) -> Result<Vec<Tensor>, EngineError> {
    let size @ ImageSize { height, width } = model.manifest().input.size();
    let load = || plan(graph::typed(&model.graph()?, size, names)?);
    let plan = load().map_err(|error| EngineError::Load { engine: NAME, message: format!("{error:#}") })?;
    let run = || -> TractResult<Vec<Tensor>> {
        let input = tract_onnx::prelude::Tensor::from_shape(&[1, 3, height, width], input)?;
        plan.run(tvec!(input.into_tvalue()))?.iter().map(tensor).collect::<TractResult<_>>()
    };
    run().map_err(|error| EngineError::Run { engine: NAME, message: format!("{error:#}") })
}

/// A panic becomes words: it costs a model or a picture, not the run.
fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|panic| format!("it panicked: {}", panicked::words(&*panic).unwrap_or("without a word")))
}

fn tensor(value: &TValue) -> TractResult<Tensor> {
    let data = value.cast_to::<f32>()?.to_plain_array_view::<f32>()?.iter().copied().collect();
    Ok(Tensor { shape: value.shape().to_vec(), data })
}

/// The graph of somebody else, by tract's own reader.
fn foreign(bytes: &[u8], size: ImageSize, outputs: &[&str]) -> TractResult<TypedModel> {
    // A batch that stays a symbol keeps slow general kernels, as in a file of ours.
    let input = f32::fact([1, 3, size.height, size.width]);
    // What a file says of its inner values holds for its batch, not for one picture, and tract works them out by itself.
    tract_onnx::onnx()
        .with_ignore_value_info(true)
        .model_for_read(&mut &bytes[..])?
        .with_input_fact(0, input.into())?
        .with_outputs_by_name(outputs)?
        .into_typed()
}

fn plan(model: TypedModel) -> TractResult<Arc<TypedRunnableModel>> {
    let mut model = passes::specialise(model.into_decluttered()?)?;
    model.optimize()?;
    model.into_runnable()
}

impl Engine for Session {
    fn input(&self) -> ImageSize {
        self.size
    }

    fn run(&mut self, input: &[f32]) -> Result<Outputs, EngineError> {
        self.run_with(input, |plan, input| plan.run(input))
    }
}
