//! What the stream tells about a frame.

use std::fmt;
use std::sync::Arc;

use moead_model::architecture::ImageSize;

use crate::engine::Tensor;
use crate::score::regions::{Rect, Region};
use crate::score::severity::Severity;
use crate::score::verdict::{Score, Threshold, Verdict};
use crate::stream::clock::{Monotonic, WallClock};
use crate::stream::drift::Drift;
use crate::stream::frame::Frame;
use crate::stream::judge::Latency;
use crate::stream::pipeline::FrameResult;
use crate::stream::tally::Counts;

/// A frame that was judged, or that could not be.
#[derive(Clone, Copy)]
pub struct Observation<'a> {
    /// Index of the source.
    pub source: usize,
    /// From 0, per source.
    pub frame: u64,
    /// When it was captured, for people.
    pub time: WallClock,
    /// When it was captured.
    pub captured: Monotonic,
    /// What it looks like. None when there are no pixels.
    pub view: Option<View<'a>>,
    /// What it shows, as far as a calibration tells.
    pub product: Option<&'a Arc<str>>,
    /// None when the network gave no answer.
    pub score: Option<Score>,
    /// None without a calibration.
    pub severity: Option<Severity>,
    /// What the score was held against.
    pub threshold: Option<Threshold>,
    /// None when the frame was not judged; then `cause` says why.
    pub verdict: Option<Verdict>,
    /// Why there is no verdict.
    pub cause: Option<&'a dyn fmt::Display>,
    /// What the latest frames show together, where that is watched.
    pub drift: Option<&'a Drift>,
    /// Where the map reaches the threshold for regions, in pixels of the whole frame, the largest peak first.
    pub regions: &'a [Region],
    /// How long it took.
    pub latency: Latency,
    /// The source's counters, this frame included.
    pub counts: Counts,
}

impl<'a> Observation<'a> {
    /// What a run tells its sinks about a frame.
    pub fn of(result: &'a FrameResult, counts: &Counts) -> Self {
        let frame = &*result.frame;
        let judgement = result.outcome.as_ref().ok();
        let cause: Option<&dyn fmt::Display> = match &result.outcome {
            Ok(judgement) => judgement.verdict.as_ref().err().map(|cause| cause as &dyn fmt::Display),
            Err(error) => Some(error),
        };
        Self {
            source: frame.source,
            frame: frame.number,
            time: frame.time,
            captured: frame.captured,
            // A frame that could not be judged may hold the pixels of the one before.
            view: judgement.map(|judgement| View::of(frame, &judgement.map)),
            product: result.standard.product.as_ref(),
            score: judgement.map(|judgement| judgement.score),
            severity: judgement.and_then(|judgement| judgement.severity),
            threshold: result.standard.threshold,
            verdict: judgement.and_then(|judgement| judgement.verdict.ok()),
            cause,
            drift: judgement.and_then(|judgement| judgement.drift.as_ref()),
            regions: judgement.map_or(&[], |judgement| &judgement.regions),
            latency: result.latency,
            counts: *counts,
        }
    }
}

/// Pixels and the anomaly map over them.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// Height x width x 3, 8-bit red, green, blue: the network's view, or the same part of the frame in more detail.
    pub pixels: &'a [u8],
    /// Height and width of `pixels`.
    pub size: ImageSize,
    /// The part of the whole frame that they show. Its shape, not that of `pixels`, is the shape that people see.
    pub part: Rect,
    /// Row-major, over the same part. Empty without an answer of the network.
    pub map: &'a [f32],
    /// Height and width of `map`.
    pub map_size: ImageSize,
}

impl<'a> View<'a> {
    fn of(frame: &'a Frame, map: &'a Tensor) -> Self {
        let map_size = match *map.shape {
            [.., height, width] => ImageSize { height, width },
            _ => ImageSize { height: 0, width: 0 },
        };
        // The map is as large as the network's input, and so are the pixels that went into it.
        let (pixels, size) = match &frame.picture {
            Some(picture) => (picture.pixels(), picture.size()),
            None => (frame.pixels.as_slice(), map_size),
        };
        Self { pixels, size, part: frame.region, map: &map.data, map_size }
    }
}
