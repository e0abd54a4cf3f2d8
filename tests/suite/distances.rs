//! Distances by statistics of residuals: every precision and both ways of routing, on every engine, against the plain evaluation.

use moead_exporter::graph::Form;
use moead_exporter::precision;
use moead_exporter::reference::{self, Arithmetic};
use moead_model::manifest::{Moe, Precision};
use moead_tests::compare::Failures;
use moead_tests::golden::Case;

use crate::engines::onnxruntime::{self, Request};
use crate::engines::{OUTPUTS, ort, tract};
use crate::problem::{FORMS, Problem};

const EIGHT_BIT: Form = Form { precision: Precision::Int8, moe: Moe::Sparse };

/// As of other outputs: what an engine's own order of sums moves. Whitening by numbers near 1 does not make it more.
const TOLERANCE: f64 = 1e-4;
/// As of other files in eight bits: a number halfway between two steps may choose another expert for a token.
const OF_EIGHT_BITS: f64 = 1e-1;

fn problem(case: &str, distance: &str) -> Problem {
    Problem::with_checkpoint(Case::small(case), |drawn| *drawn = drawn.clone().with_distance(distance))
}

fn check(case: &str, distance: &str, forms: &[Form]) {
    let problem = problem(case, distance);
    let architecture = &problem.resolved.architecture;
    assert_eq!(architecture.reconstruction().distance.to_string(), distance);
    let mut failures = Failures::default();
    for form in forms {
        let weights = precision::stored(&problem.checkpoint, architecture, form.precision);
        let (arithmetic, tolerance) = match form.precision {
            Precision::Int8 => (Arithmetic::EightBit, OF_EIGHT_BITS),
            Precision::F32 | Precision::F16 => (Arithmetic::Exact, TOLERANCE),
        };
        let answer = reference::evaluate(architecture, weights.as_ref(), arithmetic, &problem.input, &mut |_, _| {})
            .expect("a whole checkpoint");
        let model = problem.model(*form);
        let request = Request { model: &model, batch: 1, input: &problem.input, outputs: &OUTPUTS };
        let engines = [
            ("tract", tract::stock(&model, &problem.input, &OUTPUTS)),
            ("tract with our ops", tract::answer(&model, &problem.input, &OUTPUTS, &[])),
            ("ort", ort::answer(&model, &problem.input, &OUTPUTS)),
            ("ONNX Runtime in Python", onnxruntime::answers(&[request]).remove(0)),
        ];
        for (engine, found) in engines {
            let place = format!("{distance}, {engine}, {form:?}");
            failures.check(&format!("{place}: grid"), &answer.anomaly_grid, &found["anomaly_grid"], tolerance);
            failures.check(&format!("{place}: map"), &answer.anomaly_map, &found["anomaly_map"], tolerance);
            failures.check(&format!("{place}: score"), &[answer.pred_score], &found["pred_score"], tolerance);
            failures.check(&format!("{place}: embedding"), &answer.embedding, &found["embedding"], tolerance);
        }
        for node in tract::left_to_tract(&model, &problem.input) {
            failures.add(format!("{distance}, {form:?}: {node} is not replaced"));
        }
    }
    failures.finish();
}

#[test]
fn deviations() {
    check("tiny", "position-std", &[&FORMS[..], &[EIGHT_BIT]].concat());
    // A grid that is not square, and stacked layers.
    check("tiny_rect", "position-std", &FORMS[..1]);
    check("tiny_uniad", "position-std", &FORMS[..1]);
}

#[test]
fn covariances() {
    check("tiny", "position-cov:64", &[&FORMS[..], &[EIGHT_BIT]].concat());
    check("tiny_rect", "position-cov:32", &FORMS[..1]);
    check("tiny_uniad", "position-cov:32", &FORMS[..1]);
}

#[test]
fn any_number_of_axes_has_its_panels() {
    // Less than a panel, one, one and a row, and all channels.
    for axes in [1, 2, 15, 16, 17, 192] {
        check("tiny", &format!("position-cov:{axes}"), &[FORMS[0], FORMS[2]]);
    }
}

#[test]
fn matrices_of_places_run_in_an_op_of_ours() {
    for (axes, panels) in [(16, 1), (64, 4), (96, 6)] {
        let problem = problem("tiny", &format!("position-cov:{axes}"));
        for form in [FORMS[0], FORMS[2]] {
            let ops = tract::ops(&problem.model(form), &problem.input);
            assert_eq!(
                ops.iter().filter(|op| *op == "PlaceProducts").count(),
                panels,
                "{axes} axes, {form:?}: {ops:?}"
            );
        }
    }
}

/// Statistics are in the file at the precision of the file's other weights; in eight bits only experts are.
#[test]
fn statistics_take_the_room_of_their_numbers() {
    let size = |problem: &Problem, form| problem.model(form).bytes().len();
    let [plain, with] = [Problem::new(Case::small("tiny")), problem("tiny", "position-cov:64")];
    // Axes and means of 16 places, and panels of 16 rows: 16, 32, 48 and 64 columns.
    let numbers = 64 * 192 + 16 * 64 + 16 * 16 * (16 + 32 + 48 + 64);
    for (form, bytes) in [(FORMS[0], 4), (FORMS[2], 2), (EIGHT_BIT, 4)] {
        let more = size(&with, form) - size(&plain, form);
        // Names of nodes and tensors, and the manifest's entry.
        assert!((bytes * numbers..bytes * numbers + 3000).contains(&more), "{form:?}: {more} bytes");
    }
}

/// A batch answers as its pictures do.
#[test]
fn a_batch_of_two_is_two_pictures() {
    for distance in ["position-std", "position-cov:24"] {
        let problem = problem("tiny", distance);
        let model = problem.model(FORMS[0]);
        let other: Vec<f32> = problem.input.iter().map(|x| 0.5 - x).collect();
        let both = [&problem.input[..], &other].concat();
        let request = |batch, input| Request { model: &model, batch, input, outputs: &OUTPUTS };
        let answers = onnxruntime::answers(&[request(1, &problem.input), request(1, &other), request(2, &both)]);
        let alone = [&answers[0]["anomaly_map"][..], &answers[1]["anomaly_map"]].concat();
        let mut failures = Failures::default();
        failures.check(distance, &alone, &answers[2]["anomaly_map"], 1e-5);
        failures.finish();
    }
}
