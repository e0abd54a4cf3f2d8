//! The per-region overlap curve and the area under it (AUPRO).
//!
//! Bergmann and others, "The MVTec Anomaly Detection Dataset" (International Journal of Computer Vision 129, 2021), section 5.2:
//! at each threshold, the share of good pixels that reach it against the mean, over all ground-truth regions of all pictures, of
//! the share of the region that does. A small region counts as much as a large one.

use super::ranking::Ranking;
use super::{Absent, Measured};

/// The area is taken up to this share of good pixels, as in the paper.
pub const FALSE_POSITIVE_LIMIT: f64 = 0.3;

/// Area under the curve for false-positive rates of 0 to `limit`, divided by `limit`: 1 is perfect. Points stand at every
/// distinct score, straight lines between them, (0, 0) in front; cut at `limit` by interpolation, as the published
/// evaluation does.
///
/// * `ranking`: of pixels; the weight of a defective pixel is 1 / (pixels of its region).
/// * `regions`: how many regions those pixels form, over all pictures.
///
/// Where a step is an interval of scores, the curve inside lies in the rectangle between its corners: half of it, and all
/// of it where `limit` cuts the interval, is the stated error.
///
/// # Errors
/// [`Absent`] when one class is missing.
pub fn aupro(ranking: &Ranking, regions: u64, limit: f64) -> Result<Measured, Absent> {
    let (good, _) = ranking.both_classes()?;
    let (mut alarms, mut overlap, mut area, mut error) = (0_u64, 0.0_f64, 0.0, 0.0);
    ranking.steps(|step| {
        let (x0, y0) = (alarms as f64 / good, overlap / regions as f64);
        alarms += step.good;
        overlap += step.weight;
        if x0 >= limit {
            return;
        }
        let (x1, y1) = (alarms as f64 / good, overlap / regions as f64);
        let cut = x1.min(limit);
        let y = if x1 > limit { y0 + (y1 - y0) * (limit - x0) / (x1 - x0) } else { y1 };
        area += (cut - x0) * (y0 + y) / 2.0;
        if !step.is_exact {
            let share = if x1 > limit { 1.0 } else { 0.5 };
            error += share * (cut - x0) * (y1 - y0);
        }
    });
    Ok(Measured { value: area / limit, error: error / limit })
}
