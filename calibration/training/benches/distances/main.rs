//! What each distance finds on real pictures (ELPV solar cells) while one network of the small preset is trained: after a pass all distances are
//! fitted to the same network's residuals, and judged by drawn defects, as `moead-train` does it, and by the real ones of half A. Short runs are
//! judged after each pass, long ones sixteen times.
//!
//! `cargo bench -p moead-training --bench distances [-- STEPS [SEED]] [B]`. With `B`, the last network is judged by half B as well: it is for
//! reports, and is not looked at while anything is chosen. `MOEAD_PYTHON` names a Python with pip, for fetching.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot set up its case has failed")]

use std::io::Write as _;
use std::path::PathBuf;

use moead_tests::python;
use moead_training::batches::{Balance, Batches};
use moead_training::normalization::Fit;
use moead_training::presets::{BATCH, Preset};
use moead_training::random::Seed;
use moead_training::residuals::{Rebuilder, Residuals};
use moead_training::statistics::{Kind, Statistics};
use moead_training::trainer::Trainer;

#[path = "../extractor.rs"]
mod extractor;
mod figures;
mod pictures;

use figures::{Curve, Figures};
use pictures::Pictures;

/// None is l2.
const DISTANCES: [(&str, Option<Kind>); 5] = [
    ("l2", None),
    ("position-std", Some(Kind::PositionStd)),
    ("position-cov:48", Some(Kind::PositionCov(48))),
    ("position-cov:64", Some(Kind::PositionCov(64))),
    ("position-cov:96", Some(Kind::PositionCov(96))),
];

/// How often a long run is judged.
const MOST_JUDGEMENTS: u64 = 16;

fn main() {
    let is_b_read = std::env::args().any(|argument| argument == "B");
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let (steps, seed) = (numbers.first().copied().unwrap_or(1000), Seed(numbers.get(1).copied().unwrap_or(1)));
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap();
    let cache = std::env::var_os("MOEAD_ELPV").map_or(home.join(".cache/moead-edge/elpv"), PathBuf::from);
    let fetch = concat!(env!("CARGO_MANIFEST_DIR"), "/../benches/elpv/fetch.py");
    python::run(fetch.as_ref(), &[cache.as_os_str()]);
    let pictures = Pictures::read(&cache, Preset::Small, seed);
    say(&format!(
        "{} cells to learn from, {} drawn defects, {} cells of half A",
        pictures.training.len(),
        pictures.drawn.iter().filter(|picture| picture.is_defective).count(),
        pictures.half_a.len(),
    ));
    say("| | distance | drawn | A mono | A poly | A mean |");
    let alone = without_network(&pictures);

    let decoder = pictures.extractor.decoder.clone();
    let mut fit = Fit::new(&decoder);
    let learnt = pictures.learnt();
    learnt.show(&mut |picture| fit.add(picture)).unwrap();
    let normalization = fit.finish();
    let products: Vec<usize> = pictures.training.iter().map(|(_, product)| *product).collect();
    let batches = Batches::new(&products, Balance::Pictures, BATCH, seed).unwrap();
    let parameters = Preset::Small.initial().draw(decoder.layout(), seed);
    let mut trainer = Trainer::new(decoder.clone(), parameters, Preset::Small.recipe(seed, steps));
    let mut curves = DISTANCES.map(|_| Curve::default());
    let mut last: Vec<Option<Statistics>> = Vec::new();
    let between = batches.passes_after(steps).div_ceil(MOST_JUDGEMENTS).max(1);
    for step in 0..steps {
        let mut batch = learnt.read(&batches.of_step(step)).unwrap();
        normalization.apply(&mut batch);
        let loss = trainer.step(&batch).unwrap().loss.total();
        let made = step + 1;
        let passes = batches.passes_after(made);
        if (passes == batches.passes_after(step) || !passes.is_multiple_of(between)) && made != steps {
            continue;
        }
        let rebuilder =
            Rebuilder { decoder: &decoder, parameters: &trainer.parameters, normalization: Some(&normalization) };
        let residuals = Residuals::compute(rebuilder, &learnt, &std::env::temp_dir()).unwrap();
        let statistics = DISTANCES.map(|(_, kind)| {
            kind.map(|kind| Statistics::fit(kind, pictures.sides(), &|visit| residuals.show(visit)).unwrap())
        });
        let found = Figures::of(&pictures, &statistics, &|features| rebuilder.residuals(features));
        for (((name, _), figures), curve) in DISTANCES.iter().zip(found).zip(&mut curves) {
            say(&format!("| step {made}, loss {loss:.3} | {name} | {figures} |"));
            curve.add(figures);
        }
        last = statistics.into();
    }
    for ((name, _), curve) in DISTANCES.iter().zip(curves) {
        say(&format!("{name}: {curve}"));
    }
    if is_b_read {
        say("| | distance | B mono | B poly | B mean |");
        let tell = |what: &str, statistics: &[Option<Statistics>], vectors_of: &dyn Fn(Vec<f32>) -> Vec<f32>| {
            let found = figures::real(&pictures, &pictures.half_b, statistics, vectors_of);
            for ((name, _), [mono, poly]) in DISTANCES[DISTANCES.len() - statistics.len()..].iter().zip(found) {
                say(&format!("| {what} | {name} | {mono:.4} | {poly:.4} | {:.4} |", (mono + poly) / 2.0));
            }
        };
        tell("no network", &alone, &|features| features);
        let rebuilder =
            Rebuilder { decoder: &decoder, parameters: &trainer.parameters, normalization: Some(&normalization) };
        tell(&format!("step {steps}"), &last, &|features| rebuilder.residuals(features));
    }
}

/// The same statistics of the features themselves.
fn without_network(pictures: &Pictures) -> Vec<Option<Statistics>> {
    let learnt = pictures.learnt();
    let kinds = &DISTANCES[1..];
    let statistics: Vec<_> = kinds
        .iter()
        .map(|(_, kind)| kind.map(|kind| Statistics::fit(kind, pictures.sides(), &|visit| learnt.show(visit)).unwrap()))
        .collect();
    for ((name, _), figures) in kinds.iter().zip(Figures::of(pictures, &statistics, &|features| features)) {
        say(&format!("| no network | {name} | {figures} |"));
    }
    statistics
}

/// A line of the report.
fn say(line: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "{line}").and_then(|()| out.flush()).expect("a reader");
}
