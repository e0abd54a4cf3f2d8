//! One model for many products, the paper's claim, next to statistics: as the number of products grows, does what one network finds of drawn
//! defects fall less than what pooled statistics find?
//!
//! `cargo bench -p moead-training --bench products [-- STEPS SEEDS]`. `MOEAD_PYTHON` names a Python with pip, for fetching, and with torch, for
//! UniAD of equal size; without torch it is left out. Ten products: seven drawn designs and crops of three photographs (brick, grass and
//! gravel of scikit-image, CC0). Per product 100 good pictures to learn from, 50 good and 80 with a drawn defect to judge by. Chance
//! differs by seed; designs and pictures do not. A line comes with each run, and the tables with all of them after each seed.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot set up its case has failed")]

use std::io::Write as _;
use std::path::PathBuf;

use moead_calibration::peers::padim::{Fitted, Padim, draw_features};
use moead_tests::python;
use moead_training::batches::{Balance, Batches};
use moead_training::learnt::Learnt;
use moead_training::normalization::{Fit, Normalization};
use moead_training::presets::{BATCH, Preset};
use moead_training::random::Seed;
use moead_training::residuals::{Rebuilder, Residuals};
use moead_training::statistics::{Kind, Pictures as Shown, Statistics, lengths};
use moead_training::trainer::Trainer;

mod designs;
#[path = "../extractor.rs"]
mod extractor;
mod figures;
mod peer;
mod pictures;

use figures::{Figures, Table};
use pictures::{Judge, Pictures};

/// How many products share a model.
const COUNTS: [usize; 4] = [1, 2, 5, 10];
/// Channels that PaDiM keeps, as its authors do.
const PADIM_CHANNELS: usize = 100;

const KINDS: [(&str, Option<Kind>); 3] =
    [("l2", None), ("position-std", Some(Kind::PositionStd)), ("position-cov:64", Some(Kind::PositionCov(64)))];

fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let (steps, seeds) = (numbers.first().copied().unwrap_or(1000), numbers.get(1).copied().unwrap_or(3));
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap();
    let cache = std::env::var_os("MOEAD_PRODUCTS").map_or(home.join(".cache/moead-edge/products"), PathBuf::from);
    let fetch = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/products/fetch.py");
    python::run(fetch.as_ref(), &[cache.as_os_str()]);
    let pictures = Pictures::draw(&cache, Preset::Small);
    let mut table = Table::new();
    COUNTS.iter().for_each(|count| statistics_alone(&pictures, *count, &mut table));
    let has_torch = peer::is_there();
    if !has_torch {
        say("no torch: UniAD is left out");
    }
    for seed in (1..=seeds).map(Seed) {
        for count in COUNTS {
            let mut fit = Fit::new(&pictures.extractor.decoder);
            pictures.learnt(count).show(&mut |picture| fit.add(picture)).unwrap();
            let normalization = fit.finish();
            network(&pictures, &normalization, count, steps, seed, &mut table);
            if has_torch {
                uniad(&pictures, &normalization, count, steps, seed, &mut table);
            }
        }
        say(&table.to_string());
    }
}

/// Without a network: the same statistics of the features, PaDiM for all products together, and PaDiM for each by itself.
fn statistics_alone(pictures: &Pictures, count: usize, table: &mut Table) {
    let learnt = pictures.learnt(count);
    for (name, kind) in &KINDS[1..] {
        let statistics =
            kind.map(|kind| Statistics::fit(kind, pictures.sides(), &|visit| learnt.show(visit)).unwrap()).unwrap();
        let figures = Figures::of(pictures, count, &|_, features| statistics.distances(&features));
        table.add(&format!("{name}, no network"), count, figures);
    }
    let [tokens, channels] = pictures.sides();
    let fit = |learnt: &Learnt<'_>| -> Fitted {
        let mut padim = Padim::new(channels, tokens, draw_features(channels, PADIM_CHANNELS, 0)).unwrap();
        learnt.show(&mut |picture| padim.add(&pictures.transposed(picture)).unwrap()).unwrap();
        padim.finish().unwrap()
    };
    let pooled = fit(&learnt);
    let of = |fitted: &Fitted, features: Vec<f32>| fitted.distances(&pictures.transposed(&features)).unwrap();
    table.add("PaDiM, pooled", count, Figures::of(pictures, count, &|_, features| of(&pooled, features)));
    let each: Vec<Fitted> = (0..count).map(|product| fit(&pictures.learnt_of(product))).collect();
    let figures = Figures::of(pictures, count, &|judge, features| of(&each[judge.product], features));
    table.add("PaDiM, the product known", count, figures);
}

/// One network for all of them; each distance is fitted to what it does not rebuild.
fn network(
    pictures: &Pictures,
    normalization: &Normalization,
    count: usize,
    steps: u64,
    seed: Seed,
    table: &mut Table,
) {
    let decoder = &pictures.extractor.decoder;
    let learnt = pictures.learnt(count);
    let products: Vec<usize> =
        (0..count).flat_map(|product| vec![product; pictures.learnt_of(product).count()]).collect();
    let batches = Batches::new(&products, Balance::Pictures, BATCH, seed).unwrap();
    let parameters = Preset::Small.initial().draw(decoder.layout(), seed);
    let mut trainer = Trainer::new(decoder.clone(), parameters, Preset::Small.recipe(seed, steps));
    let mut loss = f64::NAN;
    for step in 0..steps {
        let mut batch = learnt.read(&batches.of_step(step)).unwrap();
        normalization.apply(&mut batch);
        loss = trainer.step(&batch).unwrap().loss.total();
    }
    let rebuilder = Rebuilder { decoder, parameters: &trainer.parameters, normalization: Some(normalization) };
    let residuals = Residuals::compute(rebuilder, &learnt, &std::env::temp_dir()).unwrap();
    say(&format!("{count} products, seed {}: MoEAD, loss {loss:.3} after {steps} steps", seed.0));
    distances(
        "MoEAD",
        pictures,
        count,
        &|visit| residuals.show(visit),
        &|_, features| rebuilder.residuals(features),
        table,
    );
}

/// UniAD of equal size for all of them.
fn uniad(pictures: &Pictures, normalization: &Normalization, count: usize, steps: u64, seed: Seed, table: &mut Table) {
    let mut places = pictures.places(count);
    let learnt = places.len();
    places.extend(pictures.judges.iter().filter(|judge| judge.product < count).map(|judge| judge.place));
    let residuals = peer::train(pictures, normalization, &places, learnt, steps, seed).unwrap();
    say(&format!("{count} products, seed {}: UniAD, {} after {steps} steps", seed.0, residuals.said));
    let show =
        |visit: &mut dyn FnMut(&[f32])| (0..learnt).try_for_each(|at| residuals.of(at).map(|picture| visit(&picture)));
    // A place occurs once.
    let vectors_of = |judge: &Judge, _| {
        let at = places.iter().position(|place| *place == judge.place).unwrap();
        residuals.of(at).unwrap()
    };
    distances("UniAD", pictures, count, &show, &vectors_of, table);
}

/// Each distance of what a network does not rebuild.
fn distances(
    network: &str,
    pictures: &Pictures,
    count: usize,
    show: Shown<'_>,
    vectors_of: &dyn Fn(&Judge, Vec<f32>) -> Vec<f32>,
    table: &mut Table,
) {
    let [_, channels] = pictures.sides();
    for (name, kind) in KINDS {
        let statistics = kind.map(|kind| Statistics::fit(kind, pictures.sides(), show).unwrap());
        let figures = Figures::of(pictures, count, &|judge, features| {
            let vectors = vectors_of(judge, features);
            match &statistics {
                None => lengths(&vectors, channels),
                Some(statistics) => statistics.distances(&vectors),
            }
        });
        table.add(&format!("{network}, {name}"), count, figures);
    }
}

/// A line of the report.
fn say(line: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "{line}").and_then(|()| out.flush()).expect("a reader");
}
