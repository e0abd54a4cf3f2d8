//! One kind of cell: what the network says of its pictures, and PaDiM of those that it was not fitted to.

use std::path::PathBuf;

use moead_calibration::dataset::{Sample, Split, Truth};
use moead_calibration::peers::head;
use moead_calibration::peers::padim::{Fitted, Padim};
use moead_model::architecture::TokenGrid;
use moead_model::manifest::Input;

use crate::subject::{Look, Looker, Subject};

pub(crate) const GRID: TokenGrid = TokenGrid { rows: 14, columns: 14 };

/// Pictures of one kind, each part in the order of its files.
pub(crate) struct Cells {
    pub(crate) kind: &'static str,
    pub(crate) training: Vec<Look>,
    /// For testing: halves a and b.
    pub(crate) good: [Vec<Look>; 2],
    pub(crate) defective: [Vec<Look>; 2],
    /// Files of the good ones for testing, both halves.
    pub(crate) good_files: Vec<PathBuf>,
    /// PaDiM on every second picture for training.
    pub(crate) padim: Fitted,
}

impl Cells {
    pub(crate) fn look(kind: &'static str, subject: &Subject, looker: &mut Looker) -> Self {
        let samples = subject.samples();
        let files = |half: &str, split: Split, is_good: bool| -> Vec<PathBuf> {
            let product = format!("{kind}-{half}");
            let is_wanted = |sample: &&Sample| {
                sample.product == product
                    && sample.split == Some(split)
                    && matches!(sample.truth, Truth::Good) == is_good
            };
            samples.iter().filter(is_wanted).map(|sample| sample.path.clone()).collect()
        };
        let good_files: Vec<_> = ["a", "b"].map(|half| files(half, Split::Test, true)).concat();
        let mut look = |files: Vec<PathBuf>| files.iter().map(|path| looker.read(path)).collect::<Vec<_>>();
        // Both halves have the same.
        let training = look(files("a", Split::Train, true));
        let good = ["a", "b"].map(|half| look(files(half, Split::Test, true)));
        let defective = ["a", "b"].map(|half| look(files(half, Split::Test, false)));
        let places = GRID.tokens();
        let channels = training[0].features.len() / places;
        let mut padim = Padim::new(channels, places, (0..channels).collect()).expect("a detector of 29 MB");
        training.iter().step_by(2).for_each(|look| padim.add(&look.features).expect("finite features"));
        let padim = padim.finish().expect("a detector");
        Self { kind, training, good, defective, good_files, padim }
    }

    /// Good pictures for testing of both halves.
    pub(crate) fn all_good(&self) -> impl Iterator<Item = &Look> {
        self.good.iter().flatten()
    }

    pub(crate) fn embeddings(&self) -> Vec<Vec<f32>> {
        self.training.iter().map(|look| look.embedding.clone()).collect()
    }

    /// PaDiM's score of a picture.
    pub(crate) fn padim_score(&self, look: &Look, input: &Input) -> f32 {
        let distances = self.padim.distances(&look.features).expect("features as fitted");
        head::score(&head::map(&distances, GRID, input.size()), input.size())
    }
}
