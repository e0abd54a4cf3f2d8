//! The ten products' pictures, as features.

use std::path::Path;

use moead_calibration::dataset::mask::Mask;
use moead_model::architecture::ImageSize;
use moead_runtime::preprocess::decode;
use moead_runtime::preprocess::picture::Picture;
use moead_training::defects::{self, Kind};
use moead_training::learnt::Learnt;
use moead_training::presets::Preset;
use moead_training::random::{Purpose, Seed, Stream};
use moead_training::store::{Store, Writer};
use serde_json::json;

use crate::designs::Design;
use crate::extractor::Extractor;

/// Good pictures to learn from, good and defective ones to judge by.
const LEARNT: usize = 100;
const GOOD: usize = 50;
const DEFECTIVE: usize = 80;

/// Side of a photograph's crops.
const CROP: usize = 160;

/// A picture to judge by.
pub(crate) struct Judge {
    /// In the store.
    pub(crate) place: usize,
    pub(crate) product: usize,
    /// Of the network's size; None: good.
    pub(crate) mask: Option<Vec<u8>>,
}

pub(crate) struct Pictures {
    pub(crate) extractor: Extractor,
    pub(crate) store: Store,
    /// By product, places in the store.
    learnt: Vec<Vec<usize>>,
    pub(crate) judges: Vec<Judge>,
    _folder: tempfile::TempDir,
}

/// What pictures are taken of.
enum Subject {
    Drawn(Design),
    /// A photograph: learnt from its left part, judged by its right.
    Photograph(Picture),
}

impl Subject {
    fn picture(&self, is_learnt: bool, random: &mut Stream) -> Picture {
        let photograph = match self {
            Self::Drawn(design) => return design.picture(random),
            Self::Photograph(photograph) => photograph,
        };
        let ImageSize { height, width } = photograph.size();
        let (first, behind) = if is_learnt { (0, width * 5 / 8) } else { (width * 5 / 8, width) };
        let (x, y) = (first + random.below(behind - first - CROP + 1), random.below(height - CROP + 1));
        let rows = (y..y + CROP)
            .flat_map(|row| photograph.pixels()[(row * width + x) * 3..(row * width + x + CROP) * 3].iter().copied());
        Picture::new(ImageSize { height: CROP, width: CROP }, rows.collect()).unwrap()
    }
}

impl Pictures {
    pub(crate) fn draw(cache: &Path, preset: Preset) -> Self {
        let photograph = |name: &str| Subject::Photograph(decode::read(&cache.join(name)).unwrap());
        let drawn = |seed: u64| Subject::Drawn(Design::new(seed));
        // The first ones are what few products are.
        let subjects = [
            drawn(1),
            photograph("brick.png"),
            drawn(2),
            drawn(3),
            photograph("grass.png"),
            drawn(4),
            drawn(5),
            photograph("gravel.png"),
            drawn(6),
            drawn(7),
        ];
        let mut extractor = Extractor::new(&cache.join("weights.pth"), preset);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("products.features");
        let sides = extractor.sides();
        let mut bytes = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
        let mut writer = Writer::new(&mut bytes, sides);
        let mut count = 0;
        let mut add = |extractor: &mut Extractor, picture: &Picture| -> usize {
            writer.add(count, &extractor.features(picture)).unwrap();
            count += 1;
            count - 1
        };
        let (mut learnt, mut judges) = (Vec::new(), Vec::new());
        for (product, subject) in subjects.iter().enumerate() {
            let random =
                |what: u64, number: usize| Seed(0).stream(Purpose::HeldOut, &[product as u64, what, number as u64]);
            let places = (0..LEARNT).map(|at| add(&mut extractor, &subject.picture(true, &mut random(0, at))));
            learnt.push(places.collect());
            for at in 0..GOOD {
                let place = add(&mut extractor, &subject.picture(false, &mut random(1, at)));
                judges.push(Judge { place, product, mask: None });
            }
            for at in 0..DEFECTIVE {
                let good = subject.picture(false, &mut random(2, at));
                let mut picture = good.clone();
                defects::draw(&mut picture, Kind::ALL[at % Kind::ALL.len()], &mut random(3, at));
                let pixels = defects::mask(&picture, &good);
                let mask = Mask { size: picture.size(), pixels }.resized(extractor.size);
                // A defect that has the colour of what it covers is none.
                if mask.iter().any(|&pixel| pixel > 0) {
                    judges.push(Judge { place: add(&mut extractor, &picture), product, mask: Some(mask) });
                }
            }
        }
        writer.finish(&json!({})).unwrap();
        drop(bytes);
        let store = Store::open(&path, sides, &json!({})).unwrap();
        Self { extractor, store, learnt, judges, _folder: folder }
    }

    /// Tokens and channels.
    pub(crate) fn sides(&self) -> [usize; 2] {
        self.extractor.sides()
    }

    /// Where the pictures are that are learnt from, of the first products.
    pub(crate) fn places(&self, count: usize) -> Vec<usize> {
        self.learnt[..count].concat()
    }

    /// These pictures.
    pub(crate) fn learnt(&self, count: usize) -> Learnt<'_> {
        Learnt::of(&self.store, &self.places(count))
    }

    /// Of one product.
    pub(crate) fn learnt_of(&self, product: usize) -> Learnt<'_> {
        Learnt::of(&self.store, &self.learnt[product])
    }

    /// Features of a picture, channels x tokens, as PaDiM takes them.
    pub(crate) fn transposed(&self, features: &[f32]) -> Vec<f32> {
        let [tokens, channels] = self.sides();
        (0..channels).flat_map(|channel| (0..tokens).map(move |token| features[token * channels + channel])).collect()
    }
}
