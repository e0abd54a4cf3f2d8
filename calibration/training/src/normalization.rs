//! Features before they are rebuilt: `(x - mean) * scale`, with a mean for each token and channel and a scale for each channel.
//!
//! The z-score of each channel over all tokens, minus the mean of its place, times one factor that makes the mean square 1; a channel's own
//! mean cancels out. Without it, what a place looks like on average is most of the error, and training spends its first hours on learning it.

use crate::decoder::Decoder;

/// A channel that hardly varies is not blown up: its spread counts as this share of the largest.
const LEAST_SPREAD: f64 = 1e-3;

/// Fitted numbers, as a checkpoint holds them.
#[derive(Debug, Clone, PartialEq)]
pub struct Normalization {
    /// Tokens x channels.
    pub mean: Vec<f32>,
    /// Channels.
    pub scale: Vec<f32>,
}

impl Normalization {
    /// Of one image or several, in place.
    ///
    /// * `features`: rows of channels.
    pub fn apply(&self, features: &mut [f32]) {
        for image in features.chunks_exact_mut(self.mean.len()) {
            let rows = image.chunks_exact_mut(self.scale.len()).zip(self.mean.chunks_exact(self.scale.len()));
            for (row, mean) in rows {
                for ((x, mean), scale) in row.iter_mut().zip(mean).zip(&self.scale) {
                    *x = (*x - mean) * scale;
                }
            }
        }
    }
}

/// Training pictures as they pass.
#[derive(Debug, Clone)]
pub struct Fit {
    images: u64,
    channels: usize,
    /// Of each token and channel.
    mean: Vec<f64>,
    /// Sum of squared differences from it.
    squares: Vec<f64>,
}

impl Fit {
    /// For features of the decoder's shape.
    pub fn new(decoder: &Decoder) -> Self {
        let numbers = decoder.grid().tokens() * decoder.channels();
        Self { images: 0, channels: decoder.channels(), mean: vec![0.0; numbers], squares: vec![0.0; numbers] }
    }

    /// Adds an image, by Welford's update.
    pub fn add(&mut self, features: &[f32]) {
        self.images += 1;
        let images = self.images as f64;
        for ((x, mean), squares) in features.iter().zip(&mut self.mean).zip(&mut self.squares) {
            let before = f64::from(*x) - *mean;
            *mean += before / images;
            *squares += before * (f64::from(*x) - *mean);
        }
    }

    /// What the images have in common.
    pub fn finish(&self) -> Normalization {
        let (channels, images) = (self.channels, self.images.max(1) as f64);
        let tokens = (self.mean.len() / channels) as f64;
        let per_channel = |numbers: &dyn Fn(usize) -> f64| -> Vec<f64> {
            (0..channels)
                .map(|channel| (channel..self.mean.len()).step_by(channels).map(numbers).sum::<f64>() / tokens)
                .collect()
        };
        let centre = per_channel(&|at| self.mean[at]);
        let within = per_channel(&|at| self.squares[at] / images);
        let between = per_channel(&|at| (self.mean[at] - centre[at % channels]).powi(2));
        let spread: Vec<f64> = within.iter().zip(&between).map(|(within, between)| (within + between).sqrt()).collect();
        let least = LEAST_SPREAD * spread.iter().copied().fold(0.0, f64::max);
        let scale: Vec<f64> =
            spread.iter().map(|spread| if *spread > 0.0 { spread.max(least).recip() } else { 0.0 }).collect();
        let square = within.iter().zip(&scale).map(|(within, scale)| within * scale * scale).sum::<f64>();
        let square = square / channels as f64;
        let factor = if square > 0.0 { square.sqrt().recip() } else { 1.0 };
        Normalization {
            mean: self.mean.iter().map(|mean| *mean as f32).collect(),
            scale: scale.iter().map(|scale| (scale * factor) as f32).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use moead_model::architecture::TokenGrid;

    use super::*;
    use crate::presets::Preset;
    use crate::random::{Purpose, Seed};

    #[test]
    fn means_of_places_go_and_the_mean_square_is_one() {
        let (channels, grid) = (5, TokenGrid { rows: 4, columns: 4 });
        let decoder = Decoder::new(channels, grid, &Preset::Tiny.reconstruction()).unwrap();
        let mut random = Seed(2).stream(Purpose::Order, &[]);
        let numbers = grid.tokens() * channels;
        // Channel 0 never varies; the others have spreads and means of their own, by place.
        let mut image = || -> Vec<f32> {
            let value = |at: usize| {
                let (place, channel) = (at / channels, at % channels);
                if channel == 0 { 7.0 } else { (channel * 10 + place) as f64 + channel as f64 * random.normals()[0] }
            };
            (0..numbers).map(value).map(|x| x as f32).collect()
        };
        let images: Vec<Vec<f32>> = (0..400).map(|_| image()).collect();
        let mut fit = Fit::new(&decoder);
        images.iter().for_each(|image| fit.add(image));
        let normalization = fit.finish();
        let mut all: Vec<f32> = images.concat();
        normalization.apply(&mut all);
        for at in 0..numbers {
            let mean = all.iter().skip(at).step_by(numbers).map(|x| f64::from(*x)).sum::<f64>() / 400.0;
            assert!(mean.abs() < 1e-5, "{at}: {mean}");
        }
        let square = all.iter().map(|x| f64::from(x * x)).sum::<f64>() / all.len() as f64;
        assert!((square - 1.0).abs() < 1e-5, "{square}");
        assert_eq!(normalization.scale[0], 0.0);
    }

    #[test]
    fn pictures_that_are_all_the_same_are_all_zero() {
        let decoder = Decoder::new(3, TokenGrid { rows: 4, columns: 4 }, &Preset::Tiny.reconstruction()).unwrap();
        let mut fit = Fit::new(&decoder);
        let image: Vec<f32> = (0..48).map(|at| at as f32).collect();
        (0..3).for_each(|_| fit.add(&image));
        let mut same = image.clone();
        fit.finish().apply(&mut same);
        assert!(same.iter().all(|x| *x == 0.0));
    }
}
