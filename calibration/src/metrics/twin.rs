//! Against naive twins: definitions by loops over all pairs and all thresholds.

use moead_model::architecture::ImageSize;
use proptest::prelude::*;

use super::pixels::{MaskView, PixelScores};
use super::ranking::{Ranking, Truth};
use super::{average_precision, f1, pro, roc};

const TOLERANCE: f64 = 1e-12;

fn thresholds(scores: &[f32]) -> Vec<f32> {
    let mut thresholds = scores.to_vec();
    thresholds.sort_by(|a, b| b.total_cmp(a));
    thresholds.dedup();
    thresholds
}

/// True and false positives at each threshold, falling.
fn counts(scores: &[f32], defective: &[bool]) -> Vec<(f64, f64)> {
    let count = |threshold: f32, wanted: bool| {
        scores.iter().zip(defective).filter(|(score, truth)| **score >= threshold && **truth == wanted).count() as f64
    };
    thresholds(scores).into_iter().map(|threshold| (count(threshold, true), count(threshold, false))).collect()
}

fn naive_auroc(scores: &[f32], defective: &[bool]) -> f64 {
    let (mut sum, mut pairs) = (0.0, 0.0);
    for (a, _) in scores.iter().zip(defective).filter(|(_, truth)| **truth) {
        for (b, _) in scores.iter().zip(defective).filter(|(_, truth)| !**truth) {
            sum += if a > b {
                1.0
            } else if a == b {
                0.5
            } else {
                0.0
            };
            pairs += 1.0;
        }
    }
    sum / pairs
}

fn naive_average_precision(scores: &[f32], defective: &[bool]) -> f64 {
    let all = defective.iter().filter(|truth| **truth).count() as f64;
    let (mut sum, mut before) = (0.0, 0.0);
    for (hits, alarms) in counts(scores, defective) {
        sum += (hits - before) / all * hits / (hits + alarms);
        before = hits;
    }
    sum
}

fn naive_f1(scores: &[f32], defective: &[bool]) -> f64 {
    let all = defective.iter().filter(|truth| **truth).count() as f64;
    counts(scores, defective).into_iter().map(|(hits, alarms)| 2.0 * hits / (all + hits + alarms)).fold(0.0, f64::max)
}

/// Region names of a mask by repeated joining of neighbours.
fn naive_regions(mask: &[bool], columns: usize) -> Vec<usize> {
    let mut names: Vec<usize> = (0..mask.len()).collect();
    loop {
        let before = names.clone();
        for a in 0..mask.len() {
            for b in 0..mask.len() {
                let near = (a / columns).abs_diff(b / columns) <= 1 && (a % columns).abs_diff(b % columns) <= 1;
                if near && mask[a] && mask[b] {
                    names[a] = names[a].min(names[b]);
                }
            }
        }
        if names == before {
            return names;
        }
    }
}

fn naive_aupro(maps: &[Vec<f32>], masks: &[Vec<bool>], columns: usize, limit: f64) -> f64 {
    let (mut good, mut regions) = (Vec::new(), Vec::new());
    for (map, mask) in maps.iter().zip(masks) {
        let names = naive_regions(mask, columns);
        good.extend(map.iter().zip(mask).filter(|(_, truth)| !**truth).map(|(score, _)| *score));
        for name in (0..mask.len()).filter(|name| mask[*name] && names[*name] == *name) {
            let of_region = |at: &usize| mask[*at] && names[*at] == name;
            regions.push((0..mask.len()).filter(of_region).map(|at| map[at]).collect::<Vec<_>>());
        }
    }
    let share = |values: &[f32], threshold: f32| {
        values.iter().filter(|value| **value >= threshold).count() as f64 / values.len() as f64
    };
    let all: Vec<f32> = maps.concat();
    let (mut x0, mut y0, mut area) = (0.0, 0.0, 0.0);
    for threshold in thresholds(&all) {
        let x1 = share(&good, threshold);
        let y1 = regions.iter().map(|region| share(region, threshold)).sum::<f64>() / regions.len() as f64;
        if x1 > limit {
            let y = y0 + (y1 - y0) * (limit - x0) / (x1 - x0);
            return (area + (limit - x0) * (y0 + y) / 2.0) / limit;
        }
        area += (x1 - x0) * (y0 + y1) / 2.0;
        (x0, y0) = (x1, y1);
    }
    area / limit
}

/// Scores of few distinct values (many ties) or of many.
fn scores(count: impl Into<prop::collection::SizeRange> + Clone) -> impl Strategy<Value = Vec<f32>> {
    prop_oneof![
        prop::collection::vec((-3..4_i8).prop_map(f32::from), count.clone()),
        prop::collection::vec(-1e3_f32..1e3, count.clone()),
        prop::collection::vec(1.0_f32..1.000_01, count),
    ]
}

proptest! {
    #[test]
    fn rankings_agree(scores in scores(2..60), seed in prop::collection::vec(any::<bool>(), 60)) {
        let mut defective = seed[..scores.len()].to_vec();
        (defective[0], defective[1]) = (true, false);
        let truths: Vec<_> = defective.iter().map(|bad| if *bad { Truth::Defective } else { Truth::Good }).collect();
        let ranking = Ranking::new(&scores, &truths).unwrap();
        let found = [
            roc::auroc(&ranking).unwrap().value,
            average_precision::average_precision(&ranking).unwrap().value,
            f1::f1_max(&ranking).unwrap().f1.value,
        ];
        let expected = [
            naive_auroc(&scores, &defective),
            naive_average_precision(&scores, &defective),
            naive_f1(&scores, &defective),
        ];
        for (found, expected) in found.into_iter().zip(expected) {
            prop_assert!((found - expected).abs() < TOLERANCE, "{found} {expected}");
        }
    }

    #[test]
    fn pixels_agree_exactly_and_binned_within_the_stated_error(
        columns in 1_usize..7,
        rows in 1_usize..6,
        values in scores(2 * 42),
        marks in prop::collection::vec(any::<bool>(), 2 * 42),
        limit in 0.05_f64..1.0,
        bins in prop_oneof![Just(usize::MAX), Just(0_usize), 10_usize..100_000],
    ) {
        let pixels = rows * columns;
        let maps: Vec<_> = values.chunks(42).map(|map| map[..pixels].to_vec()).collect();
        let mut masks: Vec<_> = marks.chunks(42).map(|mask| mask[..pixels].to_vec()).collect();
        (masks[0][0], masks[1][0]) = (true, false);
        let mut scores = if bins == usize::MAX { PixelScores::default() } else { PixelScores::with_memory(0, bins) };
        for (map, mask) in maps.iter().zip(&masks) {
            let mask: Vec<u8> = mask.iter().map(|bad| if *bad { 255 } else { 0 }).collect();
            scores.add(map, MaskView::Pixels(&mask), ImageSize { height: rows, width: columns }).unwrap();
        }
        let ranked = scores.finish();
        let (all, defective) = (maps.concat(), masks.concat());
        let ranking = &ranked.ranking;
        for (found, expected) in [
            (roc::auroc(ranking).unwrap(), naive_auroc(&all, &defective)),
            (average_precision::average_precision(ranking).unwrap(), naive_average_precision(&all, &defective)),
            (f1::f1_max(ranking).unwrap().f1, naive_f1(&all, &defective)),
            (pro::aupro(ranking, ranked.regions, limit).unwrap(), naive_aupro(&maps, &masks, columns, limit)),
        ] {
            prop_assert!((found.value - expected).abs() <= found.error + TOLERANCE, "{found:?} {expected}");
            prop_assert!(bins != usize::MAX || found.error == 0.0);
        }
    }
}
