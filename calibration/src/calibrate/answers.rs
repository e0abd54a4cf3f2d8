//! What a model says about the pictures of a calibration.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use moead_model::architecture::ImageSize;
use moead_model::manifest::Input;
use moead_runtime::engine::Output;
use moead_runtime::engine::crew::Crew;

use super::copies::Copies;
use super::pictures::{Pictures, ProductName, Samples};
use crate::collect::{self, Allowance, CollectError, Event, Judged};
use crate::dataset::{Sample, Truth};
use crate::evaluation::gallery::Gallery;
use crate::metrics::ranking;
use crate::threshold::pixel::MapRegions;

/// What an engine must be loaded with.
pub const OUTPUTS: [Output; 3] = [Output::PredScore, Output::AnomalyMap, Output::Embedding];

/// The answers about one product's pictures.
#[derive(Debug, Clone, PartialEq)]
pub struct Answers {
    /// In the order of the pictures.
    pub good: Vec<GoodAnswer>,
    /// In the order of the pictures: file and score.
    pub defective: Vec<(PathBuf, f32)>,
    /// The good ones of the highest scores, and the defective ones of the lowest.
    pub gallery: Gallery,
    /// Pictures that the model was not asked about.
    pub copies: Copies,
}

/// The answer about a good picture: about 150 bytes and four for each feature.
#[derive(Debug, Clone, PartialEq)]
pub struct GoodAnswer {
    /// The file.
    pub path: PathBuf,
    /// `pred_score`; finite.
    pub score: f32,
    /// Of the map.
    pub regions: MapRegions,
    /// C features; not looked at here.
    pub embedding: Vec<f32>,
}

impl Answers {
    fn new(size: ImageSize, copies: Copies) -> Self {
        Self { good: Vec::new(), defective: Vec::new(), gallery: Gallery::new(size), copies }
    }

    fn add(&mut self, sample: &Sample, mut judged: Judged) {
        let truth = match sample.truth {
            Truth::Good => {
                // Map and size are the engine's, and there is no NaN: it was looked at.
                let regions = MapRegions::of(&judged.map.data, self.gallery.size);
                debug_assert!(regions.is_ok(), "{regions:?}");
                let embedding = judged.others.take(Output::Embedding).map(|tensor| tensor.data).unwrap_or_default();
                let (path, score) = (sample.path.clone(), judged.score);
                self.good.extend(regions.map(|regions| GoodAnswer { path, score, regions, embedding }));
                ranking::Truth::Good
            }
            Truth::Defective { .. } => {
                self.defective.push((sample.path.clone(), judged.score));
                ranking::Truth::Defective
            }
        };
        self.gallery.add(sample, truth, judged);
    }
}

/// All products' answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgements {
    /// Every product of the pictures, even if none of its pictures could be judged.
    pub products: BTreeMap<ProductName, Answers>,
    /// Pictures without an answer, with the cause.
    pub unjudged: Vec<(PathBuf, String)>,
}

/// Judges all pictures.
///
/// * `crew`: loaded with [`OUTPUTS`]; `input`: of the same model.
/// * `most_unjudged`: more pictures without an answer end the run.
/// * `told`: is called after each picture; with the cause when it could not be judged.
///
/// # Errors
/// [`CollectError`]
pub fn judge(
    crew: &mut Crew,
    input: &Input,
    pictures: &Pictures,
    most_unjudged: usize,
    mut told: impl FnMut(Option<(&Path, &str)>),
) -> Result<Judgements, CollectError> {
    let (names, samples): (Vec<_>, Vec<_>) =
        pictures.samples().map(|(name, sample)| (name, without_mask(sample))).unzip();
    let product =
        |(name, samples): (&ProductName, &Samples)| (name.clone(), Answers::new(input.size(), samples.copies));
    let products = pictures.products.iter().map(product);
    let mut judgements = Judgements { products: products.collect(), unjudged: Vec::new() };
    collect::collect(crew, input, &samples, &mut Allowance::new(most_unjudged), |event| {
        match event {
            Event::Judged(judged) => {
                let (name, sample) = (names[judged.sample], &samples[judged.sample]);
                if let Some(answers) = judgements.products.get_mut(name) {
                    answers.add(sample, judged);
                }
                told(None);
            }
            Event::Unjudged { path, cause } => {
                let cause = cause.to_string();
                told(Some((path, &cause)));
                judgements.unjudged.push((path.to_owned(), cause));
            }
        }
        ControlFlow::Continue(())
    })?;
    Ok(judgements)
}

/// Where a defect is does not matter here, and a broken mask is no reason to do without its picture.
fn without_mask(sample: &Sample) -> Sample {
    let mut sample = sample.clone();
    if let Truth::Defective { mask, .. } = &mut sample.truth {
        *mask = crate::dataset::MaskSource::None;
    }
    sample
}
