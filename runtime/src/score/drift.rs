//! How far the latest pictures have moved, as a whole, from the good ones.

use std::collections::VecDeque;

use moead_model::calibration::Embedding;

use super::product;

/// The mean embedding of the latest pictures of one product.
#[derive(Debug, Clone)]
pub struct Window {
    size: usize,
    latest: VecDeque<Vec<f32>>,
    sum: Vec<f64>,
}

impl Window {
    /// * `size`: pictures, at least 1: as in the calibration.
    /// * `features`: of an embedding.
    pub fn new(size: usize, features: usize) -> Self {
        Self { size: size.max(1), latest: VecDeque::with_capacity(size), sum: vec![0.0; features] }
    }

    /// Takes a picture in, and the oldest out when there are too many. One of another length, or with what is not a finite number, is not
    /// taken: it would never leave the sums.
    pub fn add(&mut self, embedding: &[f32]) {
        if embedding.len() != self.sum.len() || embedding.iter().any(|value| !value.is_finite()) {
            return;
        }
        let mut kept =
            if self.latest.len() == self.size { self.latest.pop_front().unwrap_or_default() } else { Vec::new() };
        self.sum.iter_mut().zip(&kept).for_each(|(sum, value)| *sum -= f64::from(*value));
        kept.clear();
        kept.extend_from_slice(embedding);
        self.sum.iter_mut().zip(&kept).for_each(|(sum, value)| *sum += f64::from(*value));
        self.latest.push_back(kept);
    }

    /// How far the window's mean lies from the good pictures', as [`product::distance`], over the largest that windows of good pictures reach:
    /// from 1 on, something has changed. `None` until the window is full.
    pub fn drift(&self, good: &Embedding, limit: f64) -> Option<f64> {
        (self.latest.len() == self.size).then(|| {
            let mean: Vec<f32> = self.sum.iter().map(|sum| (sum / self.size as f64) as f32).collect();
            product::distance(&mean, good) / limit
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_forgets_and_takes_no_nonsense() {
        let good = Embedding { mean: vec![0.0, 0.0], std: vec![1.0, 2.0], refusal: 3.0, ..Embedding::default() };
        let mut window = Window::new(2, 2);
        window.add(&[9.0, 9.0]);
        assert_eq!(window.drift(&good, 1.0), None);
        window.add(&[f32::NAN, 0.0]);
        window.add(&[0.0]);
        window.add(&[3.0, 2.0]);
        window.add(&[1.0, 2.0]);
        // The mean is (2, 2): (2, 1) in standard deviations.
        let expected = (5.0_f64 / 2.0).sqrt() / 0.5;
        assert_eq!(window.drift(&good, 0.5), Some(expected));
    }
}
