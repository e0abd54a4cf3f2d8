//! Thresholds and statistics of one product.

use std::fmt;
use std::path::PathBuf;

use moead_model::calibration as stored;

use super::answers::{Answers, GoodAnswer};
use crate::drift::{self, Order};
use crate::metrics::Absent;
use crate::metrics::ranking::{Ranking, Truth};
use crate::outliers::{self, Standing, Suspect};
use crate::products::{self, EmbeddingError};
use crate::threshold::good_scores::{GoodScores, GoodScoresError};
use crate::threshold::pixel::{self, MapRegions, PixelThresholdError};
use crate::threshold::with_defects::{self, Chosen, ErrorRate, Wish};
use crate::threshold::{self, Method, Promised, Rate, Target, ThresholdError};

/// Good pictures that are looked at again, at least.
pub const SUSPECTS: usize = 6;
/// Windows of good pictures whose drift is called one: a window is new every `window` pictures.
const DRIFT_ALARMS: f64 = 0.001;
/// Most pictures of a drift window: at 30 pictures a second, two seconds.
const DRIFT_WINDOW: usize = 64;
/// Pictures of the calibration for each picture of a window, at least.
const PICTURES_PER_WINDOW: usize = 4;
/// Windows are drawn the same way on every machine.
const SEED: u64 = 1;
/// Shares of good pictures whose scores are written down.
const QUANTILES: [f64; 9] = [0.0, 0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0];

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wishes {
    /// What is to be promised about good pictures.
    pub target: Target,
    /// How the threshold is chosen where there are defective pictures.
    pub with_defects: Wish,
    /// Whether outliers among the good pictures are left out.
    pub exclude_outliers: bool,
    /// How the good pictures follow each other.
    pub order: Order,
}

/// What the threshold of scores rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Basis {
    /// Good pictures alone.
    Promised(Promised),
    /// Good and defective ones.
    Chosen(Chosen),
}

/// A product's calibration, and what people should know about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// For the model file. Without what was vetoed.
    pub product: stored::Product,
    /// Where its threshold comes from.
    pub basis: Basis,
    /// Good pictures of the highest scores, highest first: outliers, and at least so many that there are [`SUSPECTS`].
    pub suspects: Vec<(PathBuf, Suspect)>,
    /// What it does without.
    pub missing: Vec<Missing>,
}

/// Something that a calibration does without.
#[derive(Debug, Clone, PartialEq)]
pub enum Missing {
    /// No threshold for regions: they begin at the score's.
    PixelThreshold(PixelThresholdError),
    /// It is not recognised, and drift is not watched.
    Embedding(EmbeddingError),
    /// Drift is not watched.
    Drift(EmbeddingError),
    /// No use: the threshold lies at or below the median of good pictures.
    Separation {
        /// From here on defective.
        threshold: f32,
        /// Of good pictures.
        median: f64,
    },
    /// No scale for severities: nothing lies between the median of good pictures and the threshold.
    Severity {
        /// From here on defective.
        threshold: f32,
        /// Of good pictures.
        median: f64,
    },
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PixelThreshold(cause) => {
                write!(f, "no threshold for regions, which then begin at the score's: {cause}")
            }
            Self::Embedding(cause) => {
                write!(f, "no statistics of embeddings, by which products are recognised and drift is watched: {cause}")
            }
            Self::Drift(cause) => write!(f, "its drift is not watched: {cause}"),
            Self::Separation { threshold, median } => write!(
                f,
                "half of the good pictures are called defective: the threshold {threshold} lies below their median {median:.4}; \
                 this model does not tell these defects from good pictures"
            ),
            Self::Severity { threshold, median } => write!(
                f,
                "no scale for severities: the threshold {threshold} stands right above the median of good pictures, {median:.4}; \
                 half of them, or more, have the same score"
            ),
        }
    }
}

/// Why a product has no calibration.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProductError {
    /// No picture has an answer.
    #[error(transparent)]
    Scores(#[from] GoodScoresError),
    /// Nothing can be promised.
    #[error(transparent)]
    Threshold(#[from] ThresholdError),
    /// Defective pictures were wished for, and none has an answer.
    #[error("{0}")]
    Defects(Absent),
    /// Of a model that answers nothing.
    #[error("threshold: expected a number above 0, found {0}: the model answers nothing to these pictures")]
    NotPositive(f32),
}

/// Fits a product's thresholds and statistics.
///
/// * `vetoed`: files that were left out before, to be recorded.
///
/// # Errors
/// [`ProductError`]
pub fn fit(answers: &Answers, vetoed: &[PathBuf], wishes: &Wishes) -> Result<Fitted, ProductError> {
    let all: Vec<f32> = answers.good.iter().map(|answer| answer.score).collect();
    let level = Rate::new(outliers::USUAL_LEVEL).expect("lies between 0 and 1");
    let suspects = outliers::suspects(&all, level, SUSPECTS)?;
    let is_out = |at: usize| {
        let is_outlier = |suspect: &Suspect| suspect.index == at && suspect.standing == Standing::Outlier;
        wishes.exclude_outliers && suspects.iter().any(is_outlier)
    };
    let (out, good): (Vec<_>, Vec<_>) = answers.good.iter().enumerate().partition(|(at, _)| is_out(*at));
    let good: Vec<&GoodAnswer> = good.into_iter().map(|(_, answer)| answer).collect();
    let path = |path: &PathBuf| path.display().to_string();
    let excluded = vetoed.iter().map(path).chain(out.into_iter().map(|(_, answer)| path(&answer.path)));
    let scores: Vec<f32> = good.iter().map(|answer| answer.score).collect();
    let basis = basis(&scores, answers, wishes)?;
    let scores = GoodScores::new(&scores)?;
    let mut missing = Vec::new();
    let mut product = stored::Product {
        images: scores.count(),
        threshold: basis.threshold(),
        method: Some(basis.method(wishes.with_defects).to_owned()),
        pixel_threshold: None,
        score: scale(&scores),
        embedding: None,
        drift: None,
        defects: basis.defects(wishes.with_defects),
        excluded: excluded.collect(),
        extra: serde_json::Map::default(),
    };
    if product.threshold <= 0.0 {
        return Err(ProductError::NotPositive(product.threshold));
    }
    let (threshold, median) = (product.threshold, product.score.median);
    if f64::from(threshold) <= median {
        missing.push(Missing::Separation { threshold, median });
    } else if f64::from(threshold.next_down()) <= median {
        missing.push(Missing::Severity { threshold, median });
    }
    let maps: Vec<MapRegions> = good.iter().map(|answer| answer.regions.clone()).collect();
    match pixel::fit(&maps, wishes.target) {
        Ok(found) if found.promised.threshold > 0.0 => product.pixel_threshold = Some(found.promised.threshold),
        // Maps whose largest values are 0: any region is one too many, wherever it begins.
        Ok(_) => {}
        Err(cause) => missing.push(Missing::PixelThreshold(cause)),
    }
    let embeddings: Vec<Vec<f32>> = good.iter().map(|answer| answer.embedding.clone()).collect();
    match products::fit(&embeddings, wishes.target.false_alarms) {
        Ok(embedding) => {
            match watch(&embeddings, &embedding, wishes.order) {
                Ok(drift) => product.drift = Some(drift),
                Err(cause) => missing.push(Missing::Drift(cause)),
            }
            product.embedding = Some(embedding);
        }
        Err(cause) => missing.push(Missing::Embedding(cause)),
    }
    let suspects = suspects.into_iter().map(|suspect| (answers.good[suspect.index].path.clone(), suspect));
    Ok(Fitted { product, basis, suspects: suspects.collect(), missing })
}

fn basis(scores: &[f32], answers: &Answers, wishes: &Wishes) -> Result<Basis, ProductError> {
    if answers.defective.is_empty() {
        return Ok(Basis::Promised(threshold::fit(&GoodScores::new(scores)?, wishes.target)?));
    }
    let defective = answers.defective.iter().map(|(_, score)| *score);
    let all: Vec<f32> = scores.iter().copied().chain(defective).collect();
    let truths: Vec<_> =
        (0..all.len()).map(|at| if at < scores.len() { Truth::Good } else { Truth::Defective }).collect();
    // As many truths as scores, and no NaN among the engine's answers: they were looked at.
    let ranking = Ranking::new(&all, &truths).map_err(|_| ProductError::Defects(Absent::Empty))?;
    let chosen = with_defects::choose(&ranking, wishes.with_defects, wishes.target.confidence);
    chosen.map(Basis::Chosen).map_err(ProductError::Defects)
}

impl Basis {
    fn threshold(&self) -> f32 {
        match self {
            Self::Promised(promised) => promised.threshold,
            Self::Chosen(chosen) => chosen.threshold,
        }
    }

    /// As in the model file.
    fn method(&self, wish: Wish) -> &'static str {
        match (self, wish) {
            (Self::Promised(Promised { method: Method::OrderStatistic { .. }, .. }), _) => "order-statistic",
            (Self::Promised(Promised { method: Method::Tail { .. }, .. }), _) => "tail",
            (Self::Chosen(_), Wish::BestF1) => "f1",
            (Self::Chosen(_), Wish::Recall(_)) => "recall",
        }
    }

    fn defects(&self, wish: Wish) -> Option<stored::Defects> {
        let Self::Chosen(Chosen { false_alarms, misses, .. }) = self else { return None };
        let rate = |rate: &ErrorRate| stored::ErrorRate {
            errors: rate.errors,
            images: rate.images,
            low: rate.interval.low,
            high: rate.interval.high,
        };
        let recall = match wish {
            Wish::BestF1 => None,
            Wish::Recall(recall) => Some(recall.value()),
        };
        let (false_alarms, misses) = (rate(false_alarms), rate(misses));
        Some(stored::Defects { recall, false_alarms, misses, extra: serde_json::Map::default() })
    }
}

fn scale(scores: &GoodScores) -> stored::ScoreScale {
    let quantiles = QUANTILES.iter().map(|share| (share.to_string(), scores.quantile(*share)));
    stored::ScoreScale {
        median: scores.median(),
        mad: scores.median_deviation(),
        quantiles: quantiles.collect(),
        extra: serde_json::Map::default(),
    }
}

fn watch(embeddings: &[Vec<f32>], product: &stored::Embedding, order: Order) -> Result<stored::Drift, EmbeddingError> {
    let window = (embeddings.len() / PICTURES_PER_WINDOW).clamp(1, DRIFT_WINDOW);
    let alarms = Rate::new(DRIFT_ALARMS).expect("lies between 0 and 1");
    let limit = drift::limit(embeddings, product, window, order, alarms, SEED)?;
    Ok(stored::Drift { window, limit, extra: serde_json::Map::default() })
}

#[cfg(test)]
mod tests {
    use moead_model::architecture::ImageSize;
    use rand::SeedableRng;
    use rand_distr::{Distribution, Normal};
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;
    use crate::calibrate::copies::Copies;
    use crate::evaluation::gallery::Gallery;

    const SIZE: ImageSize = ImageSize { height: 1, width: 3 };

    /// Answers of normal scores, maps with that score as their peak, and normal embeddings.
    fn answers(good: usize, defective: &[f32]) -> Answers {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(5);
        let normal = Normal::new(10.0_f64, 1.0).unwrap();
        let mut draw = || normal.sample(&mut random) as f32;
        let answer = |at| {
            let score = draw();
            GoodAnswer {
                path: format!("good/{at:03}.png").into(),
                score,
                regions: MapRegions::of(&[0.0, score + 1.0, 0.0], SIZE).unwrap(),
                embedding: (0..20).map(|_| draw()).collect(),
            }
        };
        Answers {
            good: (0..good).map(answer).collect(),
            defective: defective.iter().map(|score| ("bad.png".into(), *score)).collect(),
            gallery: Gallery::new(SIZE),
            copies: Copies::default(),
        }
    }

    fn wishes() -> Wishes {
        Wishes { target: Target::USUAL, with_defects: Wish::BestF1, exclude_outliers: false, order: Order::Collection }
    }

    #[test]
    fn good_pictures_alone_give_all_that_a_camera_needs() {
        let found = fit(&answers(400, &[]), &["vetoed.png".into()], &wishes()).unwrap();
        let product = &found.product;
        assert_eq!((product.images, product.method.as_deref()), (400, Some("order-statistic")));
        assert_eq!(product.excluded, ["vetoed.png"]);
        // The largest of 400 normal scores; of the maps, one more.
        assert!((12.0..14.5).contains(&product.threshold), "{}", product.threshold);
        let pixel = product.pixel_threshold.unwrap();
        assert!((pixel - product.threshold - 1.0).abs() < 1e-4, "{pixel}");
        assert!(
            (product.score.median - 10.0).abs() < 0.2 && (product.score.mad - 0.67).abs() < 0.1,
            "{:?}",
            product.score
        );
        assert_eq!(product.score.quantiles["0.5"], product.score.median);
        assert_eq!(product.drift.as_ref().map(|drift| drift.window), Some(64));
        assert_eq!((found.missing, found.suspects.len()), (vec![], SUSPECTS));
        // What is written can be read.
        let target = moead_model::calibration::Target {
            false_alarms: 0.01,
            confidence: 0.95,
            extra: serde_json::Map::default(),
        };
        let run = crate::calibrate::merge::Run {
            products: [(None, found.product)].into(),
            target,
            created: String::new(),
            created_by: String::new(),
            engine: String::new(),
            precision: String::new(),
        };
        let calibration = run.alone();
        let text = calibration.to_value().to_string();
        let again = stored::Calibration::parse(&serde_json::from_str(&text).unwrap()).unwrap();
        assert_eq!(again, calibration);
    }

    #[test]
    fn an_outlier_is_left_out_on_request_and_recorded() {
        let mut answers = answers(400, &[]);
        answers.good[17].score = 40.0;
        let ruined = fit(&answers, &[], &wishes()).unwrap();
        assert_eq!(ruined.suspects[0].0, PathBuf::from("good/017.png"));
        assert_eq!((ruined.suspects[0].1.standing, ruined.product.threshold), (Standing::Outlier, 40.0_f32.next_up()));
        let kept = fit(&answers, &[], &Wishes { exclude_outliers: true, ..wishes() }).unwrap();
        assert_eq!((kept.product.excluded.as_slice(), kept.product.images), (&["good/017.png".to_owned()][..], 399));
        assert!(kept.product.threshold < 15.0);
        // They are still shown.
        assert_eq!(kept.suspects, ruined.suspects);
    }

    #[test]
    fn with_defects_few_good_pictures_are_enough_for_a_threshold_and_not_for_the_rest() {
        let found = fit(&answers(30, &[20.0, 21.0, 22.0]), &[], &wishes()).unwrap();
        assert_eq!(found.product.method.as_deref(), Some("f1"));
        assert!((12.0..20.0).contains(&found.product.threshold), "{}", found.product.threshold);
        let defects = found.product.defects.unwrap();
        assert_eq!((defects.misses.errors, defects.misses.images, defects.false_alarms.images), (0, 3, 30));
        let missing: Vec<_> = found.missing.iter().map(ToString::to_string).collect();
        assert_eq!(missing.len(), 2, "{missing:?}");
        insta::assert_snapshot!(missing[0], @"no threshold for regions, which then begin at the score's: 30 good images cannot promise 0.01 false alarms at a confidence of 0.95: expected at least 100 (extrapolated), or 299 without any assumption");
        assert!(
            missing[1]
                .starts_with("no statistics of embeddings, by which products are recognised and drift is watched: "),
            "{missing:?}"
        );
    }

    #[test]
    fn scores_that_are_all_the_same_have_no_scale() {
        let mut answers = answers(400, &[]);
        for answer in &mut answers.good {
            answer.score = 5.0;
        }
        let missing = fit(&answers, &[], &wishes()).unwrap().missing;
        let expected = "no scale for severities: the threshold 5.0000005 stands right above the median of good pictures, 5.0000; half of them, or more, have the same score";
        assert_eq!(missing.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
    }

    #[test]
    fn a_model_that_answers_nothing_gets_no_threshold() {
        let mut answers = answers(400, &[]);
        for answer in &mut answers.good {
            answer.score = -1.0;
        }
        let error = fit(&answers, &[], &wishes()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "threshold: expected a number above 0, found -0.99999994: the model answers nothing to these pictures"
        );
        let mut few = answers;
        few.good.truncate(20);
        assert!(matches!(fit(&few, &[], &wishes()), Err(ProductError::Threshold(ThresholdError::TooFew { .. }))));
    }
}
