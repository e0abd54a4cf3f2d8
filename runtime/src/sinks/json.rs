//! The parts of a result that its line and the live view say in the same words.

use std::time::Duration;

use serde::Serialize;

use crate::score::regions::Region;
use crate::stream::judge::Latency;
use crate::stream::tally::Counts;

/// An unusual part of a picture: a rectangle of the frame, in pixels.
#[derive(Debug, Serialize)]
pub(super) struct RegionJson {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
    score: f32,
    area: usize,
}

impl RegionJson {
    pub(super) fn new(region: &Region) -> Self {
        let bounds = region.bounds;
        Self {
            x: bounds.x,
            y: bounds.y,
            width: bounds.width,
            height: bounds.height,
            score: region.peak.0,
            area: region.area,
        }
    }
}

/// Milliseconds.
#[derive(Debug, Serialize)]
pub(super) struct LatencyJson {
    age: f64,
    preprocess: f64,
    inference: f64,
    postprocess: f64,
}

impl LatencyJson {
    pub(super) fn new(latency: &Latency) -> Self {
        Self {
            age: milliseconds(latency.age),
            preprocess: milliseconds(latency.preprocess),
            inference: milliseconds(latency.inference),
            postprocess: milliseconds(latency.postprocess),
        }
    }
}

/// Counts of frames.
#[derive(Debug, Serialize)]
pub(super) struct FramesJson {
    received: u64,
    judged: u64,
    dropped: DroppedJson,
    corrupt: u64,
    repeated: u64,
    late: u64,
}

#[derive(Debug, Serialize)]
struct DroppedJson {
    policy: u64,
    driver: u64,
    sink: u64,
}

impl FramesJson {
    pub(super) fn new(counts: &Counts) -> Self {
        Self {
            received: counts.received(),
            judged: counts.judged,
            dropped: DroppedJson { policy: counts.policy, driver: counts.driver, sink: counts.sink },
            corrupt: counts.corrupt,
            repeated: counts.repeated,
            late: counts.late,
        }
    }
}

/// Counts of verdicts.
#[derive(Debug, Serialize)]
pub(super) struct VerdictsJson {
    ok: u64,
    defect: u64,
    null: u64,
}

impl VerdictsJson {
    pub(super) fn new(counts: &Counts) -> Self {
        Self { ok: counts.ok, defect: counts.defects, null: counts.no_verdict }
    }
}

pub(super) fn milliseconds(duration: Duration) -> f64 {
    rounded(duration.as_secs_f64() * 1e3)
}

/// To a thousandth.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
