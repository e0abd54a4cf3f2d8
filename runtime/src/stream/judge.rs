//! One picture's way: numbers in, judgement out.

use std::time::Duration;

use moead_model::architecture::ImageSize;

use super::blindness::Blindness;
use crate::engine::{Output, Outputs, Tensor};
use crate::score::regions::{Finder, Rect, Region};
use crate::score::verdict::{Score, Threshold, Verdict};

/// What the network and the threshold say about a picture.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// How unusual it is.
    pub score: Score,
    /// `ok` or `defect`, or why neither.
    pub verdict: Result<Verdict, NoVerdict>,
    /// Where it reaches the threshold, in pixels of the source's frame; empty without a threshold.
    pub regions: Vec<Region>,
    /// 1 x 1 x H x W, for those who draw or keep it.
    pub map: Tensor,
}

/// Why a picture that the network answered has no verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoVerdict {
    /// Nothing says from which score on a picture is defective.
    #[error("no threshold")]
    NoThreshold,
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
}

/// What a session must be loaded with.
pub const OUTPUTS: [Output; 2] = [Output::PredScore, Output::AnomalyMap];

/// Judges one engine's answers.
#[derive(Debug)]
pub struct Judge {
    network: ImageSize,
    threshold: Option<Threshold>,
    finder: Finder,
}

impl Judge {
    /// For a network of that input size, which is its maps' size.
    pub fn new(network: ImageSize, threshold: Option<Threshold>) -> Self {
        Self { network, threshold, finder: Finder::default() }
    }

    /// Judges an answer about the part `seen` of a frame. `regions` is memory for the regions.
    ///
    /// # Errors
    /// [`AnswerError`]
    pub fn judge(
        &mut self,
        mut outputs: Outputs,
        seen: Rect,
        blindness: Option<Blindness>,
        mut regions: Vec<Region>,
    ) -> Result<Judgement, AnswerError> {
        let score = Score(take(&mut outputs, Output::PredScore)?.data[0]);
        let map = take(&mut outputs, Output::AnomalyMap)?;
        if map.data.len() != self.network.height * self.network.width {
            return Err(AnswerError::Missing(Output::AnomalyMap.name()));
        }
        regions.clear();
        if let Some(threshold) = self.threshold {
            let size = ImageSize { height: seen.height, width: seen.width };
            self.finder.find_into(&map.data, self.network, threshold, size, &mut regions);
            for Region { bounds, .. } in &mut regions {
                bounds.x += seen.x;
                bounds.y += seen.y;
            }
        }
        let verdict = match (blindness, self.threshold) {
            (Some(blindness), _) => Err(NoVerdict::Blind(blindness)),
            (None, None) => Err(NoVerdict::NoThreshold),
            (None, Some(threshold)) => {
                let verdict = Verdict::of(score, threshold);
                Ok(verdict.ok_or(AnswerError::NotFinite { output: Output::PredScore.name(), count: 1, all: 1 })?)
            }
        };
        Ok(Judgement { score, verdict, regions, map })
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
    use super::*;

    const SIZE: ImageSize = ImageSize { height: 2, width: 2 };

    fn answer(score: f32) -> Outputs {
        Outputs::new(vec![
            (Output::PredScore, Tensor { shape: vec![1], data: vec![score] }),
            (Output::AnomalyMap, Tensor { shape: vec![1, 1, 2, 2], data: vec![0.0, 1.0, 2.0, score] }),
        ])
    }

    const SEEN: Rect = Rect { x: 10, y: 20, width: 4, height: 4 };

    fn judge(outputs: Outputs, threshold: f32) -> Result<Judgement, AnswerError> {
        Judge::new(SIZE, Threshold::new(threshold).ok()).judge(outputs, SEEN, None, Vec::new())
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
        let judgement = Judge::new(SIZE, Threshold::new(9.0).ok())
            .judge(answer(3.0), SEEN, Some(Blindness::Dark), Vec::new())
            .unwrap();
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
}
