//! On an engine that answers what a test wants.

use std::fs;
use std::path::Path;

use moead_model::architecture::ImageSize;
use moead_model::manifest::Resize;

use super::*;
use crate::dataset::Dataset;

const INPUT: ImageSize = ImageSize { height: 4, width: 6 };

fn input() -> Input {
    let (ImageSize { height, width }, extra) = (INPUT, serde_json::Map::new());
    Input { height, width, mean: [0.0; 3], std: [1.0; 3], resize: Resize::PilBilinear, extra }
}

/// The score is the mean of what it sees, the map its first plane.
struct Mirror {
    poisoned: Option<f32>,
    outputs: bool,
}

impl Engine for Mirror {
    fn input(&self) -> ImageSize {
        INPUT
    }

    fn run(&mut self, planes: &[f32]) -> Result<Outputs, EngineError> {
        let mut map = planes[..24].to_vec();
        let score = Tensor { shape: vec![1], data: vec![map.iter().sum::<f32>() / 24.0] };
        if let Some(value) = self.poisoned.filter(|_| map[0] > 0.5) {
            map[7] = value;
        }
        let map = Tensor { shape: vec![1, 1, 4, 6], data: map };
        let all = vec![(Output::PredScore, score), (Output::AnomalyMap, map)];
        Ok(Outputs::new(if self.outputs { all } else { Vec::new() }))
    }
}

const HONEST: Mirror = Mirror { poisoned: None, outputs: true };

fn grey(path: &Path, value: u8, width: u32, height: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    image::GrayImage::from_pixel(width, height, image::Luma([value])).save(path).unwrap();
}

/// Two good pictures, three defective ones: with mask, without, with one of another size.
fn data() -> (tempfile::TempDir, Vec<Sample>) {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    grey(&at("good/a.png"), 0, 6, 4);
    fs::write(at("good/b.png"), "no picture").unwrap();
    for name in ["c", "d", "e"] {
        grey(&at(&format!("defect/{name}.png")), 255, 6, 4);
    }
    let mask = image::GrayImage::from_fn(6, 4, |x, _| image::Luma([if x == 5 { 1 } else { 0 }]));
    fs::create_dir(at("masks")).unwrap();
    mask.save(at("masks/c.png")).unwrap();
    grey(&at("masks/e.png"), 255, 3, 2);
    let samples = Dataset::open(folder.path(), None).unwrap().samples;
    (folder, samples)
}

fn run(engine: Mirror, samples: &[Sample], most: usize) -> (Vec<String>, Result<(), CollectError>) {
    let mut seen = Vec::new();
    let mut crew = Crew::new(engine);
    let ended = collect(&mut crew, &input(), samples, &mut Allowance::new(most), |event| {
        seen.push(match event {
            Event::Judged(Judged { sample, score, truth, .. }) => {
                let truth = match truth {
                    PixelTruth::Mask(pixels) => format!("{} pixels", pixels.iter().filter(|pixel| **pixel > 0).count()),
                    other => format!("{other:?}"),
                };
                format!("{sample}: {score} {truth}")
            }
            Event::Unjudged { path, cause } => {
                let cause = cause.to_string();
                let cause = cause.rsplit('/').next().unwrap();
                format!("{}: {cause}", path.file_name().unwrap().display())
            }
        });
        ControlFlow::Continue(())
    });
    (seen, ended)
}

#[test]
fn every_picture_is_judged_or_named() {
    let (_folder, samples) = data();
    let (seen, ended) = run(HONEST, &samples, 2);
    ended.unwrap();
    let expected = [
        "0: 0 Good",
        "b.png: not a PNG, JPEG, BMP, TIFF or WebP: begins with 6e 6f 20 70 69 63 74 75",
        "2: 1 4 pixels",
        "3: 1 AllDefective",
        "e.png: e.png: expected a mask with the sides of the picture, 4x6, found 2x3",
    ];
    assert_eq!(seen, expected);
}

#[test]
fn several_engines_answer_in_the_order_of_the_pictures() {
    let (_folder, samples) = data();
    let samples = vec![samples; 7].concat();
    let (alone, _) = run(HONEST, &samples, 99);
    let mut crew = Crew::new(HONEST).and(HONEST).and(HONEST);
    let mut seen = Vec::new();
    collect(&mut crew, &input(), &samples, &mut Allowance::new(99), |event| {
        seen.push(match event {
            Event::Judged(Judged { sample, score, .. }) => format!("{sample}: {score}"),
            Event::Unjudged { path, .. } => path.file_name().unwrap().display().to_string(),
        });
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(seen.len(), 35);
    assert!(alone.iter().zip(&seen).all(|(alone, seen)| alone.starts_with(seen)), "{seen:?}");
}

#[test]
fn an_end_that_is_asked_for_comes_with_several_engines_too() {
    let (_folder, samples) = data();
    let mut crew = Crew::new(HONEST).and(HONEST);
    let mut seen = 0;
    collect(&mut crew, &input(), &vec![samples.clone(); 40].concat(), &mut Allowance::new(99), |_| {
        seen += 1;
        if seen == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .unwrap();
    assert_eq!(seen, 3);
    let broken = || Mirror { poisoned: None, outputs: false };
    let mut crew = Crew::new(broken()).and(broken());
    let ended = collect(&mut crew, &input(), &samples, &mut Allowance::new(99), |_| ControlFlow::Continue(()));
    assert_eq!(ended.unwrap_err().to_string(), "output pred_score: expected 1, found []");
}

#[test]
fn too_many_that_cannot_be_judged_end_the_run() {
    let (_folder, samples) = data();
    let (seen, ended) = run(HONEST, &samples, 0);
    assert_eq!(seen.len(), 2);
    assert_eq!(ended.unwrap_err().to_string(), "1 pictures cannot be used, at most 0 are allowed");
}

#[test]
fn an_answer_that_is_no_number_is_no_score() {
    let (_folder, samples) = data();
    let (seen, _) = run(Mirror { poisoned: Some(f32::NAN), outputs: true }, &samples, 4);
    assert_eq!(seen[2], "c.png: anomaly_map: expected finite numbers, found NaN");
}

#[test]
fn a_missing_output_ends_the_run() {
    let (_folder, samples) = data();
    let error = run(Mirror { poisoned: None, outputs: false }, &samples, 4).1.unwrap_err();
    assert_eq!(error.to_string(), "output pred_score: expected 1, found []");
}

#[test]
fn a_mask_of_which_nothing_is_left_makes_a_good_picture() {
    assert!(!PixelTruth::Mask(vec![0; 24]).is_defective());
    assert!(PixelTruth::Unknown.is_defective() && PixelTruth::Unknown.view().is_none());
}
