//! Our own path to ONNX Runtime: the four results through the engine that `--engine ort` has; inner tensors by a session beside
//! it in the same library, from a copy of the model that names them as outputs.

use ::ort::session::Session;
use ::ort::session::builder::GraphOptimizationLevel;
use ::ort::value::TensorRef;
use moead_model::onnx::model_file::ModelFile;
use moead_runtime::engine::choice::{self, EngineName, Request};
use moead_runtime::engine::ort::library::Library;
use moead_runtime::engine::ort::settings::Settings;
use moead_runtime::engine::{Engine, Output};
use moead_tests::python;

use super::Answer;

const ALL: [Output; 4] = [Output::AnomalyMap, Output::PredScore, Output::AnomalyGrid, Output::Embedding];

/// What asks for the library of the tests' Python.
pub(crate) fn request() -> Request {
    let ort = Settings::with_library(python::onnxruntime_library());
    Request { engine: Some(EngineName::Ort), ort, ..Request::default() }
}

/// The engine itself.
pub(crate) fn engine(model: &ModelFile, outputs: &[Output]) -> Box<dyn Engine> {
    let choice = choice::load(model, outputs, &request(), &mut |_| {});
    choice.unwrap_or_else(|error| panic!("ort: {error}")).crew.into_first()
}

pub(crate) fn answer(model: &ModelFile, input: &[f32], outputs: &[&str]) -> Answer {
    let results = engine(model, &ALL).run(input).unwrap_or_else(|error| panic!("ort: {error}"));
    let widened = |values: &[f32]| values.iter().map(|&value| f64::from(value)).collect();
    let mut answer: Answer = ALL
        .into_iter()
        .filter_map(|output| Some((output.name().to_owned(), widened(&results.get(output)?.data))))
        .collect();
    let inner: Vec<&str> = outputs.iter().copied().filter(|name| !answer.contains_key(*name)).collect();
    if !inner.is_empty() {
        answer.extend(inner_tensors(model, input, &inner).unwrap_or_else(|error| panic!("ort: {error}")));
    }
    answer
}

fn inner_tensors(model: &ModelFile, input: &[f32], names: &[&str]) -> ::ort::Result<Answer> {
    let library = Library::load(&request().ort.search).expect("the engine has loaded it");
    let mut session = Session::builder(library.environment())?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_intra_threads(1)?
        .commit_from_memory(&model.with_outputs(names))?;
    let size = model.manifest().input.size();
    let input = TensorRef::from_array_view(([1, 3, size.height, size.width], input))?;
    let answers = session.run(::ort::inputs![input])?;
    let numbers = |name: &str| -> ::ort::Result<Vec<f64>> {
        let value = answers.get(name).expect("declared above");
        if let Ok((_, indices)) = value.try_extract_tensor::<i64>() {
            return Ok(indices.iter().map(|&index| index as f64).collect());
        }
        Ok(value.try_extract_tensor::<f32>()?.1.iter().map(|&number| f64::from(number)).collect())
    };
    names.iter().map(|name| Ok(((*name).to_owned(), numbers(name)?))).collect()
}
