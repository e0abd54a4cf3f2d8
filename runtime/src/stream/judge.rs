//! One picture's way: numbers in, judgement out.

use std::time::Duration;

use moead_model::architecture::ImageSize;

use crate::engine::{Output, Outputs, Tensor};
use crate::score::regions::{self, Region};
use crate::score::verdict::{Score, Threshold, Verdict};

/// What the network and the threshold say about a picture.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// How unusual it is.
    pub score: Score,
    /// None without a threshold, or when the score is no number.
    pub verdict: Option<Verdict>,
    /// Where it reaches the threshold; empty without one.
    pub regions: Vec<Region>,
    /// 1 x 1 x H x W, for those who draw or keep it.
    pub map: Tensor,
}

/// The network did not give what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the engine's answer lacks the output {0}")]
pub struct MissingOutput(pub &'static str);

/// What a session must be loaded with.
pub const OUTPUTS: [Output; 2] = [Output::PredScore, Output::AnomalyMap];

/// Judges an engine's answer. `network` is the map's size, `source` the picture's.
///
/// # Errors
/// [`MissingOutput`]
pub fn judge(
    mut outputs: Outputs,
    network: ImageSize,
    source: ImageSize,
    threshold: Option<Threshold>,
) -> Result<Judgement, MissingOutput> {
    let mut take = |output: Output| outputs.take(output).ok_or(MissingOutput(output.name()));
    let score = take(Output::PredScore)?.data.first().copied().map(Score);
    let score = score.ok_or(MissingOutput(Output::PredScore.name()))?;
    let map = take(Output::AnomalyMap)?;
    if map.data.len() != network.height * network.width {
        return Err(MissingOutput(Output::AnomalyMap.name()));
    }
    let verdict = threshold.and_then(|threshold| Verdict::of(score, threshold));
    let regions = threshold.map_or_else(Vec::new, |threshold| regions::find(&map.data, network, threshold, source));
    Ok(Judgement { score, verdict, regions, map })
}

/// How long each part of the way took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Latency {
    /// From the moment the picture was received (for a file: was about to be opened) to its result.
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

    #[test]
    fn without_a_threshold_there_is_no_verdict_and_no_region() {
        let judgement = judge(answer(3.0), SIZE, SIZE, None).unwrap();
        assert_eq!((judgement.score, judgement.verdict, judgement.regions.len()), (Score(3.0), None, 0));
    }

    #[test]
    fn a_score_that_is_no_number_is_not_judged() {
        let judgement = judge(answer(f32::NAN), SIZE, SIZE, Threshold::new(1.0).ok()).unwrap();
        assert_eq!(judgement.verdict, None);
    }

    #[test]
    fn an_answer_without_the_score_is_an_error() {
        let outputs = Outputs::new(Vec::new());
        assert_eq!(judge(outputs, SIZE, SIZE, None).unwrap_err(), MissingOutput("pred_score"));
    }
}
