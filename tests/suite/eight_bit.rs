//! `--precision int8`: experts in eight bits, on every engine.

use moead_exporter::export::ExportError;
use moead_exporter::graph::{Form, GraphError};
use moead_exporter::precision::EightBitWeights;
use moead_exporter::reference::{self, Arithmetic};
use moead_model::architecture::Decoder;
use moead_model::manifest::{Moe, Precision};
use moead_tests::compare::Failures;
use moead_tests::golden::Case;

use crate::engines::onnxruntime::{self, Request};
use crate::engines::{OUTPUTS, ort, tract};
use crate::problem::{FORMS, Problem, for_each_case};

for_each_case!(check);

const EIGHT_BIT: Form = Form { precision: Precision::Int8, moe: Moe::Sparse };
/// A number halfway between two steps may go to either. Where that makes a gate choose another expert, it moves the token's cells by
/// a few 1e-2 of the map's largest value (measured: 2.9e-2).
const WORST: f64 = 1e-1;
/// Without that, attention spreads a moved number over all tokens: half of a map's pixels are off by 1e-4 to 5e-4 of its largest
/// value in the published sizes, by less than 1e-4 in small ones. A step is 4e-3 of a row's largest number.
const TYPICAL: f64 = 2e-3;
/// What eight bits themselves cost.
const AGAINST_F32: f64 = 1e-1;

fn check(problem: Problem) {
    let Decoder::Shared(rounds) = &problem.resolved.architecture.reconstruction().decoder else {
        assert_refused(&problem, EIGHT_BIT, "a network without experts");
        return;
    };
    assert_refused(&problem, Form { moe: Moe::Dense, ..EIGHT_BIT }, "dense ones");
    let mut failures = Failures::default();
    let rounded = EightBitWeights::new(&problem.checkpoint);
    let architecture = &problem.resolved.architecture;
    let answer = reference::evaluate(architecture, &rounded, Arithmetic::EightBit, &problem.input, &mut |_, _| {})
        .expect("a whole checkpoint");
    let model = problem.model(EIGHT_BIT);
    let choices: Vec<String> = problem.choices().into_iter().map(|(_, graph)| graph).collect();
    let inner: Vec<&str> = choices.iter().map(String::as_str).collect();
    let outputs: Vec<&str> = OUTPUTS.iter().copied().chain(inner.iter().copied()).collect();
    let request = Request { model: &model, batch: 1, input: &problem.input, outputs: &outputs };
    let engines = [
        ("tract", tract::stock(&model, &problem.input, &outputs)),
        ("tract with our ops", tract::answer(&model, &problem.input, &OUTPUTS, &inner)),
        ("ort", ort::answer(&model, &problem.input, &OUTPUTS)),
        ("ONNX Runtime in Python", onnxruntime::answers(&[request]).remove(0)),
    ];
    for (engine, found) in &engines {
        let map = &found["anomaly_map"];
        failures.check(&format!("{engine}: map"), &answer.anomaly_map, map, WORST);
        failures.check(&format!("{engine}: score"), &[answer.pred_score], &found["pred_score"], WORST);
        failures.check(&format!("{engine}: embedding"), &answer.embedding, &found["embedding"], 1e-5);
        let typical = typical_error(&answer.anomaly_map, map);
        if typical > TYPICAL {
            failures.add(format!("{engine}: half of the pixels are off by {typical:.1e}, at most {TYPICAL:.0e}"));
        }
        let what = format!("{engine}: map against exact weights");
        failures.check(&what, &problem.expected["anomaly_map"].data, map, AGAINST_F32);
    }
    let found = tract::ops(&model, &problem.input).into_iter().filter(|op| op == "EightBitExperts").count();
    if found != 2 * rounds.rounds {
        failures.add(format!("{} rounds of two pools, of which {found} run in eight bits on tract", rounds.rounds));
    }
    failures.finish();
}

/// Half of the numbers differ by no more, relative to the largest.
fn typical_error(expected: &[f64], found: &[f64]) -> f64 {
    let largest = expected.iter().fold(f64::MIN_POSITIVE, |largest, value| largest.max(value.abs()));
    let mut errors: Vec<f64> = expected.iter().zip(found).map(|(e, f)| (e - f).abs() / largest).collect();
    errors.sort_by(f64::total_cmp);
    errors[errors.len() / 2]
}

fn assert_refused(problem: &Problem, form: Form, expected: &str) {
    match problem.export(form) {
        Err(ExportError::Graph(GraphError::NoSparseExperts { found })) => assert_eq!(found, expected),
        other => panic!("{other:?}"),
    }
}

/// A token's step is its own, so what else is in the batch does not matter.
#[test]
fn a_batch_of_two_is_two_pictures() {
    let problem = Problem::new(Case::small("tiny"));
    let model = problem.model(EIGHT_BIT);
    // A picture with values a hundred times as large would take all precision from the other one if they shared a step.
    let large: Vec<f32> = problem.input.iter().map(|x| 100.0 * x).collect();
    let both = [&problem.input[..], &large].concat();
    let request = |batch, input| Request { model: &model, batch, input, outputs: &OUTPUTS };
    let answers = onnxruntime::answers(&[request(1, &problem.input), request(2, &both)]);
    let (alone, together) = (&answers[0]["anomaly_map"], &answers[1]["anomaly_map"]);
    let typical = typical_error(alone, &together[..alone.len()]);
    assert!(typical <= 1e-5, "half of the pixels are off by {typical:.1e}");
}

#[test]
fn the_file_is_smaller_by_three_quarters_of_the_experts() {
    let problem = Problem::new(Case::small("tiny"));
    let [exact, rounded] = [FORMS[0], EIGHT_BIT].map(|form| problem.model(form).bytes().len());
    // Two pools of four experts, 32 x 64 and back.
    let weights = 2 * 4 * 2 * 32 * 64;
    // Names of further nodes, and steps, take the rest.
    assert!(rounded + 3 * weights < exact + 60_000, "{rounded} and {exact} bytes");
}
