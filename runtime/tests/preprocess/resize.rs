//! The resize against Pillow's, and against a naive twin.

use moead_model::architecture::ImageSize;
use moead_model::self_test;
use moead_runtime::preprocess::picture::Picture;
use moead_runtime::preprocess::resize::{Resizer, resize};
use proptest::prelude::*;
use serde::Deserialize;

use crate::fnv1a64;

/// One line of `golden/resize.json`, written by `golden/resize.py`.
#[derive(Deserialize)]
struct Case {
    seed: u64,
    source: [usize; 2],
    target: [usize; 2],
    grey: bool,
    fnv1a64: String,
}

fn drawn(seed: u64, size: ImageSize) -> Picture {
    Picture::new(size, self_test::picture(seed, size)).expect("drawn in that size")
}

fn size([height, width]: [usize; 2]) -> ImageSize {
    ImageSize { height, width }
}

#[test]
fn every_bit_is_pillows() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("golden/resize.json")).unwrap();
    assert!(cases.len() >= 200);
    for case in cases {
        let mut picture = drawn(case.seed, size(case.source));
        if case.grey {
            picture.pixels_mut().as_chunks_mut().0.iter_mut().for_each(|pixel: &mut [u8; 3]| *pixel = [pixel[0]; 3]);
        }
        let resized = resize(&picture, size(case.target));
        assert_eq!(
            format!("{:016x}", fnv1a64(resized.pixels())),
            case.fnv1a64,
            "seed {}, {:?} to {:?}",
            case.seed,
            case.source,
            case.target
        );
    }
}

#[test]
fn a_resizer_can_be_used_again() {
    let (source, target) = (size([37, 80]), size([64, 48]));
    let mut resizer = Resizer::new(source, target);
    let mut resized = vec![0; 64 * 48 * 3];
    for seed in 0..4 {
        let picture = drawn(seed, source);
        resizer.resize_into(picture.pixels(), &mut resized).unwrap();
        assert_eq!(resized, resize(&picture, target).pixels());
    }
    let error = resizer.resize_into(&[0; 5], &mut resized).unwrap_err();
    assert_eq!(error.to_string(), "a picture of 37x80: expected 8880 bytes, found 5");
    let error = resizer.resize_into(drawn(1, source).pixels(), &mut resized[1..]).unwrap_err();
    assert_eq!(error.to_string(), "a picture of 64x48: expected 9216 bytes, found 9215");
}

#[test]
fn a_picture_without_pixels_is_no_crash() {
    let empty = Picture::filled(size([0, 7]), [9; 3]);
    assert_eq!(resize(&empty, size([2, 2])).pixels(), [0; 12]);
    assert!(resize(&Picture::filled(size([4, 4]), [9; 3]), size([0, 7])).pixels().is_empty());
}

/// The weights of one pixel of the target, computed in the way of a textbook: every pixel of the source is asked.
fn weights(at: usize, from: usize, to: usize) -> Vec<i64> {
    let scale = from as f64 / to as f64;
    let width = if scale < 1.0 { 1.0 } else { scale };
    let center = (at as f64 + 0.5) * scale;
    let end = (center + width + 0.5).floor() as i64;
    let begin = (center - width + 0.5).trunc() as i64;
    let triangle: Vec<f64> = (0..from)
        .map(|x| {
            let inside = (x as i64) >= begin && (x as i64) < end;
            let distance = ((x as f64 - center + 0.5) * (1.0 / width)).abs();
            if inside { (1.0 - distance).max(0.0) } else { 0.0 }
        })
        .collect();
    let sum: f64 = triangle.iter().sum();
    triangle.into_iter().map(|weight| (weight / sum * 4_194_304.0 + 0.5).floor() as i64).collect()
}

fn weighted(weights: &[i64], bytes: impl Iterator<Item = u8>) -> u8 {
    let sum: i64 = weights.iter().zip(bytes).map(|(weight, byte)| weight * i64::from(byte)).sum();
    ((sum + 2_097_152).div_euclid(4_194_304)).clamp(0, 255) as u8
}

/// One pass: pixel (line, at) of the source lies at `stride.0 * line + stride.1 * at`, and all of a line become one.
fn pass(bytes: &[u8], lines: usize, from: usize, to: usize, strides: [[usize; 2]; 2]) -> Vec<u8> {
    if from == to {
        return bytes.to_vec();
    }
    let [source, target] = strides;
    let mut passed = vec![0; lines * to * 3];
    for at in 0..to {
        let weights = weights(at, from, to);
        for line in 0..lines {
            for channel in 0..3 {
                let along = (0..from).map(|x| bytes[(line * source[0] + x * source[1]) * 3 + channel]);
                passed[(line * target[0] + at * target[1]) * 3 + channel] = weighted(&weights, along);
            }
        }
    }
    passed
}

/// One pixel at a time, and the whole picture between the passes.
fn naive(picture: &Picture, target: ImageSize) -> Vec<u8> {
    let source = picture.size();
    let horizontal =
        |bytes: &[u8], rows| pass(bytes, rows, source.width, target.width, [[source.width, 1], [target.width, 1]]);
    let vertical = |bytes: &[u8], columns| pass(bytes, columns, source.height, target.height, [[1, columns]; 2]);
    let [rows, columns] =
        [(source.height, target.height), (source.width, target.width)].map(|(from, to)| from as i64 - to as i64);
    if rows > 0 && rows > 2 * columns {
        horizontal(&vertical(picture.pixels(), source.width), target.height)
    } else {
        vertical(&horizontal(picture.pixels(), source.height), target.width)
    }
}

proptest! {
    #[test]
    fn the_naive_twin_agrees(seed: u64, source in [1usize..40, 1..40], target in [1usize..40, 1..40]) {
        let picture = drawn(seed, size(source));
        let resized = resize(&picture, size(target));
        prop_assert_eq!(resized.pixels(), naive(&picture, size(target)));
    }
}
