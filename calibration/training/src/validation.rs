//! How well a network tells good pictures from those with drawn defects.

use std::io;

use moead_calibration::metrics::ranking::{Ranking, Truth};
use moead_calibration::metrics::roc;
use moead_calibration::peers::head;
use moead_model::architecture::{ImageSize, TokenGrid};

use crate::residuals::Rebuilder;
use crate::statistics::{Statistics, lengths};
use crate::store::Store;

/// Pictures that are rebuilt at a time.
const BATCH: usize = 8;

/// Pictures to judge by.
#[derive(Debug)]
pub struct Judges<'a> {
    /// Good ones and those that were held out: which of them, and the number of each one's product.
    pub good: (&'a Store, Vec<(usize, usize)>),
    /// With defects, the same way.
    pub drawn: (&'a Store, Vec<(usize, usize)>),
    /// Of the network's input.
    pub size: ImageSize,
}

impl Judges<'_> {
    /// The mean over products of the image AUROC; none where no product has pictures of both kinds, or a score is no number.
    ///
    /// * `scores_of`: the score of each picture, given the features of several.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn auroc(&self, scores_of: &dyn Fn(Vec<f32>) -> Vec<f32>) -> io::Result<Option<f64>> {
        let scores = |(store, pictures): &(&Store, Vec<(usize, usize)>)| -> io::Result<Vec<(usize, f32)>> {
            let mut scores = Vec::with_capacity(pictures.len());
            for pictures in pictures.chunks(BATCH) {
                let places: Vec<usize> = pictures.iter().map(|(place, _)| *place).collect();
                let found = scores_of(store.read(&places)?);
                scores.extend(pictures.iter().map(|(_, product)| *product).zip(found));
            }
            Ok(scores)
        };
        let (good, drawn) = (scores(&self.good)?, scores(&self.drawn)?);
        let products = good.iter().map(|(product, _)| product + 1).max().unwrap_or(0);
        let figures: Vec<f64> = (0..products)
            .filter_map(|product| {
                let of = |scores: &[(usize, f32)]| -> Vec<f32> {
                    scores.iter().filter(|(of, _)| *of == product).map(|(_, score)| *score).collect()
                };
                let (good, drawn) = (of(&good), of(&drawn));
                let truths = [vec![Truth::Good; good.len()], vec![Truth::Defective; drawn.len()]].concat();
                let ranking = Ranking::new(&[good, drawn].concat(), &truths).ok()?;
                roc::auroc(&ranking).ok().map(|measured| measured.value)
            })
            .collect();
        Ok((!figures.is_empty()).then(|| figures.iter().sum::<f64>() / figures.len() as f64))
    }
}

/// The scores of some pictures, as every model's head makes them of its distances.
///
/// * `distances`: of each token of each picture.
pub fn scores_of_distances(distances: &[f32], grid: TokenGrid, size: ImageSize) -> Vec<f32> {
    let images = distances.chunks_exact(grid.tokens());
    images.map(|distances| head::score(&head::map(distances, grid, size), size)).collect()
}

/// The scores of some pictures, as the exported model gives them.
///
/// * `statistics`: of residuals, where the network's distance has any.
/// * `features`: as in a [`Store`].
pub fn scores_of(
    rebuilder: Rebuilder<'_>,
    statistics: Option<&Statistics>,
    features: Vec<f32>,
    size: ImageSize,
) -> Vec<f32> {
    let (channels, grid) = (rebuilder.decoder.channels(), rebuilder.decoder.grid());
    let residuals = rebuilder.residuals(features);
    let distances = match statistics {
        None => lengths(&residuals, channels),
        Some(statistics) => statistics.distances(&residuals),
    };
    scores_of_distances(&distances, grid, size)
}
