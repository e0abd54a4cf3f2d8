//! Aligned features as an output of our own engines: what other detectors are fitted on beside the model.

use std::num::NonZeroUsize;

use moead_model::manifest::Precision;
use moead_runtime::engine::tract::Session;
use moead_runtime::engine::{Engine, Output};
use moead_tests::compare::Failures;

use crate::engines::ort;
use crate::problem::{FORMS, Problem, for_each_case};

const OUTPUTS: [Output; 2] = [Output::PredScore, Output::Features];

for_each_case!(check);

fn check(problem: Problem) {
    let mut failures = Failures::default();
    let (features, score) = (&problem.expected["feature_align"], &problem.expected["pred_score"]);
    for form in FORMS {
        // As the whole network has them; rounded weights are another network.
        let tolerance = if form.precision == Precision::F32 { 1e-4 } else { 2e-2 };
        let model = problem.model(form);
        let tract: Box<dyn Engine> =
            Box::new(Session::load(&model, &OUTPUTS, NonZeroUsize::MIN).expect("a model that tract loads"));
        for (name, mut engine) in [("tract", tract), ("ort", ort::engine(&model, &OUTPUTS))] {
            let answer = engine.run(&problem.input).expect("an answer");
            let found = |output| -> Vec<f64> {
                answer.get(output).expect("asked for").data.iter().map(|&value| f64::from(value)).collect()
            };
            let what = format!("{name}, {form:?}: features");
            assert_eq!(answer.get(Output::Features).expect("asked for").shape, features.shape, "{what}");
            failures.check(&what, &features.data, &found(Output::Features), tolerance);
            failures.check(&format!("{name}, {form:?}: score"), &score.data, &found(Output::PredScore), tolerance);
        }
    }
    failures.finish();
}
