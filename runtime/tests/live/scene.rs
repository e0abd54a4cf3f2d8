//! A drawn belt with parts on it, and an anomaly map that knows where the scratch is.

use std::time::Duration;

use moead_model::architecture::ImageSize;

use moead_runtime::score::regions::{self, Rect, Region};
use moead_runtime::score::verdict::{Score, Threshold, Verdict};
use moead_runtime::sinks::http::{Observation, View};
use moead_runtime::stream::clock::{Monotonic, WallClock};
use moead_runtime::stream::judge::Latency;
use moead_runtime::stream::tally::Counts;

/// Of whole frames.
pub(super) const SIZE: ImageSize = ImageSize { height: 480, width: 640 };
const WHOLE: Rect = Rect { x: 0, y: 0, width: SIZE.width, height: SIZE.height };
const MAP: ImageSize = ImageSize { height: 60, width: 80 };

/// A frame and what a network would say about it.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    pub(super) pixels: Vec<u8>,
    map: Vec<f32>,
    regions: Vec<Region>,
    pub(super) score: f32,
    threshold: Threshold,
}

/// Pixel noise that is the same everywhere.
fn noise(x: usize, y: usize, number: u64) -> f32 {
    let mixed =
        (x as u64 * 0x9e37_79b9).wrapping_add(y as u64 * 0x85eb_ca6b).wrapping_add(number.wrapping_mul(0xc2b2_ae35));
    let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x2c1b_3c6d_0000_0001);
    ((mixed >> 40) & 0xff) as f32 / 255.0 - 0.5
}

impl Scene {
    /// Frame `number`: a part that moves to the right, with a scratch on it or without.
    pub(super) fn draw(number: u64, has_scratch: bool) -> Self {
        let centre = (150.0 + (number * 37 % 340) as f32, 240.0);
        let scratch = (centre.0 + 45.0, centre.1 - 30.0);
        let mut pixels = Vec::with_capacity(SIZE.height * SIZE.width * 3);
        for y in 0..SIZE.height {
            for x in 0..SIZE.width {
                let (dx, dy) = (x as f32 - centre.0, y as f32 - centre.1);
                let radius = dx.hypot(dy);
                let along = (x as f32 - scratch.0) * 0.8 + (y as f32 - scratch.1) * 0.6;
                let across = (y as f32 - scratch.1) * 0.8 - (x as f32 - scratch.0) * 0.6;
                let colour = if has_scratch && along.abs() < 34.0 && across.abs() < 2.5 && radius < 130.0 {
                    [58.0, 44.0, 40.0]
                } else if (40.0..130.0).contains(&radius) {
                    let light = 150.0 - 0.35 * dx - 0.25 * dy;
                    [light, light + 4.0, light + 10.0]
                } else {
                    let belt = if (x + 3 * number as usize) % 160 < 3 { 66.0 } else { 82.0 };
                    [belt, belt + 5.0, belt + 2.0]
                };
                pixels.extend(colour.map(|value| (value + 10.0 * noise(x, y, number)) as u8));
            }
        }
        let threshold = Threshold::new(4.5).unwrap();
        let peak = if has_scratch { 7.4 } else { 0.0 };
        let map: Vec<f32> = (0..MAP.height * MAP.width)
            .map(|at| {
                let (x, y) = ((at % MAP.width) as f32 * 8.0 + 4.0, (at / MAP.width) as f32 * 8.0 + 4.0);
                let distance = (x - scratch.0).hypot(y - scratch.1);
                1.1 + 0.8 * noise(at, 7, number) + peak * (-(distance / 38.0).powi(2)).exp()
            })
            .collect();
        let score = if has_scratch { 6.3 } else { 2.2 } + 0.9 * noise(1, 1, number);
        let regions = regions::find(&map, MAP, threshold, SIZE);
        Self { pixels, map, regions, score, threshold }
    }

    /// Pixels that no compression makes small.
    pub(super) fn noise() -> Self {
        let mut scene = Self::draw(0, false);
        for (at, value) in scene.pixels.iter_mut().enumerate() {
            *value = (255.0 * (noise(at, at / 7, 3) + 0.5)) as u8;
        }
        scene
    }

    pub(super) fn is_defective(&self) -> bool {
        self.score >= self.threshold.value()
    }

    pub(super) fn view(&self) -> View<'_> {
        View { pixels: &self.pixels, size: SIZE, part: WHOLE, map: &self.map, map_size: MAP }
    }

    /// What the stream would tell about it.
    pub(super) fn observation(&self, source: usize, frame: u64, captured: Monotonic) -> Observation<'_> {
        let score = Score(self.score);
        let verdict = Verdict::of(score, self.threshold);
        let defects = u64::from(verdict == Some(Verdict::Defect));
        Observation {
            source,
            frame,
            time: time(frame),
            captured,
            view: Some(self.view()),
            product: None,
            score: Some(score),
            severity: None,
            threshold: Some(self.threshold),
            verdict,
            cause: None,
            drift: None,
            regions: &self.regions,
            latency: Latency {
                age: Duration::from_micros(52_300),
                preprocess: Duration::from_micros(3_100),
                inference: Duration::from_micros(41_200),
                postprocess: Duration::from_micros(600),
            },
            counts: Counts { judged: frame + 1, ok: frame + 1 - defects, defects, ..Counts::default() },
        }
    }
}

/// 2026-01-02, four times a second.
pub(super) fn time(frame: u64) -> WallClock {
    let timestamp = jiff::Timestamp::from_millisecond(1_767_323_045_078 + 250 * frame as i64);
    WallClock::new(timestamp.unwrap())
}
