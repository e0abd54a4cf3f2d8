//! Memory of a program that loads its model again and again: a service that takes a new model file every day must not grow. A process
//! per engine: load, one picture, drop, a hundred times.
//!
//! Twice: as it comes, where the C library keeps what was freed for the next load, more or less of it each time; and with a C library
//! that gives back what is free, where what remains is what somebody still holds.

#[expect(dead_code, reason = "the other benchmarks use the rest")]
mod subject;
#[expect(dead_code, reason = "the other benchmarks use the rest")]
mod timing;

use std::path::Path;
use std::process::Command;

use moead_model::onnx::model_file::ModelFile;
use moead_model::self_test;
use moead_runtime::bench::usage::Memory;
use moead_runtime::engine::Output;
use moead_runtime::engine::choice::{self, EngineName, Provider, Request, Wish};
use moead_runtime::engine::ort::library::Search;
use moead_runtime::engine::ort::settings::Settings;
use moead_runtime::preprocess::normalize::normalize;
use moead_tests::golden::Case;
use moead_tests::python;
use subject::Subject;
use timing::say;

const RELOADS: usize = 100;
/// From here on growth counts: before, pools and arenas are filled for the first time.
const SETTLED: usize = 5;
/// glibc's own first value. Once it is set, it does not grow with the largest block that was freed.
const GIVE_BACK: (&str, &str) = ("MALLOC_TRIM_THRESHOLD_", "131072");
/// What is told on the way, to see whether it is still growing.
const TOLD: [usize; 5] = [1, SETTLED, 25, 50, RELOADS];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match &arguments[..] {
        [] => {
            for subject in [Subject::of(&Case::small("tiny")), Subject::official()] {
                start_all(&format!("a file of {:.1} MB", subject.model.bytes().len() as f64 / 1e6), &subject.file());
            }
        }
        [model] => start_all(model, Path::new(model)),
        [model, engine] => reload(Path::new(model), engine),
        _ => panic!("expected [MODEL [ENGINE]], found {arguments:?}"),
    }
}

fn start_all(name: &str, model: &Path) {
    for engine in ["tract", "ort"] {
        for (how, variables) in [("as it comes", None), ("freed memory given back", Some(GIVE_BACK))] {
            say(&format!("{name}, {engine}, {how}"));
            let program = std::env::current_exe().expect("this program");
            let status = Command::new(program).args([model.as_os_str(), engine.as_ref()]).envs(variables).status();
            let status = status.expect("this program again");
            assert!(status.success(), "{status}");
        }
    }
}

fn reload(path: &Path, engine: &str) {
    let engine = if engine == "tract" { EngineName::Tract } else { EngineName::Ort };
    let search = Search { asked: (engine == EngineName::Ort).then(python::onnxruntime_library), ..Search::default() };
    let ort = Settings { search, ..Settings::default() };
    let provider = Wish::Exactly(Provider::Cpu);
    let request = Request { engine: Some(engine), provider, ort, ..Request::default() };
    let (mut settled, mut last) = (0, 0);
    for reload in 1..=RELOADS {
        judge_once(path, &request);
        if TOLD.contains(&reload) {
            last = Memory::now().expect("Linux has /proc").resident;
            say(&format!("{reload:4} reloads: {:7.1} MB resident", last as f64 / 1e6));
        }
        if reload == SETTLED {
            settled = last;
        }
    }
    let growth = last as f64 / settled as f64 - 1.0;
    let peak = Memory::now().expect("Linux has /proc").peak;
    say(&format!("growth since the {SETTLED}th: {:.1} %, peak {:.1} MB", growth * 100.0, peak as f64 / 1e6));
}

fn judge_once(path: &Path, request: &Request) {
    let model = ModelFile::open(path).expect("a model file");
    let input = &model.manifest().input;
    let picture = normalize(&self_test::picture(1, input.size()), input.normalization());
    let outputs = [Output::PredScore, Output::AnomalyMap];
    let mut chosen = choice::load(&model, &outputs, request, &mut |_| {}).expect("an engine");
    chosen.crew.first().run(&picture).expect("an answer");
}
