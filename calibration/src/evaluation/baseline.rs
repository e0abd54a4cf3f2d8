//! PaDiM beside a model: fitted to the training pictures of each product, on the features that the model rebuilds, and measured on the very
//! pictures that the model is measured on, with the same map and score made of its distances ([`crate::peers::head`]). What differs is the
//! detector alone.

use std::fmt;
use std::ops::ControlFlow;

use moead_model::architecture::TokenGrid;
use moead_model::manifest::Input;
use moead_runtime::engine::crew::Crew;
use moead_runtime::engine::{Output, Outputs, Tensor};

use super::{Evaluation, Examination, Told, by_product};
use crate::collect::{self, Allowance, CollectError, Event, Judged};
use crate::dataset::{Dataset, Sample, Split, Truth};
use crate::peers::head;
use crate::peers::padim::{self, Fitted, Padim, PadimError};

/// The features that are drawn are the same on every machine.
const SEED: u64 = 12;

/// Least good pictures for training of a product: a covariance needs two.
const LEAST: usize = 2;

/// A model and PaDiM on the same pictures.
#[derive(Debug)]
pub struct WithBaseline {
    /// The model's.
    pub model: Evaluation,
    /// PaDiM's.
    pub baseline: Baseline,
}

/// PaDiM's figures.
#[derive(Debug)]
pub struct Baseline {
    /// The same products and pictures as the model's, in the same order.
    pub evaluation: Evaluation,
    /// What it was fitted to, one for each of its products.
    pub fits: Vec<Fit>,
}

/// What a product's detector was fitted to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fit {
    /// The product.
    pub product: String,
    /// Good pictures for training.
    pub images: u64,
    /// Of each place, those that are used.
    pub features: usize,
    /// Rows times columns.
    pub places: usize,
}

/// Why there is no baseline.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BaselineError {
    /// Nothing to fit it to.
    #[error("{product}: expected at least {LEAST} good pictures to train on, found {found}")]
    NothingToTrainOn {
        /// The product.
        product: String,
        /// Good pictures for training, of those that can be read.
        found: usize,
    },
    /// It cannot be fitted to what there is.
    #[error("{product}: {error}")]
    Padim {
        /// The product.
        product: String,
        /// Why.
        error: PadimError,
    },
    /// The run ended early.
    #[error(transparent)]
    Collect(#[from] CollectError),
}

/// A model's engines.
pub struct Crews<'a> {
    /// Loaded with [`Output::PredScore`], [`Output::AnomalyMap`] and [`Output::Features`].
    pub judging: &'a mut Crew,
    /// Loaded with [`Output::Features`] alone: what training pictures need.
    pub features: &'a mut Crew,
}

/// The good pictures for training of the products of `tested`, product after product.
///
/// # Errors
/// [`BaselineError::NothingToTrainOn`] for the first product that has too few.
pub fn training(dataset: &Dataset, tested: &[Sample]) -> Result<Vec<Sample>, BaselineError> {
    let mut training = Vec::new();
    for product in by_product(tested).map(|samples| &samples[0].product) {
        let is_wanted = |sample: &&Sample| {
            sample.product == *product && sample.split == Some(Split::Train) && sample.truth == Truth::Good
        };
        let before = training.len();
        training.extend(dataset.samples.iter().filter(is_wanted).cloned());
        let found = training.len() - before;
        if found < LEAST {
            return Err(BaselineError::NothingToTrainOn { product: product.clone(), found });
        }
    }
    Ok(training)
}

/// Measures a model and PaDiM in one go, product after product: memory is that of one product's fit.
///
/// * `training`: as of [`training`]; `tested`: as of [`super::samples`].
/// * `features`: how many of each place are drawn at random, as in the paper; all without.
/// * `most_unjudged`, `told`: as of [`super::evaluate`], training pictures among them.
///
/// # Errors
/// [`BaselineError`]
pub fn evaluate(
    crews: Crews<'_>,
    input: &Input,
    [training, tested]: [&[Sample]; 2],
    features: Option<usize>,
    most_unjudged: usize,
    told: &mut Told<'_>,
) -> Result<WithBaseline, BaselineError> {
    let mut model = Evaluation { products: Vec::new(), unjudged: Vec::new() };
    let mut peer = Evaluation { products: Vec::new(), unjudged: Vec::new() };
    let (mut fits, mut allowance) = (Vec::new(), Allowance::new(most_unjudged));
    for tested in by_product(tested) {
        let product = &tested[0].product;
        let failed = |error| BaselineError::Padim { product: product.clone(), error };
        let training = by_product(training).find(|samples| samples[0].product == *product).unwrap_or_default();
        let mut fitting = Fitting { features, begun: None, refused: None };
        collect::features(crews.features, input, training, &mut allowance, |event| {
            match event {
                Event::Judged(picture) => {
                    told(None);
                    return fitting.add(&picture);
                }
                Event::Unjudged { path, cause } => model.leave_out(path, &cause.to_string(), told),
            }
            ControlFlow::Continue(())
        })?;
        let nothing = || BaselineError::NothingToTrainOn { product: product.clone(), found: 0 };
        let (fitted, grid) = fitting.finish().map_err(failed)?.ok_or_else(nothing)?;
        let [mut of_model, mut of_peer] = [0; 2].map(|_| Examination::new(product, input.size()));
        let mut refused = None;
        collect::collect(crews.judging, input, tested, &mut allowance, |event| {
            match event {
                Event::Judged(mut judged) => match judge(&fitted, grid, input, &mut judged) {
                    Ok(by_peer) => {
                        of_peer.add(&tested[by_peer.sample], by_peer);
                        of_model.add(&tested[judged.sample], judged);
                        told(None);
                    }
                    Err(error) => {
                        refused = Some(error);
                        return ControlFlow::Break(());
                    }
                },
                Event::Unjudged { path, cause } => model.leave_out(path, &cause.to_string(), told),
            }
            ControlFlow::Continue(())
        })?;
        if let Some(error) = refused {
            return Err(failed(error));
        }
        model.products.push(of_model.finish());
        peer.products.push(of_peer.finish());
        fits.push(Fit::of(product, &fitted, grid));
    }
    Ok(WithBaseline { model, baseline: Baseline { evaluation: peer, fits } })
}

impl fmt::Display for Fit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { product, images, features, places } = self;
        write!(
            f,
            "{product}: PaDiM is fitted to {images} good pictures, {features} features at each of {places} places"
        )
    }
}

impl Fit {
    fn of(product: &str, fitted: &Fitted, grid: TokenGrid) -> Self {
        let (images, features, places) = (fitted.images(), fitted.features(), grid.tokens());
        Self { product: product.to_owned(), images, features, places }
    }
}

/// A fit that begins with the first picture, which tells how many features there are.
struct Fitting {
    features: Option<usize>,
    begun: Option<(Padim, TokenGrid)>,
    refused: Option<PadimError>,
}

impl Fitting {
    /// Goes on unless the picture cannot be used.
    fn add(&mut self, picture: &Tensor) -> ControlFlow<()> {
        match self.try_add(picture) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.refused = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn try_add(&mut self, picture: &Tensor) -> Result<(), PadimError> {
        let (padim, _) = match &mut self.begun {
            Some(begun) => begun,
            None => {
                // The only shape that `collect::features` lets through.
                let [_, channels, rows, columns] = picture.shape[..] else { return Ok(()) };
                let drawn = padim::draw_features(channels, self.features.unwrap_or(channels), SEED);
                let padim = Padim::new(channels, rows * columns, drawn)?;
                self.begun.insert((padim, TokenGrid { rows, columns }))
            }
        };
        padim.add(&picture.data)
    }

    /// None without a picture.
    fn finish(self) -> Result<Option<(Fitted, TokenGrid)>, PadimError> {
        match (self.refused, self.begun) {
            (Some(error), _) => Err(error),
            (None, Some((padim, grid))) => Ok(Some((padim.finish()?, grid))),
            (None, None) => Ok(None),
        }
    }
}

/// What PaDiM says of a picture that the model has judged.
fn judge(fitted: &Fitted, grid: TokenGrid, input: &Input, judged: &mut Judged) -> Result<Judged, PadimError> {
    let features = judged.others.take(Output::Features).map(|features| features.data).unwrap_or_default();
    let size = input.size();
    let data = head::map(&fitted.distances(&features)?, grid, size);
    let score = head::score(&data, size);
    let map = Tensor { shape: vec![1, 1, size.height, size.width], data };
    let (sample, truth) = (judged.sample, judged.truth.clone());
    Ok(Judged { sample, score, map, truth, others: Outputs::new(Vec::new()) })
}
