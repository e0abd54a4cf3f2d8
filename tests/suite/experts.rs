//! Chosen experts as outputs of our own engines: the published code's choice, exactly.

use std::num::NonZeroUsize;

use moead_model::manifest::Precision;
use moead_model::onnx::model_file::ModelFile;
use moead_runtime::engine::tract::Session;
use moead_runtime::engine::{Engine, EngineError, Output};
use moead_tests::compare::Failures;
use moead_tests::golden::{Case, write_note};

use crate::engines::ort;
use crate::problem::{FORMS, Problem, for_each_case};

for_each_case!(check);

fn check(problem: Problem) {
    let mut failures = Failures::default();
    let choices = problem.choices();
    let places: Vec<Output> = (0..choices.len()).map(Output::Experts).collect();
    let outputs = [&[Output::PredScore], &places[..]].concat();
    for form in FORMS.into_iter().filter(|form| form.precision == Precision::F32) {
        let model = problem.model(form);
        let names = model.expert_choices();
        assert!(names.iter().eq(choices.iter().map(|(_, graph)| graph)), "{names:?}");
        for (name, mut engine) in engines(&model, &outputs) {
            let answer = engine.run(&problem.input).expect("an answer");
            assert!(answer.get(Output::PredScore).is_some_and(|score| score.data[0].is_finite()));
            for ((golden, _), &place) in choices.iter().zip(&places) {
                let found: Vec<f64> =
                    answer.get(place).expect("asked for").data.iter().map(|&n| f64::from(n)).collect();
                if problem.expected[golden].data != found {
                    failures.add(format!("{name}, {form:?}: {golden}: other experts are chosen"));
                }
            }
        }
    }
    failures.finish();
}

/// The engine inside the program and, unless `MOEAD_WITHOUT_ORT` is set, ONNX Runtime: on an emulated processor it does not start (`just arm-experts`).
fn engines(model: &ModelFile, outputs: &[Output]) -> Vec<(&'static str, Box<dyn Engine>)> {
    let tract = Session::load(model, outputs, NonZeroUsize::MIN).expect("a model that tract loads");
    let mut engines: Vec<(_, Box<dyn Engine>)> = vec![("tract", Box::new(tract))];
    if std::env::var_os("MOEAD_WITHOUT_ORT").is_none() {
        engines.push(("ort", ort::engine(model, outputs)));
    } else {
        write_note("MOEAD_WITHOUT_ORT is set: expert choices of ONNX Runtime are NOT checked\n");
    }
    engines
}

#[test]
fn a_place_that_the_graph_does_not_have_is_an_error() {
    let problem = Problem::new(Case::small("tiny"));
    let model = problem.model(FORMS[0]);
    let beyond = Output::Experts(problem.choices().len());
    let error = Session::load(&model, &[beyond], NonZeroUsize::MIN).expect_err("there is no such place");
    assert!(matches!(error, EngineError::Load { .. }) && error.to_string().contains("experts 6"), "{error}");
}
