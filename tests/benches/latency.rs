//! Our two engines in this process, tract as it comes, and ONNX Runtime in Python, in turn, one thread each: CPU time per
//! picture.

mod peer;
mod stock;
#[expect(dead_code, reason = "the other benchmarks use the rest")]
mod subject;
mod timing;

use std::path::Path;
use std::process::Command;

use moead_model::onnx::model_file::ModelFile;
use moead_runtime::engine::choice::{self, EngineName, Request};
use moead_runtime::engine::{Engine, Output};

use moead_runtime::engine::ort::settings::Settings;
use moead_tests::golden::root;
use moead_tests::python;
use peer::Peer;
use stock::Stock;
use subject::Subject;
use timing::{Summary, cpu_seconds};

fn main() {
    let rounds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(40);
    let subject = Subject::official();
    let exported = subject.file();
    let outputs = [Output::PredScore, Output::AnomalyMap];
    let eight_bit = subject.in_eight_bits();
    let both = [EngineName::Tract, EngineName::Ort];
    let engines = both.map(|name| load(name, &subject.model, &outputs));
    let mut engines = engines.into_iter().chain(both.map(|name| load(name, &eight_bit, &outputs))).collect::<Vec<_>>();
    let stock = Stock::load(&subject.model, &outputs.map(Output::name));
    let mut peers = vec![("ONNX Runtime, same file", onnxruntime(&exported, &subject))];
    match torch_form(&subject) {
        Some(path) => peers.push(("ONNX Runtime, torch.onnx.export", onnxruntime(&path, &subject))),
        None => timing::say("torch.onnx.export: left out, this Python has no torch and onnxscript"),
    }
    let names = ["tract with our ops", "ort", "tract with our ops, int8 experts", "ort, int8 experts"];
    let mut ours = names.map(Summary::new);
    let mut as_it_comes = Summary::new("tract as it comes");
    let mut others: Vec<Summary> = peers.iter().map(|(name, _)| Summary::new(name)).collect();
    for round in 0..rounds + 3 {
        let own = engines.iter_mut().map(|engine| {
            let before = cpu_seconds();
            engine.run(&subject.input).expect("an answer");
            cpu_seconds() - before
        });
        let own: Vec<f64> = own.collect();
        let before = cpu_seconds();
        stock.watch(&subject.input, &mut |_, _| {});
        let plain = cpu_seconds() - before;
        let theirs: Vec<f64> = peers.iter_mut().map(|(_, peer)| peer.run("run")).collect();
        // The first ones warm caches.
        if round >= 3 {
            ours.iter_mut().zip(own).for_each(|(summary, seconds)| summary.add(seconds));
            as_it_comes.add(plain);
            others.iter_mut().zip(theirs).for_each(|(summary, seconds)| summary.add(seconds));
        }
    }
    let [tract, ort, eight_bit_tract, eight_bit_ort] = &ours;
    tract.report(None);
    ort.report(Some(tract));
    as_it_comes.report(Some(tract));
    others.iter().for_each(|summary| summary.report(Some(tract)));
    // The same library on the same file, and what lies around it is ours.
    others[0].report(Some(ort));
    eight_bit_tract.report(Some(tract));
    eight_bit_ort.report(Some(ort));
}

/// One of our engines, on the processor, as the programs load it.
fn load(name: EngineName, model: &ModelFile, outputs: &[Output]) -> Box<dyn Engine> {
    let ort = Settings::with_library(python::onnxruntime_library());
    let request = Request { engine: Some(name), ort, ..Request::default() };
    choice::load(model, outputs, &request, &mut |_| {}).expect("our own model loads").crew.into_first()
}

/// ONNX Runtime with that model.
fn onnxruntime(model: &Path, subject: &Subject) -> Peer {
    Peer::start("onnxruntime_peer.py", &[model, &subject.input_file()])
}

/// Writes the published network as users export it today.
fn torch_form(subject: &Subject) -> Option<std::path::PathBuf> {
    let script = root().join("tests/benches/torch_export.py");
    let path = subject.folder.path().join("torch.onnx");
    let mut command = Command::new(python::interpreter());
    command.arg(script).arg(&subject.checkpoint).arg(&path);
    let output = command.output().expect("Python starts");
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(message.contains("No module named"), "{message}");
        return None;
    }
    Some(path)
}
