//! The CUDA provider on a machine with an NVIDIA GPU: every golden case in the form for GPUs against the published code, and how
//! long the published network takes beside the same library in Python and beside the processor.

mod peer;
#[expect(dead_code, reason = "the other benchmarks use the rest")]
mod subject;
#[expect(dead_code, reason = "a GPU's time is not this thread's CPU time")]
mod timing;

use std::time::Instant;

use moead_model::manifest::{Moe, Precision};
use moead_model::onnx::model_file::ModelFile;
use moead_runtime::engine::Output;
use moead_runtime::engine::choice::{self, Choice, EngineName, Provider, Request, Wish};
use moead_runtime::engine::ort::settings::Settings;
use moead_runtime::preprocess::normalize::normalize;
use moead_tests::compare::{Failures, relative_error};
use moead_tests::golden::Case;
use moead_tests::python;
use peer::Peer;
use subject::Subject;
use timing::{Summary, say};

/// What every model file answers.
const RESULTS: [Output; 4] = [Output::AnomalyMap, Output::PredScore, Output::AnomalyGrid, Output::Embedding];

fn main() {
    let rounds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(200);
    let mut failures = Failures::default();
    for case in Case::all() {
        // Numbers of single precision; weights in half precision are another network to the published code.
        numbers(&case, &mut failures);
    }
    speed(rounds);
    failures.finish();
}

fn numbers(case: &Case, failures: &mut Failures) {
    let subject = Subject::in_form(case, Precision::F32, Moe::Dense);
    let expected = case.expected();
    let pixels: Vec<u8> = expected["image_u8"].data.iter().map(|&byte| byte as u8).collect();
    let input = normalize(&pixels, subject.model.manifest().input.normalization());
    let places: Vec<Output> = (0..subject.model.expert_choices().len()).map(Output::Experts).collect();
    let mut loaded = load(Provider::Cuda, &subject.model, &[&RESULTS[..], &places].concat());
    let answer = loaded.crew.first().run(&input).unwrap_or_else(|error| panic!("{}: {error}", case.name));
    let widened = |output| -> Vec<f64> {
        answer.get(output).expect("asked for").data.iter().map(|&number| f64::from(number)).collect()
    };
    let mut line = format!("{:<16}", case.name);
    for output in RESULTS {
        let what = format!("{}: {output}", case.name);
        let error =
            failures.check(&what, &expected[output.name()].data, &widened(output), case.tolerance(output.name()));
        line += &format!(" {output} {error:.1e}");
    }
    let mut other = 0;
    for (place, output) in places.iter().enumerate() {
        let golden = format!("round{}.moe{}_experts", place / 2, place % 2 + 1);
        let wrong = relative_error(&expected[&golden].data, &widened(*output)) > 0.0;
        if wrong {
            failures.add(format!("{}: {golden}: other experts are chosen", case.name));
        }
        other += usize::from(wrong);
    }
    let notes = [loaded.placement.map(|told| told.to_string()), loaded.launched.map(|told| told.to_string())];
    let notes = notes.into_iter().flatten().collect::<Vec<_>>().join("; ");
    say(&format!("{line} choices {} of {} as published; {notes}", places.len() - other, places.len()));
}

fn speed(rounds: usize) {
    let case = Case::large("official_224").expect("the case official_224 is what is measured");
    let dense = Subject::in_form(&case, Precision::F32, Moe::Dense);
    let sparse = Subject::in_form(&case, Precision::F32, Moe::Sparse);
    let outputs = [Output::PredScore, Output::AnomalyMap];
    let mut ours = [
        ("ort cuda", load(Provider::Cuda, &dense.model, &outputs)),
        ("ort cpu, one thread, sparse", load(Provider::Cpu, &sparse.model, &outputs)),
    ];
    let device = std::path::Path::new("cuda");
    let mut peer = Peer::start("onnxruntime_peer.py", &[&dense.file(), &dense.input_file(), device]);
    let mut times = ours.each_ref().map(|(name, _)| Summary::new(name));
    let mut theirs = Summary::new("Python's ONNX Runtime, cuda");
    for round in 0..rounds + 10 {
        for ((_, loaded), summary) in ours.iter_mut().zip(&mut times) {
            let before = Instant::now();
            loaded.crew.first().run(&dense.input).expect("an answer");
            // The first ones choose kernels and warm caches.
            if round >= 10 {
                summary.add(before.elapsed().as_secs_f64());
            }
        }
        let seconds = peer.run("run");
        if round >= 10 {
            theirs.add(seconds);
        }
    }
    times[0].report(None);
    theirs.report(Some(&times[0]));
    times[1].report(Some(&times[0]));
}

/// The model on a provider of the library that the tests' Python has.
fn load(provider: Provider, model: &ModelFile, outputs: &[Output]) -> Choice {
    let ort = Settings::with_library(python::onnxruntime_library());
    let request =
        Request { engine: Some(EngineName::Ort), provider: Wish::Exactly(provider), ort, ..Request::default() };
    choice::load(model, outputs, &request, &mut |_| {}).unwrap_or_else(|error| panic!("{error}"))
}
