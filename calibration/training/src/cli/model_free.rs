//! What a network has to beat: statistics of the same features, judged by the same drawn defects.

use crate::decoder::Decoder;
use crate::statistics::{Kind, Statistics, StatisticsError};
use crate::store::Store;
use crate::validation::{Judges, scores_of_distances};

/// Axes of the covariances: beyond, the model that stores them outgrows small machines.
const AXES: usize = 64;

/// Each detector's name and image AUROC.
///
/// * `learnt`: pictures that the network learns from, places in `features`.
pub(super) fn judge(
    decoder: &Decoder,
    features: &Store,
    learnt: &[usize],
    judges: &Judges<'_>,
) -> anyhow::Result<Vec<(String, Option<f64>)>> {
    let (grid, channels) = (decoder.grid(), decoder.channels());
    let axes = AXES.min(channels);
    let kinds =
        [("position-std".to_owned(), Kind::PositionStd), (format!("position-cov:{axes}"), Kind::PositionCov(axes))];
    let show = |visit: &mut dyn FnMut(&[f32])| {
        learnt.iter().try_for_each(|place| features.read(&[*place]).map(|features| visit(&features)))
    };
    let mut found = Vec::new();
    for (name, kind) in kinds {
        match Statistics::fit(kind, [grid.tokens(), channels], &show) {
            Ok(statistics) => {
                let scores =
                    |features: Vec<f32>| scores_of_distances(&statistics.distances(&features), grid, judges.size);
                found.push((name, judges.auroc(&scores)?));
            }
            // Features that do not vary have no such statistics; that is no reason not to train.
            Err(StatisticsError::Indefinite { .. }) => found.push((name, None)),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found)
}
