//! The pictures of a product that tell most about a model: defective ones of low score, good ones of high score.

use std::path::PathBuf;

use moead_model::architecture::ImageSize;

use crate::collect::{Judged, PixelTruth};
use crate::dataset::{self, Sample};
use crate::metrics::ranking::Truth;

/// Kept of each kind. Each keeps its map and mask: 250 kB for 224 x 224.
pub const MOST: usize = 6;

/// A picture with the model's answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Exhibit {
    /// The file.
    pub path: PathBuf,
    /// The kind of defect, as the data set names it.
    pub kind: Option<String>,
    /// The model's.
    pub score: f32,
    /// H x W.
    pub map: Vec<f32>,
    /// H x W, where it is known.
    pub mask: Option<Vec<u8>>,
}

/// The worst of both kinds.
#[derive(Debug, Clone, PartialEq)]
pub struct Gallery {
    /// Of maps and masks.
    pub size: ImageSize,
    /// Defective, the lowest score first.
    pub low_defective: Vec<Exhibit>,
    /// Good, the highest score first.
    pub high_good: Vec<Exhibit>,
}

impl Gallery {
    /// An empty one.
    pub fn new(size: ImageSize) -> Self {
        Self { size, low_defective: Vec::new(), high_good: Vec::new() }
    }

    /// Keeps a picture if it is among the worst so far; of equal ones the first.
    pub fn add(&mut self, sample: &Sample, truth: Truth, judged: Judged) {
        let (exhibits, is_worse): (_, fn(f32, f32) -> bool) = match truth {
            Truth::Good => (&mut self.high_good, |new, old| new > old),
            Truth::Defective => (&mut self.low_defective, |new, old| new < old),
        };
        let place = exhibits.iter().position(|exhibit| is_worse(judged.score, exhibit.score));
        let place = place.unwrap_or(exhibits.len());
        if place == MOST {
            return;
        }
        let mask = match judged.truth {
            PixelTruth::Mask(pixels) => Some(pixels),
            PixelTruth::Good | PixelTruth::AllDefective | PixelTruth::Unknown => None,
        };
        let kind = match &sample.truth {
            dataset::Truth::Good => None,
            dataset::Truth::Defective { kind, .. } => Some(kind.clone()),
        };
        let (path, score, map) = (sample.path.clone(), judged.score, judged.map.data);
        exhibits.insert(place, Exhibit { path, kind, score, map, mask });
        exhibits.truncate(MOST);
    }
}
