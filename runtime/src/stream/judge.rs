//! One picture's way: numbers in, judgement out.

use std::sync::Arc;
use std::time::Duration;

use moead_model::architecture::ImageSize;

use super::blindness::Blindness;
use super::drift::{Drift, DriftWatch};
use crate::engine::{Output, Outputs, Tensor};
use crate::score::regions::{Finder, Rect, Region};
use crate::score::severity::Severity;
use crate::score::standards::{Standard, Standards};
use crate::score::verdict::{Score, Verdict};

/// What the network says about a picture, held against a standard.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// How unusual it is.
    pub score: Score,
    /// The same on a scale for all products. None without a calibration, and for pictures of an unknown product.
    pub severity: Option<Severity>,
    /// `ok` or `defect`, or why neither.
    pub verdict: Result<Verdict, NoVerdict>,
    /// Where it reaches the calibration's threshold for regions, or else the score's, in pixels of the source's frame; empty without one.
    pub regions: Vec<Region>,
    /// What the latest pictures show together, where that is watched and there are enough of them.
    pub drift: Option<Drift>,
    /// 1 x 1 x H x W, for those who draw or keep it.
    pub map: Tensor,
}

/// Why a picture that the network answered has no verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoVerdict {
    /// Nothing says from which score on a picture is defective.
    #[error("no threshold")]
    NoThreshold,
    /// It is far from all products of the calibration.
    #[error("unknown-product")]
    UnknownProduct,
    /// The camera shows nothing.
    #[error("{0}")]
    Blind(Blindness),
}

/// An answer that no verdict may rest on: the engine is at fault, not the picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// The network did not give what was asked for.
    #[error("the engine's answer lacks the output {0}")]
    Missing(&'static str),
    /// Numbers that nothing can be compared with. A picture whose map has a hole is not judged by the rest of it.
    #[error("the engine's answer is broken: {count} of {all} values of {output} are not finite numbers")]
    NotFinite {
        /// The output's name.
        output: &'static str,
        /// How many are infinite or not numbers.
        count: usize,
        /// How many there are.
        all: usize,
    },
    /// Another number of values than the calibration knows.
    #[error("the engine's answer is broken: expected {expected} values of {output}, found {found}")]
    Length {
        /// The output's name.
        output: &'static str,
        /// As in the calibration.
        expected: usize,
        /// In the answer.
        found: usize,
    },
}

/// What a session must be loaded with to be judged by these standards.
pub fn outputs(standards: &Standards) -> Vec<Output> {
    Output::JUDGED.into_iter().chain(standards.needs_embedding().then_some(Output::Embedding)).collect()
}

/// What is known of a picture beside the network's answer.
#[derive(Debug, Clone, Copy)]
pub struct Sight {
    /// Index of the source.
    pub source: usize,
    /// The part of the frame that the network saw.
    pub region: Rect,
    /// Why the camera shows nothing.
    pub blindness: Option<Blindness>,
}

/// Judges one engine's answers.
#[derive(Debug)]
pub struct Judge {
    network: ImageSize,
    standards: Arc<Standards>,
    /// Numbers of the embedding that must come with each answer, if one must.
    features: Option<usize>,
    finder: Finder,
    drift: DriftWatch,
}

impl Judge {
    /// For a network of that input size, which is its maps' size.
    pub fn new(network: ImageSize, standards: Arc<Standards>) -> Self {
        let features = standards.features().filter(|_| standards.needs_embedding());
        Self { network, standards, features, finder: Finder::default(), drift: DriftWatch::default() }
    }

    /// What a source's pictures are held against, as far as that does not depend on the picture.
    pub fn expected(&self, source: usize) -> Standard {
        self.standards.expected(source)
    }

    /// Judges an answer, and says what it was held against. `regions` is memory for the regions.
    ///
    /// # Errors
    /// [`AnswerError`]
    pub fn judge(
        &mut self,
        mut outputs: Outputs,
        sight: Sight,
        mut regions: Vec<Region>,
    ) -> Result<(Standard, Judgement), AnswerError> {
        let Sight { source, region, blindness } = sight;
        let score = Score(take(&mut outputs, Output::PredScore)?.data[0]);
        let map = take(&mut outputs, Output::AnomalyMap)?;
        if map.data.len() != self.network.height * self.network.width {
            return Err(AnswerError::Missing(Output::AnomalyMap.name()));
        }
        let embedding = self.embedding(&mut outputs)?;
        let choice = self.standards.choose(source, &embedding);
        let standard = self.standards.standard(choice);
        regions.clear();
        if let Some(threshold) = standard.regions_from {
            let size = ImageSize { height: region.height, width: region.width };
            self.finder.find_into(&map.data, self.network, threshold, size, &mut regions);
            for Region { bounds, .. } in &mut regions {
                bounds.x += region.x;
                bounds.y += region.y;
            }
        }
        let verdict = match (blindness, standard.threshold) {
            (Some(blindness), _) => Err(NoVerdict::Blind(blindness)),
            (None, None) if choice.is_unknown() => Err(NoVerdict::UnknownProduct),
            (None, None) => Err(NoVerdict::NoThreshold),
            (None, Some(threshold)) => {
                let verdict = Verdict::of(score, threshold);
                Ok(verdict.ok_or(AnswerError::NotFinite { output: Output::PredScore.name(), count: 1, all: 1 })?)
            }
        };
        // What a blind camera shows is told already, and says nothing about slow changes.
        let watched = self.standards.watched(choice).filter(|_| blindness.is_none());
        let drift = watched.and_then(|watched| self.drift.add(source, watched, &embedding));
        let severity = self.standards.severity(choice, score);
        Ok((standard, Judgement { score, severity, verdict, regions, drift, map }))
    }

    /// The picture's embedding; empty where nobody needs it.
    fn embedding(&self, outputs: &mut Outputs) -> Result<Vec<f32>, AnswerError> {
        let Some(expected) = self.features else { return Ok(Vec::new()) };
        let Tensor { data, .. } = take(outputs, Output::Embedding)?;
        match data.len() {
            found if found == expected => Ok(data),
            found => Err(AnswerError::Length { output: Output::Embedding.name(), expected, found }),
        }
    }
}

/// An output, whole and of finite numbers.
fn take(outputs: &mut Outputs, output: Output) -> Result<Tensor, AnswerError> {
    let tensor = outputs.take(output).filter(|tensor| !tensor.data.is_empty());
    let tensor = tensor.ok_or(AnswerError::Missing(output.name()))?;
    let all = tensor.data.len();
    match tensor.data.iter().filter(|value| !value.is_finite()).count() {
        0 => Ok(tensor),
        count => Err(AnswerError::NotFinite { output: output.name(), count, all }),
    }
}

/// How long each part of the way took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Latency {
    /// From the moment the frame was captured (a file: was about to be opened) to its result.
    pub age: Duration,
    /// Decoding, resizing, normalising.
    pub preprocess: Duration,
    /// The engine.
    pub inference: Duration,
    /// Verdict and regions.
    pub postprocess: Duration,
}

#[cfg(test)]
mod tests {
    use moead_model::calibration::Calibration;

    use super::*;
    use crate::score::verdict::Threshold;

    const SIZE: ImageSize = ImageSize { height: 2, width: 2 };

    fn answer(score: f32) -> Outputs {
        Outputs::new(vec![
            (Output::PredScore, Tensor { shape: vec![1], data: vec![score] }),
            (Output::AnomalyMap, Tensor { shape: vec![1, 1, 2, 2], data: vec![0.0, 1.0, 2.0, score] }),
        ])
    }

    const SEEN: Rect = Rect { x: 10, y: 20, width: 4, height: 4 };

    fn sight(blindness: Option<Blindness>) -> Sight {
        Sight { source: 0, region: SEEN, blindness }
    }

    fn judge(outputs: Outputs, threshold: f32) -> Result<Judgement, AnswerError> {
        let standards = Arc::new(Standards::from(Threshold::new(threshold).ok()));
        let judged = Judge::new(SIZE, standards).judge(outputs, sight(None), Vec::new());
        judged.map(|(_, judgement)| judgement)
    }

    #[test]
    fn without_a_threshold_there_is_no_verdict_and_no_region() {
        let judgement = judge(answer(3.0), 0.0).unwrap();
        assert_eq!((judgement.score, judgement.regions.len()), (Score(3.0), 0));
        assert_eq!(judgement.verdict, Err(NoVerdict::NoThreshold));
    }

    #[test]
    fn an_answer_that_is_no_number_is_an_error_wherever_it_lies() {
        for broken in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let error = judge(answer(broken), 1.0).unwrap_err();
            assert_eq!(error, AnswerError::NotFinite { output: "pred_score", count: 1, all: 1 });
            let map = Tensor { shape: vec![1, 1, 2, 2], data: vec![0.0, broken, 2.0, broken] };
            let score = Tensor { shape: vec![1], data: vec![0.5] };
            let outputs = Outputs::new(vec![(Output::PredScore, score), (Output::AnomalyMap, map)]);
            let error = judge(outputs, 1.0).unwrap_err().to_string();
            assert_eq!(error, "the engine's answer is broken: 2 of 4 values of anomaly_map are not finite numbers");
        }
    }

    #[test]
    fn a_camera_that_shows_nothing_is_never_ok() {
        let mut judge = Judge::new(SIZE, Arc::new(Threshold::new(9.0).ok().into()));
        let (_, judgement) = judge.judge(answer(3.0), sight(Some(Blindness::Dark)), Vec::new()).unwrap();
        assert_eq!(judgement.verdict, Err(NoVerdict::Blind(Blindness::Dark)));
    }

    #[test]
    fn regions_are_in_pixels_of_the_whole_frame() {
        let judgement = judge(answer(3.0), 3.0).unwrap();
        assert_eq!(judgement.regions[0].bounds, Rect { x: 12, y: 22, width: 2, height: 2 });
    }

    #[test]
    fn an_answer_without_the_score_is_an_error() {
        let empty = Tensor { shape: vec![0], data: Vec::new() };
        let outputs = Outputs::new(vec![(Output::PredScore, empty)]);
        assert_eq!(judge(outputs, 1.0).unwrap_err(), AnswerError::Missing("pred_score"));
        assert_eq!(judge(Outputs::new(Vec::new()), 1.0).unwrap_err(), AnswerError::Missing("pred_score"));
    }

    /// A bolt at 10 with a threshold of 2 for scores and 3 for regions, and windows of two pictures.
    fn calibrated() -> Judge {
        let calibration = serde_json::json!({
            "images": 300, "created": "2026-01-02T03:04:05Z", "target": {"false_alarms": 0.01, "confidence": 0.95},
            "products": {"bolt": {
                "threshold": 2.0, "pixel_threshold": 3.0, "score": {"median": 1.0, "mad": 0.1},
                "embedding": {"mean": [10.0], "std": [1.0], "refusal": 2.0}, "drift": {"window": 2, "limit": 0.5}}}
        });
        let calibration = Calibration::parse(&calibration).unwrap();
        Judge::new(SIZE, Arc::new(Standards::calibrated(&calibration, 1, None, &[None]).unwrap()))
    }

    fn answer_with(score: f32, embedding: &[f32]) -> Outputs {
        let data = embedding.to_vec();
        Outputs::new(vec![
            (Output::PredScore, Tensor { shape: vec![1], data: vec![score] }),
            (Output::Embedding, Tensor { shape: vec![1, data.len()], data }),
            (Output::AnomalyMap, Tensor { shape: vec![1, 1, 2, 2], data: vec![0.0, 1.0, 2.5, score] }),
        ])
    }

    #[test]
    fn a_calibrated_picture_has_a_product_a_severity_and_regions_of_their_own_threshold() {
        let mut judge = calibrated();
        let mut told = |score: f32, at: f32, blindness| {
            let (standard, judgement) = judge.judge(answer_with(score, &[at]), sight(blindness), Vec::new()).unwrap();
            let severity = judgement.severity.map(|Severity(value)| value);
            let drift = judgement.drift.map(|drift| drift.measure);
            (standard.product, severity, judgement.verdict, judgement.regions.len(), drift)
        };
        let bolt = || Some(Arc::from("bolt"));
        assert_eq!(told(1.5, 10.5, None), (bolt(), Some(0.5), Ok(Verdict::Ok), 0, None));
        // Blind frames count for nothing.
        let blind = Err(NoVerdict::Blind(Blindness::Frozen));
        assert_eq!(told(1.5, 10.5, Some(Blindness::Frozen)), (bolt(), Some(0.5), blind, 0, None));
        assert_eq!(told(4.0, 11.5, None), (bolt(), Some(3.0), Ok(Verdict::Defect), 1, Some(2.0)));
        // What shows no product counts for the nearest, or a camera that is changed altogether would never be noticed.
        assert_eq!(told(4.0, 20.5, None), (None, None, Err(NoVerdict::UnknownProduct), 0, Some(12.0)));
    }

    #[test]
    fn an_embedding_that_is_none_is_an_error() {
        let mut judge = calibrated();
        let mut error = |outputs| judge.judge(outputs, sight(None), Vec::new()).unwrap_err();
        assert_eq!(error(answer(1.0)), AnswerError::Missing("embedding"));
        assert_eq!(
            error(answer_with(1.0, &[f32::NAN])),
            AnswerError::NotFinite { output: "embedding", count: 1, all: 1 }
        );
        let error = error(answer_with(1.0, &[1.0, 2.0]));
        assert_eq!(error.to_string(), "the engine's answer is broken: expected 1 values of embedding, found 2");
    }

    #[test]
    fn the_network_tells_its_embedding_when_somebody_needs_it() {
        assert_eq!(outputs(&Standards::from(None)), Output::JUDGED);
        assert_eq!(outputs(&calibrated().standards), [Output::PredScore, Output::AnomalyMap, Output::Embedding]);
    }
}
