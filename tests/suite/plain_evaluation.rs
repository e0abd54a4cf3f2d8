//! The plain evaluation against the published code, layer by layer.

use moead_exporter::reference;
use moead_tests::compare::Failures;

use crate::problem::{Problem, for_each_case};

for_each_case!(check);

/// Every stored tensor within 20 times the case's own noise (at least 1e-5: the evaluation is in f64, so what remains is the
/// stored values' f32 rounding, at most 5e-6); chosen experts exactly.
fn check(problem: Problem) {
    let mut failures = Failures::default();
    let mut seen = Vec::new();
    let mut observe = |name: &str, tensor: &reference::Tensor| {
        let Some(expected) = problem.expected.get(name) else { return };
        seen.push(name.to_owned());
        let found = problem.case.thinned(name, &tensor.shape, &tensor.data);
        let numbers: usize = found.shape.iter().product();
        if numbers != expected.data.len() {
            failures.add(format!("{name}: expected {:?}, found {:?}", expected.shape, found.shape));
        } else if name.ends_with("_experts") {
            if found.data != expected.data {
                failures.add(format!("{name}: other experts are chosen"));
            }
        } else {
            failures.check(name, &expected.data, &found.data, problem.case.tolerance(name).min(1e-5));
        }
    };
    let answer = reference::evaluate(
        &problem.resolved.architecture,
        &problem.checkpoint,
        reference::Arithmetic::Exact,
        &problem.input,
        &mut observe,
    )
    .expect("a whole checkpoint");
    // Not a result, and stored with the input.
    let beside = ["image_u8", "input", "pred_score_f64"];
    let stored = problem.expected.keys().filter(|name| !beside.contains(&name.as_str()));
    for name in stored.filter(|name| !seen.contains(name)) {
        failures.add(format!("{name}: never observed"));
    }
    // The reference's own run in double precision leaves no room for f32's noise.
    failures.check("pred_score in f64", &[problem.case.facts.pred_score_f64], &[answer.pred_score], 1e-12);
    failures.finish();
}
