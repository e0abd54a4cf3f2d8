//! Exported graphs on every engine against the published code, and against each other.

use std::num::NonZeroUsize;

use moead_exporter::export;
use moead_exporter::graph::Form;
use moead_exporter::{check, reference};
use moead_model::manifest::{Moe, Precision};
use moead_model::self_test;
use moead_runtime::preprocess::normalize::normalize;
use moead_tests::compare::{Failures, relative_error};
use moead_tests::golden::Case;
use serde_json::json;

use crate::engines::onnxruntime::{self, Request};
use crate::engines::{Answer, OUTPUTS, ort, tract};
use crate::problem::{FORMS, Problem, for_each_case};

for_each_case!(check_every_engine);

/// Sparse and dense agree to this on one engine.
const BETWEEN_FORMS: f64 = 1e-5;

fn check_every_engine(problem: Problem) {
    let mut failures = Failures::default();
    let choices = problem.choices();
    let mut names = OUTPUTS.to_vec();
    names.extend(choices.iter().map(|(_, graph)| graph.as_str()));
    let forms: Vec<Form> = FORMS.into_iter().filter(|form| form.precision == Precision::F32).collect();
    let models: Vec<_> = forms.iter().map(|&form| problem.model(form)).collect();
    let requests: Vec<_> =
        models.iter().map(|model| Request { model, batch: 1, input: &problem.input, outputs: &names }).collect();
    let judged = onnxruntime::answers(&requests);
    let inner: Vec<&str> = choices.iter().map(|(_, graph)| graph.as_str()).collect();
    let stock: Vec<_> = models.iter().map(|model| tract::stock(model, &problem.input, &names)).collect();
    let ours: Vec<_> = models.iter().map(|model| tract::answer(model, &problem.input, &OUTPUTS, &inner)).collect();
    let on_ort: Vec<_> = models.iter().map(|model| ort::answer(model, &problem.input, &names)).collect();
    let all = [("ONNX Runtime in Python", &judged), ("tract", &stock), ("tract with our ops", &ours), ("ort", &on_ort)];
    for (engine, answers) in all {
        for (form, answer) in forms.iter().zip(answers) {
            let place = format!("{engine}, {:?}", form.moe);
            against_the_reference(&problem, &place, answer, &choices, &mut failures);
        }
        for output in OUTPUTS {
            let what = format!("{engine}: {output}, sparse against dense");
            failures.check(&what, &answers[0][output], &answers[1][output], BETWEEN_FORMS);
        }
    }
    failures.finish();
}

fn against_the_reference(
    problem: &Problem,
    place: &str,
    answer: &Answer,
    choices: &[(String, String)],
    failures: &mut Failures,
) {
    for output in OUTPUTS {
        let what = format!("{place}: {output}");
        failures.check(&what, &problem.expected[output].data, &answer[output], problem.case.tolerance(output));
    }
    for (golden, graph) in choices {
        if problem.expected[golden].data != answer[graph] {
            failures.add(format!("{place}: {golden}: other experts are chosen"));
        }
    }
}

#[test]
fn a_batch_of_two_is_two_pictures() {
    for name in ["tiny", "tiny_rect", "tiny_uniad", "tiny_prenorm"] {
        let problem = Problem::new(Case::small(name));
        let input = export::input(&problem.resolved.architecture);
        let other = normalize(&self_test::picture(7, input.size()), input.normalization());
        let both = [problem.input.clone(), other.clone()].concat();
        let mut failures = Failures::default();
        for form in FORMS {
            let model = problem.model(form);
            let request = |batch, input| Request { model: &model, batch, input, outputs: &OUTPUTS };
            let answers = onnxruntime::answers(&[request(2, &both), request(1, &problem.input), request(1, &other)]);
            for output in OUTPUTS {
                let singles = [answers[1][output].clone(), answers[2][output].clone()].concat();
                // Only the order of sums may change with the number of rows.
                failures.check(&format!("{name}, {form:?}: {output}"), &singles, &answers[0][output], 1e-5);
            }
        }
        failures.finish();
    }
}

/// Settings that no golden case has, against the plain evaluation.
#[test]
fn every_expert_chosen_is_a_weighted_sum() {
    for top_k in [4, 1] {
        let problem = Problem::with_arch(Case::small("tiny"), |arch| arch[2]["kwargs"]["moe_topk"] = json!(top_k));
        agrees_with_the_plain_evaluation(&problem, &format!("top {top_k} of 4"));
    }
}

#[test]
fn each_attention_has_its_own_mask() {
    for mask in [[false, true, false], [false, false, true], [true, false, false], [false, true, true]] {
        let problem = Problem::with_arch(Case::small("tiny"), |arch| {
            arch[2]["kwargs"]["neighbor_mask"] = json!({ "neighbor_size": [3, 5], "mask": mask });
        });
        agrees_with_the_plain_evaluation(&problem, &format!("mask on {mask:?}"));
    }
}

#[test]
fn uniad_runs_with_gelu_and_with_norms_in_front() {
    let with_gelu = |arch: &mut serde_json::Value| arch[2]["kwargs"]["activation"] = json!("gelu");
    agrees_with_the_plain_evaluation(&Problem::with_arch(Case::small("tiny_uniad"), with_gelu), "gelu");
}

fn agrees_with_the_plain_evaluation(problem: &Problem, what: &str) {
    let mut failures = Failures::default();
    let answer = reference::evaluate(
        &problem.resolved.architecture,
        &problem.checkpoint,
        reference::Arithmetic::Exact,
        &problem.input,
        &mut |_, _| {},
    )
    .expect("a whole checkpoint");
    for moe in [Moe::Sparse, Moe::Dense] {
        let model = problem.model(Form { precision: Precision::F32, moe });
        let request = Request { model: &model, batch: 1, input: &problem.input, outputs: &OUTPUTS };
        let engines = [
            ("tract", tract::stock(&model, &problem.input, &OUTPUTS)),
            ("tract with our ops", tract::answer(&model, &problem.input, &OUTPUTS, &[])),
            ("ort", ort::answer(&model, &problem.input, &OUTPUTS)),
            ("ONNX Runtime in Python", onnxruntime::answers(&[request]).remove(0)),
        ];
        for (engine, found) in engines {
            let place = format!("{what}, {engine}, {moe:?}");
            failures.check(&format!("{place}: map"), &answer.anomaly_map, &found["anomaly_map"], 1e-5);
            failures.check(&format!("{place}: score"), &[answer.pred_score], &found["pred_score"], 1e-5);
            failures.check(&format!("{place}: embedding"), &answer.embedding, &found["embedding"], 1e-5);
        }
    }
    failures.finish();
}

#[test]
fn the_check_notices_a_wrong_network() {
    let problem = Problem::new(Case::small("tiny"));
    let architecture = &problem.resolved.architecture;
    let expectation =
        check::expect(architecture, &problem.checkpoint, &export::input(architecture)).expect("a whole checkpoint");
    let right = problem.model(FORMS[0]);
    assert!(check::compare(&right, &expectation).expect("the right network passes") < expectation.tolerance());
    let other = Problem::with_arch(Case::small("tiny"), |arch| {
        arch[2]["kwargs"]["neighbor_mask"] = serde_json::Value::Null;
    });
    let error =
        check::compare(&other.model(FORMS[0]), &expectation).expect_err("a network without mask is another one");
    assert!(error.to_string().contains("relative error"), "{error}");
}

#[test]
fn the_runtime_s_own_session_answers_the_same() {
    use moead_runtime::engine::tract::Session;
    use moead_runtime::engine::{Engine as _, Output};
    let problem = Problem::new(Case::small("tiny_rect"));
    let mut session =
        Session::load(&problem.model(FORMS[0]), &[Output::PredScore, Output::AnomalyMap], NonZeroUsize::MIN)
            .expect("a model that tract loads");
    let answer = session.run(&problem.input).expect("an answer");
    let map = answer.get(Output::AnomalyMap).expect("asked for");
    assert_eq!(map.shape, [1, 1, 64, 96]);
    let found: Vec<f64> = map.data.iter().map(|&value| f64::from(value)).collect();
    let error = relative_error(&problem.expected["anomaly_map"].data, &found);
    assert!(error <= problem.case.tolerance("anomaly_map"), "{error:.1e}");
    assert!(answer.get(Output::Embedding).is_none(), "not asked for");
    assert!(session.run(&problem.input[1..]).is_err(), "one number is missing");
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    use moead_runtime::engine::tract::Session;
    use moead_runtime::engine::{Engine as _, Output};
    for name in ["tiny_b4_l234", "tiny_resnet18", "tiny_uniad"] {
        let problem = Problem::new(Case::small(name));
        let model = problem.model(FORMS[0]);
        let answers = [1, 2, 3].map(|threads| {
            let threads = NonZeroUsize::new(threads).expect("some");
            let outputs = [Output::AnomalyMap, Output::PredScore, Output::Embedding];
            let mut session = Session::load(&model, &outputs, threads).expect("a model that tract loads");
            session.run(&problem.input).expect("an answer")
        });
        assert_eq!(answers[0], answers[1], "{name}: 2 threads");
        assert_eq!(answers[0], answers[2], "{name}: 3 threads");
    }
}

#[test]
fn sessions_side_by_side_answer_as_one_does() {
    use moead_runtime::engine::tract::Session;
    use moead_runtime::engine::{Engine as _, Output};
    let problem = Problem::new(Case::small("tiny_b4_l234"));
    let other = normalize(
        &self_test::picture(7, export::input(&problem.resolved.architecture).size()),
        problem.resolved.architecture.backbone().normalization(),
    );
    for threads in [1, 2] {
        let threads = NonZeroUsize::new(threads).expect("some");
        let outputs = [Output::AnomalyMap, Output::PredScore];
        let mut first = Session::load(&problem.model(FORMS[0]), &outputs, threads).expect("a model that tract loads");
        let mut second = first.another().expect("a second session");
        let inputs = [&problem.input, &other];
        let alone = inputs.map(|input| first.run(input).expect("an answer"));
        let together = std::thread::scope(|scope| {
            let beside = scope.spawn(|| [0, 1, 0].map(|at| second.run(inputs[at]).expect("an answer")));
            let here = [1, 0, 1].map(|at| first.run(inputs[at]).expect("an answer"));
            (here, beside.join().expect("no panic"))
        });
        assert_eq!(together.0.each_ref(), [&alone[1], &alone[0], &alone[1]]);
        assert_eq!(together.1.each_ref(), [&alone[0], &alone[1], &alone[0]]);
    }
}
