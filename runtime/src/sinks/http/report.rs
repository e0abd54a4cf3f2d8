//! What the page and other programs read, as JSON. `docs/reference/http.md` is its specification.

use std::time::Duration;

use moead_model::architecture::ImageSize;
use serde::Serialize;

use crate::score::severity::Severity;
use crate::score::verdict::{Score, Threshold, Verdict};
use crate::sinks::json::{FramesJson, LatencyJson, RegionJson, VerdictsJson, rounded};
use crate::stream::drift::{Course, Drift};

use super::defects::Defect;
use super::figures::{Figures, Last};
use super::history::{self, Point};
use super::pictures::Shown;
use super::shared::{Shared, Source};

const SCHEMA: u32 = 1;

/// What one client has seen of a source, so that it is not sent twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Seen {
    figures: Option<u64>,
    picture: u64,
    defects: Option<u64>,
    /// The step of the newest point, which may still grow.
    step: u64,
}

/// The state of all sources.
#[derive(Debug, Serialize)]
pub(super) struct Report<'a> {
    schema: u32,
    version: &'a str,
    /// Seconds since the server began, as all moments here.
    now: f64,
    /// Seconds between points of the history.
    step: f64,
    sources: Vec<SourceReport<'a>>,
}

#[derive(Debug, Serialize)]
struct SourceReport<'a> {
    name: &'a str,
    state: &'static str,
    state_since: f64,
    state_cause: Option<String>,
    last: Option<LastReport>,
    drift: Vec<DriftReport>,
    picture: Option<PictureReport>,
    frames: FramesJson,
    verdicts: VerdictsJson,
    reconnects: u64,
    history: Vec<PointReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    defects: Option<Vec<DefectReport>>,
}

#[derive(Debug, Serialize)]
struct LastReport {
    frame: u64,
    time: String,
    captured: f64,
    answered: f64,
    interval: Option<f64>,
    product: Option<String>,
    score: Option<f32>,
    severity: Option<f64>,
    threshold: Option<f32>,
    verdict: Option<&'static str>,
    cause: Option<String>,
    regions: Vec<RegionJson>,
    latency_ms: LatencyJson,
}

#[derive(Debug, Serialize)]
struct DriftReport {
    product: Option<String>,
    measure: f64,
    drifting: bool,
}

#[derive(Debug, Serialize)]
struct PictureReport {
    number: u64,
    frame: u64,
    score: Option<f32>,
    verdict: Option<&'static str>,
    width: usize,
    height: usize,
}

#[derive(Debug, Serialize)]
struct PointReport {
    at: f64,
    score: Option<f32>,
    verdict: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct DefectReport {
    id: u64,
    frame: u64,
    time: String,
    score: Option<f32>,
    threshold: Option<f32>,
}

/// All that is known.
pub(super) fn whole(shared: &Shared) -> String {
    let mut seen = vec![Seen::default(); shared.sources.len()];
    report(shared, &mut seen)
}

/// What a client that has `seen` so much does not know yet; `None` when it knows everything.
pub(super) fn news(shared: &Shared, seen: &mut [Seen]) -> Option<String> {
    let is_new = shared.sources.iter().zip(&*seen).any(|(source, seen)| {
        seen.figures != Some(source.figures().revision)
            || seen.picture != source.pictures.newest()
            || seen.defects != Some(source.defects().revision())
    });
    is_new.then(|| report(shared, seen))
}

/// What a client that has `seen` so much does not know yet, and the present state in any case.
pub(super) fn report(shared: &Shared, seen: &mut [Seen]) -> String {
    let elapsed = shared.elapsed();
    let sources = shared.sources.iter().zip(seen).map(|(source, seen)| SourceReport::new(source, seen, elapsed));
    let report = Report {
        schema: SCHEMA,
        version: &shared.settings.version,
        now: seconds(elapsed),
        step: seconds(history::STEP),
        sources: sources.collect(),
    };
    // Numbers that JSON cannot hold become null; string keys only: nothing is left to fail.
    serde_json::to_string(&report).unwrap_or_default()
}

impl<'a> SourceReport<'a> {
    fn new(source: &'a Source, seen: &mut Seen, elapsed: Duration) -> Self {
        let figures = source.figures().clone();
        let counts = &figures.counts;
        let history: Vec<Point> = figures.history.since(seen.step, elapsed).collect();
        let defects = source.defects();
        let picture = source.pictures.shown();
        let is_new = seen.defects != Some(defects.revision());
        *seen = Seen {
            figures: Some(figures.revision),
            picture: picture.map_or(0, |picture| picture.number),
            defects: Some(defects.revision()),
            step: history.last().map_or(seen.step, |point| point.step),
        };
        Self {
            name: &source.name,
            state: figures.life.name(),
            state_since: seconds(figures.state_since),
            state_cause: some_text(&figures.state_cause),
            last: figures.last.map(|last| LastReport::new(&last, &figures)),
            drift: figures.drifts.iter().map(DriftReport::new).collect(),
            picture: picture.map(|picture| {
                let Shown { number, frame, score, verdict, size: ImageSize { height, width } } = picture;
                let score = score.map(|Score(score)| score);
                PictureReport { number, frame, score, verdict: verdict.map(Verdict::name), width, height }
            }),
            frames: FramesJson::new(counts),
            verdicts: VerdictsJson::new(counts),
            reconnects: counts.reconnects,
            history: history.into_iter().map(PointReport::new).collect(),
            defects: is_new.then(|| defects.iter().map(DefectReport::new).collect()),
        }
    }
}

impl LastReport {
    fn new(last: &Last, figures: &Figures) -> Self {
        Self {
            frame: last.frame,
            time: last.time.to_string(),
            captured: seconds(last.captured),
            answered: seconds(last.answered),
            interval: last.interval.map(seconds),
            product: figures.product.as_deref().map(ToOwned::to_owned),
            score: last.score.map(|Score(score)| score),
            severity: last.severity.map(|Severity(severity)| rounded(severity)),
            threshold: last.threshold.map(Threshold::value),
            verdict: last.verdict.map(Verdict::name),
            cause: some_text(&figures.no_verdict),
            regions: figures.regions.iter().map(RegionJson::new).collect(),
            latency_ms: LatencyJson::new(&last.latency),
        }
    }
}

impl DriftReport {
    fn new(drift: &Drift) -> Self {
        Self {
            product: drift.product.as_deref().map(ToOwned::to_owned),
            measure: rounded(drift.measure),
            drifting: drift.course == Course::Drifting,
        }
    }
}

impl PointReport {
    fn new(point: Point) -> Self {
        let at = point.step as f64 * history::STEP.as_secs_f64();
        Self { at, score: point.score, verdict: point.verdict.map(Verdict::name) }
    }
}

impl DefectReport {
    fn new(defect: &Defect) -> Self {
        Self {
            id: defect.id,
            frame: defect.frame,
            time: defect.time.to_string(),
            score: defect.score.map(|Score(score)| score),
            threshold: defect.threshold.map(Threshold::value),
        }
    }
}

fn some_text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn seconds(duration: Duration) -> f64 {
    rounded(duration.as_secs_f64())
}
