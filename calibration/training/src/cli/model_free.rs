//! What a network has to beat: statistics of the same features, judged by the same drawn defects.

use moead_model::architecture::Distance;

use crate::decoder::Decoder;
use crate::learnt::Learnt;
use crate::statistics::{Kind, Statistics, StatisticsError};
use crate::validation::{Judges, scores_of_distances};

/// Axes of the covariances: beyond, the model that stores them outgrows small machines.
const AXES: usize = 64;

/// What a detector without a network came to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Yardstick {
    /// Which.
    pub(super) distance: Distance,
    /// Image AUROC; none where its statistics cannot be fitted or nothing can be judged.
    pub(super) auroc: Option<f64>,
}

/// Deviations, and covariances along as many axes as the network's distance has.
///
/// * `learnt`: what the network learns from.
pub(super) fn judge(
    decoder: &Decoder,
    distance: Distance,
    learnt: &Learnt<'_>,
    judges: &Judges<'_>,
) -> anyhow::Result<Vec<Yardstick>> {
    let (grid, channels) = (decoder.grid(), decoder.channels());
    let axes = match distance {
        Distance::PositionCov { axes } => axes,
        Distance::Euclidean | Distance::PositionStd => AXES.min(channels),
    };
    let mut found = Vec::new();
    for kind in [Kind::PositionStd, Kind::PositionCov(axes)] {
        let auroc = match Statistics::fit(kind, [grid.tokens(), channels], &|visit| learnt.show(visit)) {
            Ok(statistics) => {
                let scores =
                    |features: Vec<f32>| scores_of_distances(&statistics.distances(&features), grid, judges.size);
                judges.auroc(&scores)?
            }
            Err(StatisticsError::Read(error)) => return Err(error.into()),
            // Features that do not vary, or are no numbers, have no such statistics; that is no reason not to train.
            Err(_) => None,
        };
        found.push(Yardstick { distance: kind.distance(), auroc });
    }
    Ok(found)
}
