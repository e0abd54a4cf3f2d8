//! tract in this process, with our ops and as it comes, and ONNX Runtime in Python, in turn, one thread each: CPU time per
//! picture.

mod peer;
mod stock;
#[expect(dead_code, reason = "the other benchmarks use the rest")]
mod subject;
mod timing;

use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Command;

use moead_runtime::engine::tract::Session;
use moead_runtime::engine::{Engine as _, Output};
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
    let mut session = Session::load(&subject.model, &outputs, NonZeroUsize::MIN).expect("our own model loads");
    let stock = Stock::load(&subject.model, &outputs.map(Output::name));
    let mut peers = vec![("ONNX Runtime, same file", onnxruntime(&exported, &subject))];
    match torch_form(&subject) {
        Some(path) => peers.push(("ONNX Runtime, torch.onnx.export", onnxruntime(&path, &subject))),
        None => timing::say("torch.onnx.export: left out, this Python has no torch and onnxscript"),
    }
    let mut tract = Summary::new("tract with our ops");
    let mut as_it_comes = Summary::new("tract as it comes");
    let mut others: Vec<Summary> = peers.iter().map(|(name, _)| Summary::new(name)).collect();
    for round in 0..rounds + 3 {
        let before = cpu_seconds();
        session.run(&subject.input).expect("an answer");
        let ours = cpu_seconds() - before;
        let before = cpu_seconds();
        stock.watch(&subject.input, &mut |_, _| {});
        let plain = cpu_seconds() - before;
        let theirs: Vec<f64> = peers.iter_mut().map(|(_, peer)| peer.run("run")).collect();
        // The first ones warm caches.
        if round >= 3 {
            tract.add(ours);
            as_it_comes.add(plain);
            others.iter_mut().zip(theirs).for_each(|(summary, seconds)| summary.add(seconds));
        }
    }
    tract.report(None);
    as_it_comes.report(Some(&tract));
    others.iter().for_each(|summary| summary.report(Some(&tract)));
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
