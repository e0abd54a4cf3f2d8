//! The threshold of pixels: where regions begin that people are shown.
//!
//! A good picture shows a false region exactly when the largest value of its map reaches the threshold. So the same bound as
//! for scores, taken over the maps' largest values, promises: at most a share `false_alarms` of good pictures shows any. A picture may
//! show several; so the threshold is raised, if need be, until the calibration pictures show no more than `false_alarms` regions each on
//! average. That second part is counted, not promised.

use moead_model::architecture::ImageSize;

use super::good_scores::{GoodScores, GoodScoresError};
use super::{Promised, Target, ThresholdError, fit as fit_scores};

/// Regions of a map that are remembered. The runtime tells of no more.
const MOST_REGIONS: usize = 16;

/// The regions of one good map at every threshold.
#[derive(Debug, Clone, PartialEq)]
pub struct MapRegions {
    /// Of each region the value at its peak, where it appears, and the value where it joins a region with a higher peak (minus
    /// infinity: never). Highest peaks first.
    lives: Vec<(f32, f32)>,
}

/// Not a map.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MapRegionsError {
    /// Of another size than stated.
    #[error("map: expected {height} x {width} pixels, found {found} in all")]
    Size {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
        /// Pixels.
        found: usize,
    },
    /// A value is no finite number.
    #[error("map: row {row}, column {column}: expected a finite number, found {found}")]
    NotFinite {
        /// From 0.
        row: usize,
        /// From 0.
        column: usize,
        /// The value.
        found: f32,
    },
}

impl MapRegions {
    /// Follows 8-connected regions while the threshold falls: by value, each pixel starts a region or joins its
    /// neighbours'; where regions meet, the one with the highest peak goes on. O(pixels log pixels).
    ///
    /// # Errors
    /// [`MapRegionsError`]
    pub fn of(map: &[f32], size: ImageSize) -> Result<Self, MapRegionsError> {
        let ImageSize { height, width } = size;
        if map.len() != height * width || map.is_empty() {
            return Err(MapRegionsError::Size { height, width, found: map.len() });
        }
        if let Some(at) = map.iter().position(|value| !value.is_finite()) {
            return Err(MapRegionsError::NotFinite { row: at / width, column: at % width, found: map[at] });
        }
        let mut order: Vec<u32> = (0..map.len() as u32).collect();
        order.sort_unstable_by(|a, b| map[*b as usize].total_cmp(&map[*a as usize]));
        // Each pixel's parent; a region's root is its peak, so roots know where they appeared.
        let mut parents: Vec<Option<u32>> = vec![None; map.len()];
        let mut lives = Vec::new();
        for place in order {
            let at = place as usize;
            parents[at] = Some(place);
            let (row, column) = (at / width, at % width);
            for row in row.saturating_sub(1)..=(row + 1).min(height - 1) {
                for column in column.saturating_sub(1)..=(column + 1).min(width - 1) {
                    let next = row * width + column;
                    if parents[next].is_none() {
                        continue;
                    }
                    let (a, b) = (root(&mut parents, at), root(&mut parents, next));
                    if a != b {
                        let (elder, younger) = if map[a] >= map[b] { (a, b) } else { (b, a) };
                        parents[younger] = Some(elder as u32);
                        // A pixel that joins at its own value was never a region.
                        if map[younger] > map[at] {
                            lives.push((map[younger], map[at]));
                        }
                    }
                }
            }
        }
        lives.push((map.iter().copied().fold(f32::NEG_INFINITY, f32::max), f32::NEG_INFINITY));
        lives.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.total_cmp(&b.1)));
        lives.truncate(MOST_REGIONS);
        lives.shrink_to_fit();
        Ok(Self { lives })
    }

    /// The map's largest value.
    pub fn peak(&self) -> f32 {
        self.lives[0].0
    }

    /// How many regions reach `threshold`, as far as they are remembered.
    pub fn count(&self, threshold: f32) -> usize {
        self.lives.iter().filter(|(peak, joins)| *peak >= threshold && *joins < threshold).count()
    }
}

fn root(parents: &mut [Option<u32>], mut at: usize) -> usize {
    while let Some(parent) = parents[at] {
        let parent = parent as usize;
        if parent == at {
            break;
        }
        // Halves the way for whoever comes next.
        parents[at] = parents[parent];
        at = parent;
    }
    at
}

/// A pixel threshold and what it does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PixelThreshold {
    /// About good pictures that show any region.
    pub promised: Promised,
    /// Regions for each calibration picture, counted.
    pub regions_per_image: f64,
}

/// Why there is no pixel threshold.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PixelThresholdError {
    /// No maps.
    #[error(transparent)]
    Scores(#[from] GoodScoresError),
    /// No promise.
    #[error(transparent)]
    Threshold(#[from] ThresholdError),
}

/// The least pixel threshold at which at most a share `target.false_alarms` of good pictures shows a region (promised), and they
/// show no more than that many regions each on average (counted).
///
/// # Errors
/// [`PixelThresholdError`]
pub fn fit(maps: &[MapRegions], target: Target) -> Result<PixelThreshold, PixelThresholdError> {
    let peaks: Vec<f32> = maps.iter().map(MapRegions::peak).collect();
    let scores = GoodScores::new(&peaks)?;
    let mut promised = fit_scores(&scores, target)?;
    let mean = |threshold: f32| maps.iter().map(|map| map.count(threshold)).sum::<usize>() as f64 / maps.len() as f64;
    // The count grows at peaks alone. From the top, the first peak with too many regions; the threshold goes above it.
    let mut peaks: Vec<f32> = maps.iter().flat_map(|map| map.lives.iter().map(|(peak, _)| *peak)).collect();
    peaks.sort_unstable_by(f32::total_cmp);
    let mut reached = peaks.iter().rev().take_while(|peak| **peak >= promised.threshold);
    if let Some(crowded) = reached.find(|peak| mean(**peak) > target.false_alarms.value()) {
        promised.threshold = crowded.next_up();
    }
    Ok(PixelThreshold { promised, regions_per_image: mean(promised.threshold) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn size(height: usize, width: usize) -> ImageSize {
        ImageSize { height, width }
    }

    #[test]
    fn regions_appear_and_join() {
        let map = MapRegions::of(&[3.0, 1.0, 2.0, 0.0, 2.5], size(1, 5)).unwrap();
        assert_eq!(map.lives, [(3.0, f32::NEG_INFINITY), (2.5, 0.0), (2.0, 1.0)]);
        assert_eq!([3.5, 3.0, 2.5, 2.0, 1.0, 0.0].map(|at| map.count(at)), [0, 1, 2, 3, 2, 1]);
    }

    #[test]
    fn what_is_no_map_is_named() {
        let error = MapRegions::of(&[1.0], size(1, 2)).unwrap_err();
        assert_eq!(error.to_string(), "map: expected 1 x 2 pixels, found 1 in all");
        let error = MapRegions::of(&[1.0, f32::NAN], size(1, 2)).unwrap_err();
        assert_eq!(error.to_string(), "map: row 0, column 1: expected a finite number, found NaN");
    }

    #[test]
    fn several_regions_in_few_pictures_raise_the_threshold() {
        // 1000 pictures with a peak below 1; three show six peaks from 5 on. The order statistic would stop at the fifth
        // largest picture, and so let 0.018 regions each pass.
        let quiet = |at: usize| MapRegions::of(&[at as f32 / 1000.0, 0.0], size(1, 2)).unwrap();
        let mut maps: Vec<_> = (0..997).map(quiet).collect();
        let loud = [5.0, 0.0, 5.1, 0.0, 5.2, 0.0, 5.3, 0.0, 5.4, 0.0, 5.5];
        maps.extend((0..3).map(|_| MapRegions::of(&loud, size(1, 11)).unwrap()));
        let found = fit(&maps, Target::USUAL).unwrap();
        assert!(found.promised.threshold > 5.2 && found.promised.threshold < 5.3, "{found:?}");
        assert_eq!(found.regions_per_image, 0.009);
    }

    /// Counts by flooding.
    fn naive(map: &[f32], columns: usize, threshold: f32) -> usize {
        let mut names: Vec<usize> = (0..map.len()).collect();
        for _ in 0..map.len() {
            for a in 0..map.len() {
                for b in 0..map.len() {
                    let near = (a / columns).abs_diff(b / columns) <= 1 && (a % columns).abs_diff(b % columns) <= 1;
                    if near && map[a] >= threshold && map[b] >= threshold {
                        names[a] = names[a].min(names[b]);
                    }
                }
            }
        }
        (0..map.len()).filter(|at| map[*at] >= threshold && names[*at] == *at).count()
    }

    proptest! {
        #[test]
        fn counts_at_every_threshold(columns in 1_usize..6, rows in 1_usize..6, values in prop::collection::vec(0_u8..9, 25)) {
            let map: Vec<f32> = values[..rows * columns].iter().map(|value| f32::from(*value)).collect();
            let regions = MapRegions::of(&map, size(rows, columns)).unwrap();
            for threshold in 0_u8..10 {
                let threshold = f32::from(threshold) - 0.5 * f32::from(threshold % 2);
                prop_assert_eq!(regions.count(threshold), naive(&map, columns, threshold));
            }
        }
    }
}
