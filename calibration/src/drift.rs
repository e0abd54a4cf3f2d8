//! How far windows of good pictures move by chance: the yardstick of [`moead_runtime::score::drift`].
//!
//! Windows are drawn from the good pictures many times, and each window's mean is measured against the mean of all pictures outside of it,
//! as a new window will be measured against a calibration that has not seen it. Alarms begin where the given share of windows would be. The
//! draws overlap, so rates far below 1 / (pictures / window) are extrapolations by the largest draws: good enough for a slow measure.

use moead_model::calibration::Embedding;
use moead_runtime::score::product::distance;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::products::EmbeddingError;
use crate::threshold::Rate;

/// Windows drawn.
const DRAWS: usize = 4000;

/// How good pictures follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// They do not: a collection. Windows are drawn picture by picture.
    Collection,
    /// As frames of a camera, similar to their neighbours. Windows are successive pictures.
    Stream,
    /// Perhaps: files in the order of their names. The larger of both limits, since a limit for a collection alarms all the time where batches of
    /// pictures that are alike pass (`docs/benchmarks.md` has solar cells in which it does).
    Unknown,
}

/// The distance of window means that a share `alarms` of windows of good pictures exceeds.
///
/// * `product`: fitted to the same embeddings; its standard deviations are the unit.
/// * `window`: pictures, at least 1.
/// * `seed`: the same gives the same limit on every machine.
///
/// # Errors
/// [`EmbeddingError::Window`] when there are fewer than twice as many pictures as a window has.
pub fn limit(
    embeddings: &[Vec<f32>],
    product: &Embedding,
    window: usize,
    order: Order,
    alarms: Rate,
    seed: u64,
) -> Result<f64, EmbeddingError> {
    let mut larger = 0.0_f64;
    for windows in order.windows() {
        larger = larger.max(limit_of(embeddings, product, window, *windows, alarms, seed)?);
    }
    Ok(larger)
}

/// How windows are drawn.
#[derive(Clone, Copy)]
enum Windows {
    Picked,
    Successive,
}

impl Order {
    fn windows(self) -> &'static [Windows] {
        match self {
            Self::Collection => &[Windows::Picked],
            Self::Stream => &[Windows::Successive],
            Self::Unknown => &[Windows::Picked, Windows::Successive],
        }
    }
}

fn limit_of(
    embeddings: &[Vec<f32>],
    product: &Embedding,
    window: usize,
    windows: Windows,
    alarms: Rate,
    seed: u64,
) -> Result<f64, EmbeddingError> {
    let (images, features) = (embeddings.len(), product.mean.len());
    let least = 2 * window.max(1);
    if images < least || window == 0 {
        return Err(EmbeddingError::Window { found: images, window, least });
    }
    if let Some(index) = embeddings.iter().position(|embedding| embedding.len() != features) {
        return Err(EmbeddingError::Length { index, expected: features, found: embeddings[index].len() });
    }
    let add = |sum: &mut Vec<f64>, embedding: &[f32]| {
        sum.iter_mut().zip(embedding).for_each(|(sum, value)| *sum += f64::from(*value));
    };
    let mut total = vec![0.0; features];
    embeddings.iter().for_each(|embedding| add(&mut total, embedding));
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut places: Vec<usize> = (0..images).collect();
    let mut outside = product.clone();
    let mut distances: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let chosen = match windows {
                Windows::Successive => random.random_range(0..=images - window)..,
                Windows::Picked => {
                    // The first part of a shuffle.
                    for at in 0..window {
                        let other = random.random_range(at..images);
                        places.swap(at, other);
                    }
                    0..
                }
            };
            let mut inside = vec![0.0; features];
            places[chosen][..window].iter().for_each(|at| add(&mut inside, &embeddings[*at]));
            let mean: Vec<f32> = inside.iter().map(|sum| (sum / window as f64) as f32).collect();
            let others =
                total.iter().zip(&inside).map(|(total, sum)| ((total - sum) / (images - window) as f64) as f32);
            outside.mean = others.collect();
            distance(&mean, &outside)
        })
        .collect();
    distances.sort_unstable_by(f64::total_cmp);
    let within = ((DRAWS as f64 * (1.0 - alarms.value())).ceil() as usize).clamp(1, DRAWS);
    Ok(distances[within - 1])
}

#[cfg(test)]
mod tests {
    use moead_runtime::score::drift::Window;
    use rand_distr::{Distribution, Normal};

    use super::*;
    use crate::products;

    fn frames(count: usize, shift: f64, seed: u64) -> Vec<Vec<f32>> {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let normal = Normal::new(0.0, 1.0).unwrap();
        let frame = |_| (0..40).map(|at| (f64::from(at) + shift + normal.sample(&mut random)) as f32).collect();
        (0..count).map(frame).collect()
    }

    fn rate(value: f64) -> Rate {
        Rate::new(value).unwrap()
    }

    #[test]
    fn a_small_shift_that_no_single_frame_shows_is_noticed_and_good_frames_are_not() {
        let good = frames(400, 0.0, 1);
        let product = products::fit(&good, rate(0.01)).unwrap();
        let limit = limit(&good, &product, 50, Order::Collection, rate(0.001), 7).unwrap();
        let drift = |frames: &[Vec<f32>]| {
            let mut window = Window::new(50, 40);
            let mut worst = 0.0_f64;
            for frame in frames {
                window.add(frame);
                worst = worst.max(window.drift(&product, limit).unwrap_or(0.0));
            }
            worst
        };
        let (calm, shifted) = (drift(&frames(1000, 0.0, 2)), drift(&frames(60, 0.4, 3)));
        assert!(calm < 1.0, "{calm}");
        assert!(shifted > 1.5, "{shifted}");
    }

    #[test]
    fn neighbours_that_are_alike_widen_the_limit() {
        // Ten frames at a time show the same.
        let good: Vec<_> = frames(40, 0.0, 4).into_iter().flat_map(|frame| vec![frame; 10]).collect();
        let product = products::fit(&good, rate(0.01)).unwrap();
        let limit = |order| limit(&good, &product, 50, order, rate(0.01), 7).unwrap();
        assert!(limit(Order::Stream) > 1.5 * limit(Order::Collection));
        assert_eq!(limit(Order::Unknown), limit(Order::Stream));
        // Where there is no order, pictures that are picked show more windows than successive ones do.
        let good = frames(400, 0.0, 5);
        let product = products::fit(&good, rate(0.01)).unwrap();
        let limit = |order| super::limit(&good, &product, 50, order, rate(0.01), 7).unwrap();
        assert_eq!(limit(Order::Unknown), limit(Order::Stream).max(limit(Order::Collection)));
        assert!(limit(Order::Unknown) < 1.2 * limit(Order::Collection));
    }

    #[test]
    fn a_window_needs_as_many_pictures_outside() {
        let product = Embedding { mean: vec![0.0], std: vec![1.0], ..Embedding::default() };
        let error = limit(&vec![vec![0.0]; 99], &product, 50, Order::Collection, rate(0.001), 7).unwrap_err();
        assert_eq!(error.to_string(), "99 images are too few for windows of 50: expected at least 100");
    }
}
