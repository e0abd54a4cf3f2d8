//! How well a model tells defective from good on a data set: figures per product, and their mean.
//!
//! Pictures pass one by one, product after product; what is kept of a product's pixels is bounded ([`crate::metrics::pixels`]).

pub mod baseline;
pub mod comparison;
pub mod document;
pub mod figures;
pub mod gallery;
pub mod notes;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use moead_model::architecture::ImageSize;
use moead_model::manifest::Input;
use moead_runtime::engine::crew::Crew;

use crate::collect::{self, Allowance, CollectError, Event, Judged};
use crate::dataset::{Dataset, Sample, Split};
use crate::metrics::average_precision::{self, PrecisionPoint};
use crate::metrics::f1;
use crate::metrics::interval::{self, Confidence, Interval};
use crate::metrics::pixels::{PixelScores, RankedPixels};
use crate::metrics::ranking::{Ranking, Truth};
use crate::metrics::roc::{self, RocPoint};
use figures::{Figure, Figures, Missing};
use gallery::Gallery;

/// Points of a curve that is drawn; figures are computed from all.
const CURVE_POINTS: usize = 200;

/// A model's figures on a data set.
#[derive(Debug)]
pub struct Evaluation {
    /// By name.
    pub products: Vec<Product>,
    /// Pictures without an answer, with the cause.
    pub unjudged: Vec<(PathBuf, String)>,
}

/// One product's pictures, judged.
#[derive(Debug)]
pub struct Product {
    /// As the data set names it.
    pub name: String,
    /// One for each picture.
    pub pictures: Vec<Picture>,
    /// What they come to.
    pub figures: Figures,
    /// Between which values the image AUROC lies for all pictures of this kind.
    pub auroc_interval: Option<Interval>,
    /// Where F1 over pictures is largest: [`Picture::score`] from here on is called defective.
    pub threshold: Option<f32>,
    /// Over pictures.
    pub image_curves: Option<Curves>,
    /// Over pixels.
    pub pixel_curves: Option<Curves>,
    /// What was known of the masks.
    pub masks: Masks,
    /// Pictures to look at.
    pub gallery: Gallery,
}

/// One picture's score.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// The file.
    pub path: PathBuf,
    /// The model's.
    pub score: f32,
    /// The data set's.
    pub truth: Truth,
}

/// What a threshold would do, for each.
#[derive(Debug, Clone, PartialEq)]
pub struct Curves {
    /// Receiver operating characteristic.
    pub roc: Vec<RocPoint>,
    /// Precision over recall.
    pub precision: Vec<PrecisionPoint>,
}

/// Masks that were not simply there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Masks {
    /// Defective pictures of a data set that does not say where.
    pub unknown: u64,
    /// Defective pictures whose mask is missing: all of their pixels count as defective.
    pub missing: u64,
    /// Defective pictures whose mask has no pixel left in the network's size: they count as good.
    pub vanished: u64,
}

impl Product {
    /// How many pictures are of that kind.
    pub fn count(&self, truth: Truth) -> usize {
        self.pictures.iter().filter(|picture| picture.truth == truth).count()
    }

    /// Scores and truths, in the order of the pictures.
    pub fn scores(&self) -> (Vec<f32>, Vec<Truth>) {
        self.pictures.iter().map(|picture| (picture.score, picture.truth)).unzip()
    }
}

impl Evaluation {
    /// The mean over products of each figure.
    pub fn mean(&self) -> Figures {
        Figures::mean(self.products.iter().map(|product| &product.figures))
    }

    fn leave_out(&mut self, path: &Path, cause: &str, told: &mut Told<'_>) {
        told(Some((path, cause)));
        self.unjudged.push((path.to_owned(), cause.to_owned()));
    }
}

/// A data set without pictures to test on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected pictures to test on, found only pictures to train on")]
pub struct NothingToTest;

/// The samples that a model is measured on: those for testing, and those of a layout that does not split. With `products`, only theirs.
///
/// # Errors
/// [`NothingToTest`] when there is none.
pub fn samples(dataset: &Dataset, products: &[String]) -> Result<Vec<Sample>, NothingToTest> {
    let is_wanted = |sample: &Sample| products.is_empty() || products.contains(&sample.product);
    let is_for_testing = |sample: &&Sample| sample.split != Some(Split::Train) && is_wanted(sample);
    let samples: Vec<_> = dataset.samples.iter().filter(is_for_testing).cloned().collect();
    if samples.is_empty() { Err(NothingToTest) } else { Ok(samples) }
}

/// What is told of each picture: its cause when it could not be judged.
pub type Told<'a> = dyn FnMut(Option<(&Path, &str)>) + 'a;

/// Measures a model.
///
/// * `crew`, `input`: as of [`collect::collect`].
/// * `samples`: product after product, as of [`samples`].
/// * `most_unjudged`: more pictures without an answer end the run.
/// * `told`: is called after each picture.
///
/// # Errors
/// [`CollectError`]
pub fn evaluate(
    crew: &mut Crew,
    input: &Input,
    samples: &[Sample],
    most_unjudged: usize,
    told: &mut Told<'_>,
) -> Result<Evaluation, CollectError> {
    let mut evaluation = Evaluation { products: Vec::new(), unjudged: Vec::new() };
    let mut allowance = Allowance::new(most_unjudged);
    for samples in by_product(samples) {
        let mut examination = Examination::new(&samples[0].product, input.size());
        collect::collect(crew, input, samples, &mut allowance, |event| {
            match event {
                Event::Judged(judged) => {
                    examination.add(&samples[judged.sample], judged);
                    told(None);
                }
                Event::Unjudged { path, cause } => evaluation.leave_out(path, &cause.to_string(), told),
            }
            ControlFlow::Continue(())
        })?;
        evaluation.products.push(examination.finish());
    }
    Ok(evaluation)
}

/// Samples that follow each other, of one product each; none is empty.
fn by_product(samples: &[Sample]) -> impl Iterator<Item = &[Sample]> {
    samples.chunk_by(|a, b| a.product == b.product)
}

/// A product's pictures while they pass.
struct Examination {
    name: String,
    size: ImageSize,
    pictures: Vec<Picture>,
    pixels: PixelScores,
    masks: Masks,
    gallery: Gallery,
}

impl Examination {
    fn new(name: &str, size: ImageSize) -> Self {
        let (pixels, gallery) = (PixelScores::default(), Gallery::new(size));
        Self { name: name.to_owned(), size, pictures: Vec::new(), pixels, masks: Masks::default(), gallery }
    }

    fn add(&mut self, sample: &Sample, judged: Judged) {
        use crate::collect::PixelTruth;
        let truth = if judged.truth.is_defective() { Truth::Defective } else { Truth::Good };
        match &judged.truth {
            PixelTruth::Good => {}
            PixelTruth::Unknown => self.masks.unknown += 1,
            PixelTruth::AllDefective => self.masks.missing += 1,
            PixelTruth::Mask(_) => self.masks.vanished += u64::from(truth == Truth::Good),
        }
        if let Some(view) = judged.truth.view() {
            // Map and mask have the network's size, and there is no NaN: it was looked at.
            let added = self.pixels.add(&judged.map.data, view, self.size);
            debug_assert_eq!(added, Ok(()));
        }
        self.pictures.push(Picture { path: sample.path.clone(), score: judged.score, truth });
        self.gallery.add(sample, truth, judged);
    }

    /// Of a product of which no picture could be judged all figures are missing.
    fn finish(self) -> Product {
        let Self { name, pictures, pixels, masks, gallery, .. } = self;
        let (scores, truths): (Vec<f32>, Vec<Truth>) =
            pictures.iter().map(|picture| (picture.score, picture.truth)).unzip();
        let pixels = if masks.unknown > 0 { Err(Missing::NoMasks) } else { Ok(pixels.finish()) };
        // As many scores as truths, and all of them finite.
        let ranking = Ranking::new(&scores, &truths).ok();
        let figures = figures_of(ranking.as_ref(), pixels.as_ref().map_err(Clone::clone));
        let auroc_interval = figures.get(Figure::ImageAuroc).as_ref().ok().and_then(|auroc| {
            let ranking = ranking.as_ref()?;
            Some(interval::auroc(*auroc, ranking.good(), ranking.defective(), Confidence::USUAL))
        });
        Product {
            name,
            pictures,
            auroc_interval,
            threshold: ranking.as_ref().and_then(|ranking| f1::f1_max(ranking).ok()).map(|best| best.threshold),
            image_curves: ranking.as_ref().and_then(curves),
            pixel_curves: pixels.ok().and_then(|pixels| curves(&pixels.ranking)),
            figures,
            masks,
            gallery,
        }
    }
}

fn figures_of(ranking: Option<&Ranking>, pixels: Result<&RankedPixels, Missing>) -> Figures {
    let images = || ranking.ok_or(Missing::Absent(crate::metrics::Absent::Empty));
    Figures::of(|figure| {
        Ok(match figure {
            Figure::ImageAuroc => roc::auroc(images()?)?.value,
            Figure::ImageAp => average_precision::average_precision(images()?)?.value,
            Figure::ImageF1max => f1::f1_max(images()?)?.f1.value,
            Figure::PixelAuroc => pixels.clone()?.auroc()?.value,
            Figure::PixelAp => pixels.clone()?.average_precision()?.value,
            Figure::PixelF1max => pixels.clone()?.f1_max()?.f1.value,
            Figure::Aupro => pixels.clone()?.aupro()?.value,
        })
    })
}

fn curves(ranking: &Ranking) -> Option<Curves> {
    let roc = roc::curve(ranking, CURVE_POINTS).ok()?;
    let precision = average_precision::curve(ranking, CURVE_POINTS).ok()?;
    Some(Curves { roc, precision })
}

#[cfg(test)]
pub(crate) mod tests;
