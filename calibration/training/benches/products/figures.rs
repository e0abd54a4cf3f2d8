//! Image and pixel AUROC of a method, product by product, and the table of all of them.

use std::collections::BTreeMap;
use std::fmt;

use moead_calibration::metrics::pixels::{MaskView, PixelScores};
use moead_calibration::metrics::ranking::{Ranking, Truth};
use moead_calibration::metrics::roc;
use moead_calibration::peers::head;

use crate::pictures::{Judge, Pictures};

/// Image and pixel AUROC, by product.
#[derive(Debug, Clone)]
pub(crate) struct Figures(Vec<[f64; 2]>);

impl Figures {
    /// * `distances_of`: of each token of a picture, given the picture and its features.
    pub(crate) fn of(pictures: &Pictures, count: usize, distances_of: &dyn Fn(&Judge, Vec<f32>) -> Vec<f32>) -> Self {
        Self((0..count).map(|product| of_product(pictures, product, distances_of)).collect())
    }

    fn mean(&self) -> [f64; 2] {
        [0, 1].map(|which| self.0.iter().map(|figures| figures[which]).sum::<f64>() / self.0.len() as f64)
    }
}

fn of_product(pictures: &Pictures, product: usize, distances_of: &dyn Fn(&Judge, Vec<f32>) -> Vec<f32>) -> [f64; 2] {
    let (grid, size) = (pictures.extractor.decoder.grid(), pictures.extractor.size);
    let (mut scores, mut truths, mut pixels) = (Vec::new(), Vec::new(), PixelScores::default());
    for judge in pictures.judges.iter().filter(|judge| judge.product == product) {
        let features = pictures.store.read(&[judge.place]).expect("features");
        let map = head::map(&distances_of(judge, features), grid, size);
        scores.push(head::score(&map, size));
        truths.push(if judge.mask.is_some() { Truth::Defective } else { Truth::Good });
        let mask = judge.mask.as_deref().map_or(MaskView::Good, MaskView::Pixels);
        pixels.add(&map, mask, size).expect("a map of the network's size");
    }
    let ranking = Ranking::new(&scores, &truths).expect("finite scores");
    let image = roc::auroc(&ranking).expect("pictures of both kinds").value;
    [image, pixels.finish().auroc().expect("pixels of both kinds").value]
}

/// By method and number of products, a run for each seed.
#[derive(Debug, Default)]
pub(crate) struct Table(Vec<(String, BTreeMap<usize, Vec<Figures>>)>);

impl Table {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn add(&mut self, method: &str, count: usize, figures: Figures) {
        let at = self.0.iter().position(|(name, _)| name == method).unwrap_or_else(|| {
            self.0.push((method.to_owned(), BTreeMap::new()));
            self.0.len() - 1
        });
        self.0[at].1.entry(count).or_default().push(figures);
    }
}

/// The mean, and the spread over runs if there are several.
fn cell(values: &[f64]) -> String {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if values.len() == 1 { format!("{mean:.3}") } else { format!("{mean:.3} ({low:.3} to {high:.3})") }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts: Vec<usize> = self.0.first().map(|(_, by)| by.keys().copied().collect()).unwrap_or_default();
        let heads: Vec<String> = counts.iter().map(|count| count.to_string()).collect();
        let rule = " --- |".repeat(counts.len());
        for (which, name) in ["image", "pixel"].into_iter().enumerate() {
            // The mean over all products there are changes with the products; the first one is the same in every column.
            for (what, of) in [("mean of all products", None), ("the first product alone", Some(0))] {
                writeln!(f, "\n| {name} AUROC, {what} | {} |\n| --- |{rule}", heads.join(" | "))?;
                for (method, by) in &self.0 {
                    let cells = counts.iter().map(|count| {
                        let runs = by.get(count).map(Vec::as_slice).unwrap_or_default();
                        let values: Vec<f64> = runs
                            .iter()
                            .map(|figures| of.map_or(figures.mean()[which], |at: usize| figures.0[at][which]))
                            .collect();
                        cell(&values)
                    });
                    writeln!(f, "| {method} | {} |", cells.collect::<Vec<_>>().join(" | "))?;
                }
            }
        }
        Ok(())
    }
}
