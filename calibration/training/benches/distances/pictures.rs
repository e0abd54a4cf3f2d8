//! Features of all pictures, and what each is for.

use std::path::Path;

use moead_calibration::dataset::{Dataset, Sample, Split, Truth};
use moead_runtime::preprocess::decode;
use moead_training::defects::{self, Kind};
use moead_training::hold_out;
use moead_training::learnt::Learnt;
use moead_training::presets::Preset;
use moead_training::random::{Purpose, Seed};
use moead_training::store::{Store, Writer};
use serde_json::json;

use crate::extractor::Extractor;

/// Both kinds of cells; each has two halves.
pub(crate) const PRODUCTS: [&str; 2] = ["mono", "poly"];
/// Of each picture that is held back, as `moead-train` has it.
const DRAWN: usize = 2;

/// A picture to judge by.
pub(crate) struct Judge {
    /// In the store.
    pub(crate) place: usize,
    pub(crate) product: usize,
    pub(crate) is_defective: bool,
}

pub(crate) struct Pictures {
    pub(crate) extractor: Extractor,
    pub(crate) store: Store,
    /// Place in the store and product.
    pub(crate) training: Vec<(usize, usize)>,
    /// Held back, without and with drawn defects.
    pub(crate) drawn: Vec<Judge>,
    /// For choosing.
    pub(crate) half_a: Vec<Judge>,
    /// For reports.
    pub(crate) half_b: Vec<Judge>,
    _folder: tempfile::TempDir,
}

impl Pictures {
    pub(crate) fn read(cache: &Path, preset: Preset, seed: Seed) -> Self {
        let mut extractor = Extractor::new(&cache.join("weights.pth"), preset);
        let all = Dataset::open(&cache.join("apart"), None).unwrap().samples;
        let of = |product: usize, half: &str, split: Split| -> Vec<Sample> {
            let name = format!("{}-{half}", PRODUCTS[product]);
            all.iter().filter(|sample| sample.product == name && sample.split == Some(split)).cloned().collect()
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cells.features");
        let sides = extractor.sides();
        let mut bytes = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
        let mut writer = Writer::new(&mut bytes, sides);
        let mut count = 0;
        let mut add = |sample: &Sample, alter: &dyn Fn(&mut _)| -> usize {
            let mut picture = decode::read(&sample.path).unwrap();
            alter(&mut picture);
            writer.add(count, &extractor.features(&picture)).unwrap();
            count += 1;
            count - 1
        };
        let good: Vec<(usize, Sample)> = [0, 1]
            .iter()
            .flat_map(|product| of(*product, "a", Split::Train).into_iter().map(|it| (*product, it)))
            .collect();
        let by_product = |product: usize| (0..good.len()).filter(|at| good[*at].0 == product).collect::<Vec<_>>();
        let division = hold_out::divide(
            ["mono-a", "poly-a"].into_iter().enumerate().map(|(at, name)| (name, by_product(at))),
            seed,
        );
        let training = division.training.iter().map(|at| (add(&good[*at].1, &|_| {}), good[*at].0)).collect();
        let mut drawn = Vec::new();
        for (held, at) in division.held_out.iter().enumerate() {
            let (product, sample) = &good[*at];
            drawn.push(Judge { place: add(sample, &|_| {}), product: *product, is_defective: false });
            for number in DRAWN * held..DRAWN * (held + 1) {
                let random = || seed.stream(Purpose::Defects, &[number as u64]);
                let place = add(sample, &|picture| defects::draw(picture, Kind::ALL[number % 4], &mut random()));
                drawn.push(Judge { place, product: *product, is_defective: true });
            }
        }
        let [half_a, half_b] = ["a", "b"].map(|half| {
            let mut judges = Vec::new();
            for product in [0, 1] {
                for sample in of(product, half, Split::Test) {
                    let is_defective = !matches!(sample.truth, Truth::Good);
                    judges.push(Judge { place: add(&sample, &|_| {}), product, is_defective });
                }
            }
            judges
        });
        writer.finish(&json!({})).unwrap();
        drop(bytes);
        let store = Store::open(&path, sides, &json!({})).unwrap();
        Self { extractor, store, training, drawn, half_a, half_b, _folder: folder }
    }

    /// What is learnt from.
    pub(crate) fn learnt(&self) -> Learnt<'_> {
        Learnt::of(&self.store, &self.training.iter().map(|(place, _)| *place).collect::<Vec<_>>())
    }

    /// Tokens and channels.
    pub(crate) fn sides(&self) -> [usize; 2] {
        self.extractor.sides()
    }
}
