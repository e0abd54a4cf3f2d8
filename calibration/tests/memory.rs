//! Metrics of pixels in bounded memory, as the operating system counts it. A process of its own: nothing else may take memory.
#![cfg(target_os = "linux")]

use moead_calibration::metrics::pixels::{ALLOWED_ERROR, MaskView, PixelScores};
use moead_model::architecture::ImageSize;

const SIZE: ImageSize = ImageSize { height: 224, width: 224 };
/// Beyond 240 maps scores are counted in intervals, whose memory does not grow: 10,000 maps take what these take.
const MAPS: usize = 1200;

/// The most that this process ever had, in kilobytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux says what a process is");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the most memory is told");
    line.trim().trim_end_matches(" kB").parse().expect("in kilobytes")
}

#[test]
fn many_maps_of_all_magnitudes_take_less_than_200_megabytes() {
    let mut scores = PixelScores::default();
    let (mut map, mut mask) = (vec![0.0; SIZE.height * SIZE.width], vec![0; SIZE.height * SIZE.width]);
    let mut state = 1_u64;
    for number in 0..MAPS {
        mask.fill(0);
        for (at, value) in map.iter_mut().enumerate() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Uniform in the exponent, over every magnitude that f32 has: as many pages as there can be above 0.
            *value = f32::from_bits((state >> 33) as u32 % 0x7f80_0000);
            if number % 4 == 0 && at % 224 < 40 {
                mask[at] = 1;
                *value = (*value * 2.0).min(f32::MAX);
            }
        }
        scores.add(&map, MaskView::Pixels(&mask), SIZE).unwrap();
    }
    let ranked = scores.finish();
    for found in [ranked.auroc(), ranked.average_precision(), ranked.f1_max().map(|best| best.f1), ranked.aupro()] {
        let found = found.unwrap();
        assert!(found.error > 0.0 && found.error < ALLOWED_ERROR, "{found:?}");
    }
    assert!(peak() < 200_000, "{} kB", peak());
}
