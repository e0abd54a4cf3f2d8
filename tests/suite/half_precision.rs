//! `--precision f16`: half the file, and what that does to maps and scores.

use moead_exporter::precision::{self, HalfWeights};
use moead_exporter::reference;
use moead_model::manifest::Precision;
use moead_tests::compare::Failures;
use moead_tests::golden::Case;

use crate::engines::onnxruntime::{self, Request};
use crate::engines::{OUTPUTS, ort, tract};
use crate::problem::{FORMS, Problem, for_each_case};

for_each_case!(check);

/// Half precision has 11 bits: a weight moves by at most 4.9e-4 of itself. Over some 30 layers that grows to 1e-2 of the
/// map's largest value, most of it where a token changes its expert (measured: 4e-4 without such a token).
const AGAINST_F32: f64 = 2e-2;

/// The file computes what its own rounded weights say as exactly as an f32 file does (1e-4), and stays near the exact weights.
fn check(problem: Problem) {
    let mut failures = Failures::default();
    let rounded = HalfWeights::new(&problem.checkpoint, &problem.resolved.architecture);
    let answer = reference::evaluate(
        &problem.resolved.architecture,
        &rounded,
        reference::Arithmetic::Exact,
        &problem.input,
        &mut |_, _| {},
    )
    .expect("a whole checkpoint");
    let exact = problem.model(FORMS[0]);
    for form in &FORMS[2..] {
        let model = problem.model(*form);
        // A graph's names and small constants stay what they are; only a tiny model is mostly that.
        assert!(model.bytes().len() * 100 < exact.bytes().len() * 62, "{} bytes", model.bytes().len());
        let request = Request { model: &model, batch: 1, input: &problem.input, outputs: &OUTPUTS };
        let engines = [
            ("tract", tract::stock(&model, &problem.input, &OUTPUTS)),
            ("tract with our ops", tract::answer(&model, &problem.input, &OUTPUTS, &[])),
            ("ort", ort::answer(&model, &problem.input, &OUTPUTS)),
            ("ONNX Runtime in Python", onnxruntime::answers(&[request]).remove(0)),
        ];
        for (engine, found) in engines {
            let place = format!("{engine}, {:?}", form.moe);
            failures.check(&format!("{place}: map"), &answer.anomaly_map, &found["anomaly_map"], 1e-4);
            failures.check(&format!("{place}: score"), &[answer.pred_score], &found["pred_score"], 1e-4);
            let what = format!("{place}: map against exact weights");
            failures.check(&what, &problem.expected["anomaly_map"].data, &found["anomaly_map"], AGAINST_F32);
        }
    }
    failures.finish();
}

/// Which tensors are rounded, the graph and the plain evaluation must agree about: one that is rounded in one of them alone is 1e-4 off.
#[test]
fn graph_and_plain_evaluation_round_the_same_tensors() {
    let problem = Problem::with_checkpoint(Case::small("tiny"), |drawn| {
        *drawn = drawn.clone().with_normalized_features().with_distance("position-cov:24");
    });
    let architecture = &problem.resolved.architecture;
    let weights = precision::stored(&problem.checkpoint, architecture, Precision::F16);
    let exact = reference::Arithmetic::Exact;
    let answer = reference::evaluate(architecture, weights.as_ref(), exact, &problem.input, &mut |_, _| {})
        .expect("a whole checkpoint");
    let mut failures = Failures::default();
    for form in &FORMS[2..] {
        let found = tract::answer(&problem.model(*form), &problem.input, &OUTPUTS, &[]);
        failures.check(&format!("{:?}: map", form.moe), &answer.anomaly_map, &found["anomaly_map"], 1e-5);
    }
    failures.finish();
}
