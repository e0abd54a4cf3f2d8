//! Against scikit-learn and the evaluation of MVTec: `tests/golden/metrics`, whose script says what was computed.

use std::fs;
use std::path::Path;

use moead_model::architecture::ImageSize;
use safetensors::SafeTensors;
use serde_json::Value;

use super::pixels::{MaskView, PixelScores};
use super::ranking::{Ranking, Truth};
use super::{average_precision, f1, roc};

/// Both sides are f64 over the same f32 scores and differ in the order of a few thousand additions: 3e-16 was measured, 1e-13 is what such sums
/// may do. The published evaluation and the script differ by 3e-14.
const TOLERANCE: f64 = 1e-12;

struct Set {
    size: ImageSize,
    maps: Vec<f32>,
    masks: Vec<u8>,
    image_scores: Vec<f32>,
    image_labels: Vec<u8>,
}

fn sets() -> (Value, Vec<(String, Set)>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/metrics");
    let expected: Value = serde_json::from_slice(&fs::read(folder.join("expected.json")).unwrap()).unwrap();
    let bytes = fs::read(folder.join("inputs.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let set = |name: &String| {
        let floats = |what: &str| -> Vec<f32> {
            let tensor = tensors.tensor(&format!("{name}.{what}")).unwrap();
            tensor.data().chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
        };
        let bytes = |what: &str| tensors.tensor(&format!("{name}.{what}")).unwrap().data().to_vec();
        let shape = tensors.tensor(&format!("{name}.maps")).unwrap().shape().to_vec();
        Set {
            size: ImageSize { height: shape[1], width: shape[2] },
            maps: floats("maps"),
            masks: bytes("masks"),
            image_scores: floats("image_scores"),
            image_labels: bytes("image_labels"),
        }
    };
    let sets: Vec<_> = expected.as_object().unwrap().keys().map(|name| (name.clone(), set(name))).collect();
    assert_eq!(sets.len(), 6);
    (expected, sets)
}

fn pixels(set: &Set, mut scores: PixelScores) -> PixelScores {
    let pixels = set.size.height * set.size.width;
    for (map, mask) in set.maps.chunks(pixels).zip(set.masks.chunks(pixels)) {
        scores.add(map, MaskView::Pixels(mask), set.size).unwrap();
    }
    scores
}

/// The difference to an expected value; undefined must be absent.
fn difference(what: &str, found: Option<f64>, expected: &Value) -> f64 {
    match (found, expected.as_f64()) {
        (Some(found), Some(expected)) => (found - expected).abs(),
        (None, None) => 0.0,
        (found, _) => panic!("{what}: expected {expected}, found {found:?}"),
    }
}

#[test]
fn pictures_and_pixels_as_scikit_learn_has_them() {
    let (expected, sets) = sets();
    let mut worst = 0.0_f64;
    for (name, set) in &sets {
        let truths: Vec<_> =
            set.image_labels.iter().map(|label| if *label > 0 { Truth::Defective } else { Truth::Good }).collect();
        let images = Ranking::new(&set.image_scores, &truths).unwrap();
        let ranked = pixels(set, PixelScores::default()).finish();
        for (part, ranking) in [("image", &images), ("pixel", &ranked.ranking)] {
            let expected = &expected[name.as_str()][part];
            let best = f1::f1_max(ranking).ok();
            for (metric, found) in [
                ("auroc", roc::auroc(ranking).ok().map(|found| found.value)),
                ("ap", average_precision::average_precision(ranking).ok().map(|found| found.value)),
                ("f1max", best.map(|best| best.f1.value)),
                ("f1max_threshold", best.map(|best| f64::from(best.threshold))),
            ] {
                worst = worst.max(difference(&format!("{name} {part} {metric}"), found, &expected[metric]));
            }
        }
        let found = ranked.aupro().ok().map(|found| found.value);
        worst = worst.max(difference(name, found, &expected[name.as_str()]["pixel"]["aupro"]));
    }
    assert!(worst < TOLERANCE, "worst difference {worst:e}, allowed {TOLERANCE:e}");
}

#[test]
fn binned_pixels_keep_their_stated_error() {
    let (expected, sets) = sets();
    for (name, set) in &sets {
        // From coarse (some intervals for each page of numbers) to fine.
        for bins in [1_000, 30_000, 3_000_000] {
            let ranked = pixels(set, PixelScores::with_memory(0, bins)).finish();
            let expected = &expected[name.as_str()]["pixel"];
            let ranking = &ranked.ranking;
            for (metric, found) in [
                ("auroc", roc::auroc(ranking).ok()),
                ("ap", average_precision::average_precision(ranking).ok()),
                ("f1max", f1::f1_max(ranking).ok().map(|best| best.f1)),
                ("aupro", super::pro::aupro(ranking, ranked.regions, 0.3).ok()),
            ] {
                let worst = difference(name, found.map(|found| found.value), &expected[metric]);
                let stated = found.map_or(0.0, |found| found.error);
                assert!(
                    worst <= stated + TOLERANCE,
                    "{name} {metric}, {bins} bins: off by {worst:e}, stated {stated:e}"
                );
                assert!(bins < 3_000_000 || stated < 1e-4, "{name} {metric}: stated {stated:e}");
            }
        }
    }
}
