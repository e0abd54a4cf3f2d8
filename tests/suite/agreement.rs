//! tract and ONNX Runtime, as the programs run them, on the same pictures.

use std::num::NonZeroUsize;

use moead_runtime::engine::choice::{self, Candidate, ChoiceError, Provider, Refusal, Wish};
use moead_runtime::engine::ort::library::Library;
use moead_runtime::engine::ort::loading::Job;
use moead_runtime::engine::ort::providers::Target;
use moead_runtime::engine::{Engine as _, Output, tract::Session};
use moead_runtime::preprocess::normalize::normalize;
use moead_runtime::preprocess::{decode, resize};
use moead_tests::compare::Failures;
use moead_tests::golden::{Case, root};

use crate::engines::{OUTPUTS, ort, tract};
use crate::problem::{FORMS, Problem, for_each_case};

for_each_case!(check);

/// What two engines may differ by, relative to the largest value. Single precision itself moves maps by 1.3e-6.
const BETWEEN_ENGINES: f64 = 1e-5;

/// Results, and which experts were chosen.
fn check(problem: Problem) {
    let mut failures = Failures::default();
    let choices = problem.choices();
    let mut names = OUTPUTS.to_vec();
    names.extend(choices.iter().map(|(_, graph)| graph.as_str()));
    for form in FORMS {
        let model = problem.model(form);
        let inner: Vec<&str> = choices.iter().map(|(_, graph)| graph.as_str()).collect();
        let theirs = tract::answer(&model, &problem.input, &OUTPUTS, &inner);
        let ours = ort::answer(&model, &problem.input, &names);
        for output in OUTPUTS {
            failures.check(&format!("{form:?}: {output}"), &theirs[output], &ours[output], BETWEEN_ENGINES);
        }
        for (golden, graph) in &choices {
            if theirs[graph] != ours[graph] {
                failures.add(format!("{form:?}: {golden}: other experts are chosen"));
            }
        }
    }
    failures.finish();
}

fn on_sample_pictures(problem: &Problem) {
    let mut failures = Failures::default();
    let model = problem.model(FORMS[0]);
    let outputs = [Output::PredScore, Output::AnomalyMap];
    let mut tract = Session::load(&model, &outputs, NonZeroUsize::MIN).expect("a model that tract loads");
    let mut ort = ort::engine(&model, &outputs);
    let architecture = &problem.resolved.architecture;
    let folder = root().join("tests/images/bricks");
    let mut count = 0;
    for entry in folder.read_dir().expect("the sample pictures") {
        let path = entry.expect("a sample picture").path();
        let picture = decode::read(&path).expect("a picture");
        let resized = resize::resize(&picture, architecture.input());
        let input = normalize(resized.pixels(), architecture.backbone().normalization());
        let (theirs, ours) = (tract.run(&input).expect("an answer"), ort.run(&input).expect("an answer"));
        for output in outputs {
            let [theirs, ours] = [&theirs, &ours].map(|answer| {
                let tensor = answer.get(output).expect("asked for");
                tensor.data.iter().map(|&value| f64::from(value)).collect::<Vec<_>>()
            });
            failures.check(&format!("{}: {output:?}", path.display()), &theirs, &ours, BETWEEN_ENGINES);
        }
        count += 1;
    }
    assert_eq!(count, 8, "sample pictures");
    failures.finish();
}

#[test]
fn sample_pictures_on_a_small_network() {
    on_sample_pictures(&Problem::new(Case::small("tiny")));
}

#[test]
fn sample_pictures_on_the_published_network() {
    if let Some(case) = Case::large("official_224") {
        on_sample_pictures(&Problem::new(case));
    }
}

/// What was asked for and nothing else, whatever the input; wrong input is an error.
#[test]
fn the_session_answers_what_was_asked_for() {
    let problem = Problem::new(Case::small("tiny_rect"));
    let mut engine = ort::engine(&problem.model(FORMS[0]), &[Output::AnomalyMap]);
    let answer = engine.run(&problem.input).expect("an answer");
    assert_eq!(answer.get(Output::AnomalyMap).expect("asked for").shape, [1, 1, 64, 96]);
    assert!(answer.get(Output::PredScore).is_none(), "not asked for");
    let error = engine.run(&problem.input[1..]).expect_err("one number is missing").to_string();
    assert_eq!(error, "network input of 64x96: expected 18432 numbers, found 18431");
}

/// The library's own profile, on the one provider that is here.
#[test]
fn every_node_of_a_profiled_session_is_on_the_processor() {
    let problem = Problem::new(Case::small("tiny"));
    let model = problem.model(FORMS[1]);
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let mut settings = ort::request().ort;
    settings.scratch = scratch.path().into();
    let library = Library::load(&settings.search).expect("the tests' library");
    let job =
        Job { model: &model, outputs: &[Output::PredScore], threads: std::num::NonZeroUsize::MIN, settings: &settings };
    let (mut session, placement) = job.placed(library, &Target::Cpu).expect("a profile");
    let all: usize = placement.nodes.values().sum();
    assert!(all > 100, "{placement}");
    assert_eq!((placement.on_cpu.len(), placement.copies), (all, 0));
    assert!(placement.on_cpu.iter().any(|node| node.contains("round1")), "{placement}");
    assert!(session.run(&problem.input).is_ok(), "a session goes on after its profile");
    assert_eq!(scratch.path().read_dir().expect("a folder").count(), 0, "nothing stays");
}

/// What a machine without a GPU can tell about GPUs.
#[test]
fn a_gpu_that_is_not_there_is_refused_with_its_cause() {
    let problem = Problem::new(Case::small("tiny"));
    let [sparse, dense] = [FORMS[0], FORMS[1]].map(|form| problem.model(form));
    let on = |model, provider| {
        let request = choice::Request { provider, ..ort::request() };
        choice::load(model, &[Output::PredScore], &request, &mut |_| {})
    };
    for provider in [Provider::Cuda, Provider::TensorRt] {
        let error = on(&sparse, Wish::Exactly(provider)).expect_err("sparse experts");
        assert!(matches!(error, ChoiceError::Refused { refusal: Refusal::DataDependentShapes, .. }), "{error}");
        let error = on(&dense, Wish::Exactly(provider)).expect_err("a library without GPU").to_string();
        let name = if provider == Provider::Cuda { "CUDAExecutionProvider" } else { "TensorrtExecutionProvider" };
        assert!(error.contains(&format!("was built without {name}: it has CPUExecutionProvider")), "{error}");
    }
    let choice = on(&dense, Wish::Auto).expect("the processor is left");
    assert_eq!(choice.candidate, Candidate::ort(Provider::Cpu));
    let refused: Vec<_> = choice.refused.iter().map(|(candidate, _)| *candidate).collect();
    assert_eq!(refused, [Candidate::ort(Provider::TensorRt), Candidate::ort(Provider::Cuda)]);
    let present = choice::present(&ort::request());
    let usable: Vec<_> = present.iter().filter(|(_, found)| found.is_ok()).map(|(candidate, _)| *candidate).collect();
    assert_eq!(usable, [Candidate::TRACT, Candidate::ort(Provider::Cpu)]);
}

/// The bindings keep the first library; a second one is not taken for it in silence.
#[test]
fn a_process_has_one_library() {
    let request = ort::request();
    Library::load(&request.ort.search).expect("the tests' library");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut search = request.ort.search.clone();
    let path = search.asked.take().expect("named");
    // The same by another name is the same.
    let link = folder.path().join("libonnxruntime.so");
    std::os::unix::fs::symlink(&path, &link).expect("a link");
    search.asked = Some(link);
    assert!(Library::load(&search).is_ok());
    search.asked = Some("/nowhere/libonnxruntime.so".into());
    let error = Library::load(&search).expect_err("another one").to_string();
    assert!(error.starts_with("/nowhere/libonnxruntime.so: this process uses "), "{error}");
}
