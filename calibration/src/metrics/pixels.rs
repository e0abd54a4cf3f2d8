//! Scores of pixels, any number of them in bounded memory.
//!
//! Within [`EXACT_BYTES`] every score is kept. Beyond, they are counted in [`bins`]: intervals of neighbouring f32 numbers, finest
//! where most scores are. Each metric then comes with a guaranteed bound of its error, from what the intervals cannot tell apart;
//! a metric whose bound is above [`ALLOWED_ERROR`] is absent, with that bound as its reason.

use moead_model::architecture::ImageSize;

use super::f1::BestF1;
use super::ranking::{Ranking, key_of};
use super::{Absent, Measured, average_precision, f1, pro, regions, roc};

pub mod bins;

use bins::Bins;

/// Memory for scores that are kept one by one: 4 bytes for a good pixel, 16 for a defective one. Good pixels alone are 12 million, or
/// 240 maps of 224 x 224. A vector that grows takes up to three times as much for a moment.
pub const EXACT_BYTES: usize = 48_000_000;

/// Intervals that count the scores of more pixels: 32 bytes each, so 80 MB.
pub const MOST_BINS: usize = 2_500_000;

/// Largest error that a metric of pixels may have.
pub const ALLOWED_ERROR: f64 = 1e-4;

/// Which pixels of a map are defective.
#[derive(Debug, Clone, Copy)]
pub enum MaskView<'a> {
    /// None.
    Good,
    /// All: a defective picture that has no mask.
    AllDefective,
    /// Those above 0, row-major, of the map's size.
    Pixels(&'a [u8]),
}

/// Why a map cannot be counted. Nothing of it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MapError {
    /// Of another size than stated.
    #[error("map: expected {height} x {width} pixels, found {found} in all")]
    Map {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
        /// Pixels.
        found: usize,
    },
    /// Of another size than the map.
    #[error("mask: expected {height} x {width} pixels, found {found} in all")]
    Mask {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
        /// Pixels.
        found: usize,
    },
    /// A score without a place in any order.
    #[error("map: row {row}, column {column}: expected a number, found NaN")]
    NotANumber {
        /// From 0.
        row: usize,
        /// From 0.
        column: usize,
    },
}

/// Scores of the pixels of many maps.
#[derive(Debug)]
pub struct PixelScores {
    store: Store,
    exact_bytes: usize,
    most_bins: usize,
    regions: u64,
    labels: Vec<Option<u32>>,
    sizes: Vec<u32>,
}

#[derive(Debug)]
enum Store {
    Kept { good: Runs, defective: Vec<(u32, f64)> },
    Binned(Bins),
}

/// Numbers in ascending runs. Each map is put in order when it comes, and runs of like lengths become one, so that little is left to do at the end,
/// when nobody computes meanwhile.
#[derive(Debug, Default)]
struct Runs {
    keys: Vec<u32>,
    /// Where each run begins.
    starts: Vec<usize>,
}

impl Runs {
    /// What was pushed behind the last run becomes one.
    fn end_run(&mut self, start: usize) {
        if start == self.keys.len() {
            return;
        }
        self.keys[start..].sort_unstable();
        self.starts.push(start);
        while let [.., before, last] = self.starts[..]
            && self.keys.len() - last >= last - before
        {
            // Finds both runs, and merges them.
            self.keys[before..].sort();
            self.starts.pop();
        }
    }
}

impl Default for PixelScores {
    fn default() -> Self {
        Self::with_memory(EXACT_BYTES, MOST_BINS)
    }
}

impl PixelScores {
    /// With other limits than [`EXACT_BYTES`] and [`MOST_BINS`].
    pub fn with_memory(exact_bytes: usize, most_bins: usize) -> Self {
        let store = Store::Kept { good: Runs::default(), defective: Vec::new() };
        Self { store, exact_bytes, most_bins, regions: 0, labels: Vec::new(), sizes: Vec::new() }
    }

    /// Adds a map: row-major, `size.height * size.width` scores.
    ///
    /// # Errors
    /// [`MapError`]; the map is not counted at all then.
    pub fn add(&mut self, map: &[f32], mask: MaskView<'_>, size: ImageSize) -> Result<(), MapError> {
        let ImageSize { height, width } = size;
        if map.len() != height * width {
            return Err(MapError::Map { height, width, found: map.len() });
        }
        if let MaskView::Pixels(mask) = mask
            && mask.len() != map.len()
        {
            return Err(MapError::Mask { height, width, found: mask.len() });
        }
        if let Some(at) = map.iter().position(|score| score.is_nan()) {
            return Err(MapError::NotANumber { row: at / width, column: at % width });
        }
        let defective = match mask {
            MaskView::Good => 0,
            MaskView::AllDefective => map.len(),
            MaskView::Pixels(mask) => mask.iter().filter(|pixel| **pixel > 0).count(),
        };
        self.make_room(map.len() - defective, defective);
        let start = match &self.store {
            Store::Kept { good, .. } => good.keys.len(),
            Store::Binned(_) => 0,
        };
        match mask {
            MaskView::Good => map.iter().for_each(|&score| self.store.add_good(key_of(score))),
            MaskView::AllDefective => {
                let weight = 1.0 / map.len() as f64;
                map.iter().for_each(|&score| self.store.add_defective(key_of(score), weight));
                self.regions += u64::from(!map.is_empty());
            }
            MaskView::Pixels(mask) => {
                regions::label(mask, size, &mut self.labels, &mut self.sizes);
                for (&score, label) in map.iter().zip(&self.labels) {
                    match label {
                        None => self.store.add_good(key_of(score)),
                        Some(name) => {
                            let weight = 1.0 / f64::from(self.sizes[*name as usize]);
                            self.store.add_defective(key_of(score), weight);
                        }
                    }
                }
                self.regions += self.sizes.len() as u64;
            }
        }
        if let Store::Kept { good, .. } = &mut self.store {
            good.end_run(start);
        }
        Ok(())
    }

    /// From the first pixel too many on, all are counted in intervals.
    fn make_room(&mut self, more_good: usize, more_defective: usize) {
        let Store::Kept { good, defective } = &mut self.store else { return };
        let goods = (good.keys.len() + more_good) * size_of::<u32>();
        let defects = (defective.len() + more_defective) * size_of::<(u32, f64)>();
        if goods + defects <= self.exact_bytes {
            return;
        }
        let (good, defective) = (std::mem::take(good), std::mem::take(defective));
        let mut bins = Bins::new(self.most_bins);
        good.keys.into_iter().for_each(|key| bins.add_good(key));
        defective.into_iter().for_each(|(key, weight)| bins.add_defective(key, weight));
        self.store = Store::Binned(bins);
    }

    /// The scores in order, and how many regions the defective ones form.
    pub fn finish(self) -> RankedPixels {
        let ranking = match self.store {
            Store::Kept { good, defective } => Ranking::of_keys(good.keys, defective),
            Store::Binned(bins) => Ranking::of_bins(bins),
        };
        RankedPixels { ranking, regions: self.regions }
    }
}

impl Store {
    fn add_good(&mut self, key: u32) {
        match self {
            Self::Kept { good, .. } => good.keys.push(key),
            Self::Binned(bins) => bins.add_good(key),
        }
    }

    fn add_defective(&mut self, key: u32, weight: f64) {
        match self {
            Self::Kept { defective, .. } => defective.push((key, weight)),
            Self::Binned(bins) => bins.add_defective(key, weight),
        }
    }
}

/// The pixels of many maps in the order of their scores.
#[derive(Debug, Clone)]
pub struct RankedPixels {
    /// For curves.
    pub ranking: Ranking,
    /// Ground-truth regions.
    pub regions: u64,
}

impl RankedPixels {
    /// [`roc::auroc`] over pixels.
    ///
    /// # Errors
    /// [`Absent`]
    pub fn auroc(&self) -> Result<Measured, Absent> {
        certain(roc::auroc(&self.ranking)?)
    }

    /// [`average_precision::average_precision`] over pixels.
    ///
    /// # Errors
    /// [`Absent`]
    pub fn average_precision(&self) -> Result<Measured, Absent> {
        certain(average_precision::average_precision(&self.ranking)?)
    }

    /// [`f1::f1_max`] over pixels.
    ///
    /// # Errors
    /// [`Absent`]
    pub fn f1_max(&self) -> Result<BestF1, Absent> {
        let best = f1::f1_max(&self.ranking)?;
        certain(best.f1).map(|_| best)
    }

    /// [`pro::aupro`] up to [`pro::FALSE_POSITIVE_LIMIT`].
    ///
    /// # Errors
    /// [`Absent`]
    pub fn aupro(&self) -> Result<Measured, Absent> {
        certain(pro::aupro(&self.ranking, self.regions, pro::FALSE_POSITIVE_LIMIT)?)
    }
}

fn certain(measured: Measured) -> Result<Measured, Absent> {
    let Measured { error, .. } = measured;
    if error <= ALLOWED_ERROR { Ok(measured) } else { Err(Absent::Uncertain { error, allowed: ALLOWED_ERROR }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: ImageSize = ImageSize { height: 1, width: 2 };

    #[test]
    fn a_map_that_does_not_fit_is_not_counted() {
        let mut scores = PixelScores::default();
        let error = scores.add(&[1.0], MaskView::Good, SIZE).unwrap_err();
        assert_eq!(error.to_string(), "map: expected 1 x 2 pixels, found 1 in all");
        let error = scores.add(&[1.0, 2.0], MaskView::Pixels(&[1]), SIZE).unwrap_err();
        assert_eq!(error.to_string(), "mask: expected 1 x 2 pixels, found 1 in all");
        let error = scores.add(&[1.0, f32::NAN], MaskView::Good, SIZE).unwrap_err();
        assert_eq!(error.to_string(), "map: row 0, column 1: expected a number, found NaN");
        assert_eq!(scores.finish().auroc(), Err(Absent::Empty));
    }

    #[test]
    fn a_defective_picture_without_mask_is_one_region() {
        let mut scores = PixelScores::default();
        scores.add(&[3.0, 4.0], MaskView::AllDefective, SIZE).unwrap();
        scores.add(&[1.0, 2.0], MaskView::Good, SIZE).unwrap();
        let ranked = scores.finish();
        assert_eq!(ranked.regions, 1);
        assert_eq!(ranked.aupro().unwrap().value, 1.0);
    }

    #[test]
    fn what_cannot_be_told_apart_has_no_value() {
        // One interval for each page of numbers: nothing is known about scores so close to each other.
        let mut scores = PixelScores::with_memory(0, 0);
        scores.add(&[1.5, 1.25], MaskView::Pixels(&[1, 0]), SIZE).unwrap();
        scores.add(&[1.5001, 1.2501], MaskView::Pixels(&[0, 1]), SIZE).unwrap();
        let absent = scores.finish().auroc().unwrap_err();
        assert!(matches!(absent, Absent::Uncertain { error, .. } if error > 0.2), "{absent:?}");
    }
}
