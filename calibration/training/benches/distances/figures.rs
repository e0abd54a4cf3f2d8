//! AUROCs of a network's distances, and how those on drawn defects go together with those on real ones.

use std::fmt;

use moead_calibration::metrics::ranking::{Ranking, Truth};
use moead_calibration::metrics::roc;
use moead_training::presets::BATCH;
use moead_training::statistics::{Statistics, lengths};
use moead_training::validation::scores_of_distances;

use crate::pictures::{Judge, PRODUCTS, Pictures};

/// Image AUROC of one distance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    /// The mean over products.
    drawn: f64,
    /// By product.
    real: [f64; 2],
}

impl Figures {
    /// Of each of some distances; none is l2.
    ///
    /// * `vectors_of`: what distances are taken of, given features of some pictures.
    pub(crate) fn of(
        pictures: &Pictures,
        distances: &[Option<Statistics>],
        vectors_of: &dyn Fn(Vec<f32>) -> Vec<f32>,
    ) -> Vec<Self> {
        let [drawn, real] =
            [&pictures.drawn, &pictures.half_a].map(|judges| scores(pictures, judges, distances, vectors_of));
        let figures = drawn.iter().zip(&real).map(|(drawn, real)| {
            let drawn = aurocs(&pictures.drawn, drawn);
            Self { drawn: (drawn[0] + drawn[1]) / 2.0, real: aurocs(&pictures.half_a, real) }
        });
        figures.collect()
    }

    fn truth(self) -> f64 {
        (self.real[0] + self.real[1]) / 2.0
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.4} | {:.4} | {:.4} | {:.4}", self.drawn, self.real[0], self.real[1], self.truth())
    }
}

/// By distance and product, of pictures with real defects.
pub(crate) fn real(
    pictures: &Pictures,
    judges: &[Judge],
    distances: &[Option<Statistics>],
    vectors_of: &dyn Fn(Vec<f32>) -> Vec<f32>,
) -> Vec<[f64; PRODUCTS.len()]> {
    scores(pictures, judges, distances, vectors_of).iter().map(|scores| aurocs(judges, scores)).collect()
}

/// By distance, of each picture.
fn scores(
    pictures: &Pictures,
    judges: &[Judge],
    distances: &[Option<Statistics>],
    vectors_of: &dyn Fn(Vec<f32>) -> Vec<f32>,
) -> Vec<Vec<f32>> {
    let [_, channels] = pictures.sides();
    let mut scores = vec![Vec::new(); distances.len()];
    for judges in judges.chunks(BATCH) {
        let places: Vec<usize> = judges.iter().map(|judge| judge.place).collect();
        let vectors = vectors_of(pictures.store.read(&places).expect("features"));
        for (distance, scores) in distances.iter().zip(&mut scores) {
            let distances = match distance {
                None => lengths(&vectors, channels),
                Some(statistics) => statistics.distances(&vectors),
            };
            scores.extend(scores_of_distances(&distances, pictures.extractor.decoder.grid(), pictures.extractor.size));
        }
    }
    scores
}

fn aurocs(judges: &[Judge], scores: &[f32]) -> [f64; PRODUCTS.len()] {
    [0, 1].map(|product| {
        let own = || judges.iter().zip(scores).filter(|(judge, _)| judge.product == product);
        let truth = |judge: &Judge| if judge.is_defective { Truth::Defective } else { Truth::Good };
        let truths: Vec<Truth> = own().map(|(judge, _)| truth(judge)).collect();
        let scores: Vec<f32> = own().map(|(_, score)| *score).collect();
        let ranking = Ranking::new(&scores, &truths).expect("finite scores");
        roc::auroc(&ranking).expect("pictures of both kinds").value
    })
}

/// A distance's figures after each pass.
#[derive(Debug, Default)]
pub(crate) struct Curve(Vec<Figures>);

impl Curve {
    pub(crate) fn add(&mut self, figures: Figures) {
        self.0.push(figures);
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let drawn: Vec<f64> = self.0.iter().map(|figures| figures.drawn).collect();
        let real: Vec<f64> = self.0.iter().map(|figures| figures.truth()).collect();
        // Of equal ones the last, as `moead-train` chooses.
        let chosen = self.0.iter().max_by(|a, b| a.drawn.total_cmp(&b.drawn)).map_or(f64::NAN, |it| it.truth());
        let best = real.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let correlation = correlation(&ranks(&drawn), &ranks(&real));
        let passes = self.0.len();
        write!(
            f,
            "over {passes} passes the rank correlation of drawn and real is {correlation:.2}; A of the chosen network {chosen:.4}, the best {best:.4}"
        )
    }
}

/// From 0; of equal ones their mean.
fn ranks(values: &[f64]) -> Vec<f64> {
    let count = |value: &f64, is_before: &dyn Fn(&f64, &f64) -> bool| {
        values.iter().filter(|other| is_before(other, value)).count() as f64
    };
    values.iter().map(|value| count(value, &|a, b| a < b) + (count(value, &|a, b| a == b) - 1.0) / 2.0).collect()
}

fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_x, mean_y) = (mean(x), mean(y));
    let sum = |term: &dyn Fn(f64, f64) -> f64| x.iter().zip(y).map(|(x, y)| term(x - mean_x, y - mean_y)).sum::<f64>();
    sum(&|x, y| x * y) / (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt()
}
