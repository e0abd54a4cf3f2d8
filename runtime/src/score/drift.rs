//! How far the latest pictures have moved, as a whole, from the good ones.

use moead_model::calibration::Embedding;

use super::product;

/// The mean embedding of the latest pictures of one product.
#[derive(Debug, Clone)]
pub struct Window {
    size: usize,
    /// Embeddings, one behind the other; the oldest is overwritten.
    latest: Vec<f32>,
    /// The place of the next one, in embeddings.
    next: usize,
    count: usize,
    sum: Vec<f64>,
}

impl Window {
    /// Takes all the memory that it will ever need: `size` times `features` numbers.
    ///
    /// * `size`: pictures, at least 1: as in the calibration.
    /// * `features`: of an embedding.
    pub fn new(size: usize, features: usize) -> Self {
        let size = size.max(1);
        Self { size, latest: vec![0.0; size * features], next: 0, count: 0, sum: vec![0.0; features] }
    }

    /// Takes a picture in, and the oldest out when there are too many. One of another length, or with what is not a finite number, is not
    /// taken: it would never leave the sums.
    pub fn add(&mut self, embedding: &[f32]) {
        let features = self.sum.len();
        if embedding.len() != features || embedding.iter().any(|value| !value.is_finite()) {
            return;
        }
        let place = &mut self.latest[self.next * features..(self.next + 1) * features];
        // What has not been taken yet is zero.
        for ((sum, kept), value) in self.sum.iter_mut().zip(place).zip(embedding) {
            *sum += f64::from(*value) - f64::from(*kept);
            *kept = *value;
        }
        self.next = (self.next + 1) % self.size;
        self.count = (self.count + 1).min(self.size);
    }

    /// How far the window's mean lies from the good pictures', as [`product::distance`], over the largest that windows of good pictures reach:
    /// from 1 on, something has changed. `None` until the window is full.
    pub fn drift(&self, good: &Embedding, limit: f64) -> Option<f64> {
        (self.count == self.size).then(|| {
            let mean = self.sum.iter().map(|sum| (sum / self.size as f64) as f32);
            product::distance_of(mean, good) / limit
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

    #[test]
    fn a_window_that_has_run_for_long_says_what_a_new_one_says() {
        let good = Embedding { mean: vec![0.0; 3], std: vec![1.0; 3], refusal: 3.0, ..Embedding::default() };
        let frame = |number: usize| [number as f32 * 0.37 % 5.0, 1e6 + number as f32 % 7.0, -0.001 * number as f32];
        let of = |numbers: std::ops::Range<usize>| {
            let mut window = Window::new(16, 3);
            numbers.for_each(|number| window.add(&frame(number)));
            window.drift(&good, 1.0).unwrap()
        };
        assert_eq!(of(0..100_000), of(100_000 - 16..100_000));
    }
}
