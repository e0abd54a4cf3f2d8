//! JSON lines, schema 1: one object per line, for other programs. This module is the format's specification.
//!
//! A frame's line:
//!
//! ```json
//! {"schema":1,"source":"line1","frame":1234,"time":"2026-01-02T03:04:05.678Z","file":"bolts/7.png","product":"bolt",
//!  "score":3.21,"severity":1.25,"threshold":3.0,"verdict":"defect",
//!  "regions":[{"x":10,"y":20,"width":30,"height":40,"score":5.1,"area":812}],"dropped_since_last":0,
//!  "latency_ms":{"age":42.1,"preprocess":3.2,"inference":38.0,"postprocess":0.4},"error":null}
//! ```
//!
//! | field | meaning |
//! | --- | --- |
//! | `source` | the source's name, or its URI |
//! | `frame` | from 0, per source: its place among the frames that were received |
//! | `time` | when the frame was captured (a file: was about to be opened), UTC, RFC 3339 |
//! | `file` | its path, null for cameras; bytes that are no UTF-8 are replaced, and `file_bytes` then has all of them in hexadecimal |
//! | `product` | the product of the calibration that the picture shows, recognised or named; null without one |
//! | `score` | the network's `pred_score`; null if there is none |
//! | `severity` | the score on a scale for all products: 0 at the median of the product's good pictures, 1 at `threshold`, straight between and beyond; null without a calibration, for an unknown product, and where `threshold` is not above the median |
//! | `threshold` | the score from which on a picture is defective: the one given, or the product's; null if there is none |
//! | `verdict` | `ok`, `defect`, or null: then `cause` or `error` says why |
//! | `cause` | why a judged picture has no verdict: `no threshold`, `unknown-product` (far from all products of the calibration), or what is wrong with what the camera shows; absent otherwise |
//! | `regions` | 8-connected parts of the anomaly map at or above the calibration's threshold for regions (else `threshold`), in pixels of the source's frame, largest peak (`score`) first, at most 16; `area` in pixels |
//! | `dropped_since_last` | frames of this source since its line before of which there is no line: given up by the policy or by a slow reader of these lines, lost by the driver, broken |
//! | `latency_ms` | `age`: from capture to the result; the other three are parts of it |
//! | `error` | why the picture could not be judged; null if it was |
//! | `truth` | of drawn scenes only: what is really to be seen, as below; `box` is null without a defect |
//!
//! ```json
//! {"defect":true,"kind":"scratch","box":{"x":10,"y":20,"width":30,"height":40}}
//! ```
//!
//! A line about a source has `event` in place of `verdict`:
//!
//! ```json
//! {"schema":1,"event":"lost","source":"line1","time":"2026-01-02T03:04:05.678Z",
//!  "cause":"/dev/video0: the device is gone",
//!  "frames":{"received":20,"judged":19,"dropped":{"policy":0,"driver":0,"sink":0},"corrupt":1,"repeated":0,"late":0},
//!  "reconnects":0}
//! ```
//!
//! | event | meaning of `cause` |
//! | --- | --- |
//! | `connecting` | null: the source is being opened, for the first time or again |
//! | `streaming` | what was agreed with the device, and where it differs from what was asked; or that it shows something again |
//! | `stalled` | for how long no frame came; the device is still open |
//! | `lost` | why it was closed; opening it is tried again for ever, and a cause that stays the same is told once |
//! | `frozen`, `dark`, `saturated` | what is wrong with what the camera shows; results have no verdict meanwhile |
//!
//! What a source shows may change slowly. That is told when it begins (`drift`) and when it is over (`steady`), and changes no verdict:
//!
//! ```json
//! {"schema":1,"event":"drift","source":"line1","time":"2026-01-02T03:04:05.678Z",
//!  "cause":"the latest 64 pictures of bolt have moved away from the good ones: together at 1.83 times the distance that good ones reach",
//!  "product":"bolt","drift":1.83,
//!  "frames":{"received":20,"judged":19,"dropped":{"policy":0,"driver":0,"sink":0},"corrupt":1,"repeated":0,"late":0},
//!  "reconnects":0}
//! ```
//!
//! `product`: the one that the pictures are nearest to, or that was named; null for those of no named product. `drift`: how far the mean
//! embedding of the calibration's window of pictures lies from the good ones', where 1 is what windows of good pictures reach by
//! chance. It begins at 1 and is over below 0.8. Pictures of a blind camera do not count.
//!
//! The last line of each source:
//!
//! ```json
//! {"schema":1,"event":"summary","source":"line1","time":"2026-01-02T03:05:06.789Z","seconds":61.2,
//!  "frames":{"received":20,"judged":19,"dropped":{"policy":0,"driver":0,"sink":0},"corrupt":1,"repeated":0,"late":0},
//!  "verdicts":{"ok":17,"defect":2,"null":0},"reconnects":0,"latency_ms":{"p50":41.0,"p99":66.0,"max":90.2}}
//! ```
//!
//! `received` = `judged` + dropped by `policy` + `corrupt`. Dropped by `driver`: gaps in its numbers, frames that were never
//! received. Dropped by `sink`: results, of judged frames, that a slow reader of these lines had no room for. `repeated`:
//! frames that the driver handed out a second time; they are not received again. `late`: results older than one frame
//! interval and 1.3 times their inference. The ages of results give `latency_ms`; p50 and p99 are at most 3.2 % too high,
//! and all are null without results. `drifts`: how often a drift began; absent if none did.

use std::fmt;
use std::path::Path;

use serde::{Serialize, Serializer};

use super::json::{FramesJson, LatencyJson, RegionJson, VerdictsJson, milliseconds, rounded};
use crate::score::regions::{Rect, Region};
use crate::score::severity::Severity;
use crate::score::verdict::Threshold;
use crate::stream::clock::WallClock;
use crate::stream::drift::Drift;
use crate::stream::frame::Truth;
use crate::stream::judge::NoVerdict;
use crate::stream::pipeline::{FrameResult, Summary};
use crate::stream::prepare::FrameError;
use crate::stream::status::{Status, Turn};

const SCHEMA: u32 = 1;

/// Appends a frame's line. Takes no memory but what `line` lacks, as long as the frame has no file.
pub fn frame(result: &FrameResult, source: &str, line: &mut Vec<u8>) {
    let (frame, standard) = (&result.frame, &result.standard);
    let judgement = result.outcome.as_ref().ok();
    let file = frame.file.as_ref().map(|file| file.path.as_path());
    write(
        &FrameLine {
            schema: SCHEMA,
            source,
            frame: frame.number,
            time: Shown(&frame.time),
            file: file.map(Path::to_string_lossy),
            file_bytes: file.and_then(file_bytes),
            product: standard.product.as_deref(),
            score: judgement.map(|judgement| judgement.score.0),
            severity: judgement.and_then(|judgement| judgement.severity).map(|Severity(value)| value as f32),
            threshold: standard.threshold.map(Threshold::value),
            verdict: judgement.and_then(|judgement| judgement.verdict.ok()).map(|verdict| verdict.name()),
            cause: judgement.and_then(|judgement| judgement.verdict.err()).map(Shown),
            regions: Regions(judgement.map_or(&[], |judgement| &judgement.regions)),
            dropped_since_last: result.dropped_since_last,
            latency_ms: LatencyJson::new(&result.latency),
            error: result.outcome.as_ref().err().map(Shown),
            truth: frame.truth.map(TruthLine::new),
        },
        line,
    );
}

/// Appends a line about what happened to a source.
pub fn status(status: &Status, source: &str, line: &mut Vec<u8>) {
    write(
        &StatusLine {
            schema: SCHEMA,
            event: status.state.name(),
            source,
            time: Shown(&status.time),
            cause: status.cause.as_deref(),
            frames: FramesJson::new(&status.counts),
            reconnects: status.counts.reconnects,
        },
        line,
    );
}

/// Appends a line about a slow change.
pub fn turn(turn: &Turn, source: &str, line: &mut Vec<u8>) {
    let Turn { time, drift, counts, .. } = turn;
    write(
        &TurnLine {
            schema: SCHEMA,
            event: drift.course.name(),
            source,
            time: Shown(time),
            cause: Shown(drift),
            product: drift.product.as_deref(),
            drift: rounded(drift.measure),
            frames: FramesJson::new(counts),
            reconnects: counts.reconnects,
        },
        line,
    );
}

/// Appends a source's last line.
pub fn summary(summary: &Summary, source: &str, line: &mut Vec<u8>) {
    let tally = &summary.tally;
    let counts = &tally.counts;
    write(
        &SummaryLine {
            schema: SCHEMA,
            event: "summary",
            source,
            time: Shown(&summary.time),
            seconds: rounded(summary.elapsed.as_secs_f64()),
            frames: FramesJson::new(counts),
            verdicts: VerdictsJson::new(counts),
            reconnects: counts.reconnects,
            drifts: Some(counts.drifts).filter(|&drifts| drifts > 0),
            latency_ms: QuantilesLine {
                p50: tally.age_quantile(0.5).map(milliseconds),
                p99: tally.age_quantile(0.99).map(milliseconds),
                max: tally.age_max().map(milliseconds),
            },
        },
        line,
    );
}

fn write(value: &impl Serialize, line: &mut Vec<u8>) {
    // Numbers that JSON cannot hold become null, keys are strings, memory does not fail: nothing is left to go wrong.
    let _ = serde_json::to_writer(&mut *line, value);
    line.push(b'\n');
}

fn file_bytes(path: &Path) -> Option<String> {
    use std::os::unix::ffi::OsStrExt as _;
    match path.to_str() {
        Some(_) => None,
        None => Some(path.as_os_str().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()),
    }
}

/// Written as text, without a string in between.
struct Shown<T>(T);

impl<T: fmt::Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Written as a list, without a list in between.
struct Regions<'a>(&'a [Region]);

impl Serialize for Regions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(RegionJson::new))
    }
}

#[derive(Serialize)]
struct FrameLine<'a> {
    schema: u32,
    source: &'a str,
    frame: u64,
    time: Shown<&'a WallClock>,
    file: Option<std::borrow::Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_bytes: Option<String>,
    product: Option<&'a str>,
    score: Option<f32>,
    severity: Option<f32>,
    threshold: Option<f32>,
    verdict: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<Shown<NoVerdict>>,
    regions: Regions<'a>,
    dropped_since_last: u64,
    latency_ms: LatencyJson,
    error: Option<Shown<&'a FrameError>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    truth: Option<TruthLine>,
}

#[derive(Serialize)]
struct TruthLine {
    defect: bool,
    kind: Option<&'static str>,
    r#box: Option<BoxLine>,
}

impl TruthLine {
    fn new(truth: Truth) -> Self {
        Self { defect: truth.kind.is_some(), kind: truth.kind, r#box: truth.bounds.map(BoxLine::new) }
    }
}

#[derive(Serialize)]
struct BoxLine {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

impl BoxLine {
    fn new(bounds: Rect) -> Self {
        Self { x: bounds.x, y: bounds.y, width: bounds.width, height: bounds.height }
    }
}

#[derive(Serialize)]
struct StatusLine<'a> {
    schema: u32,
    event: &'static str,
    source: &'a str,
    time: Shown<&'a WallClock>,
    cause: Option<&'a str>,
    frames: FramesJson,
    reconnects: u64,
}

#[derive(Serialize)]
struct TurnLine<'a> {
    schema: u32,
    event: &'static str,
    source: &'a str,
    time: Shown<&'a WallClock>,
    cause: Shown<&'a Drift>,
    product: Option<&'a str>,
    drift: f64,
    frames: FramesJson,
    reconnects: u64,
}

#[derive(Serialize)]
struct SummaryLine<'a> {
    schema: u32,
    event: &'static str,
    source: &'a str,
    time: Shown<&'a WallClock>,
    seconds: f64,
    frames: FramesJson,
    verdicts: VerdictsJson,
    reconnects: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    drifts: Option<u64>,
    latency_ms: QuantilesLine,
}

#[derive(Serialize)]
struct QuantilesLine {
    p50: Option<f64>,
    p99: Option<f64>,
    max: Option<f64>,
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use jiff::Timestamp;
    use moead_model::architecture::ImageSize;
    use serde_json::Value;

    use super::*;
    use crate::engine::Tensor;
    use crate::preprocess::decode;
    use crate::score::standards::Standard;
    use crate::score::verdict::{Score, Verdict};
    use crate::stream::blindness::Blindness;
    use crate::stream::drift::Course;
    use crate::stream::frame::Frame;
    use crate::stream::judge::{Judgement, Latency};
    use crate::stream::sources::files::PictureFile;
    use crate::stream::status::State;
    use crate::stream::tally::Tally;

    /// The examples of this module's documentation, in order.
    fn examples() -> Vec<Value> {
        let text: String = include_str!("json_lines.rs").lines().filter_map(|line| line.strip_prefix("//!")).collect();
        let blocks = text.split("```json").skip(1).filter_map(|block| block.split("```").next());
        blocks.map(|block| serde_json::from_str(block).expect("an example is JSON")).collect()
    }

    fn time() -> WallClock {
        WallClock::new("2026-01-02T03:04:05.678Z".parse::<Timestamp>().expect("a date"))
    }

    fn result(score: f32, verdict: Result<Verdict, NoVerdict>, regions: Vec<Region>) -> FrameResult {
        let map = Tensor { shape: vec![1, 1, 1, 1], data: vec![score] };
        let judgement = Judgement { score: Score(score), severity: None, verdict, regions, drift: None, map };
        let latency = Latency {
            age: Duration::from_micros(42_100),
            preprocess: Duration::from_micros(3200),
            inference: Duration::from_millis(38),
            postprocess: Duration::from_micros(400),
        };
        let mut frame = Box::new(Frame::blank(ImageSize { height: 1, width: 1 }));
        frame.number = 1234;
        frame.time = time();
        frame.file = Some(PictureFile { path: "bolts/7.png".into(), output: "7".into() });
        FrameResult { frame, standard: Standard::default(), outcome: Ok(judgement), latency, dropped_since_last: 0 }
    }

    fn parsed(write: impl FnOnce(&mut Vec<u8>)) -> Value {
        let mut line = Vec::new();
        write(&mut line);
        assert_eq!(line.iter().filter(|&&byte| byte == b'\n').count(), 1);
        serde_json::from_slice(&line).expect("a line is JSON")
    }

    fn keys(value: &Value) -> Option<Vec<String>> {
        value.as_object().map(|object| object.keys().cloned().collect())
    }

    #[test]
    fn the_documented_lines_are_the_written_ones() {
        let [line, truth, lost, turned, last] = <[Value; 5]>::try_from(examples()).expect("five examples");
        let bounds = Rect { x: 10, y: 20, width: 30, height: 40 };
        let region = Region { bounds, peak: Score(5.1), area: 812 };
        let bolt: Option<Arc<str>> = Some("bolt".into());
        let mut written = result(3.21, Ok(Verdict::Defect), vec![region]);
        written.standard = Standard { product: bolt.clone(), threshold: Threshold::new(3.0).ok(), regions_from: None };
        if let Ok(judgement) = &mut written.outcome {
            judgement.severity = Some(Severity(1.25));
        }
        // Numbers are written with the fewest digits that tell an f32 apart.
        assert_eq!(parsed(|to| frame(&written, "line1", to)), line);
        written.frame.truth = Some(Truth { kind: Some("scratch"), bounds: Some(bounds) });
        assert_eq!(parsed(|to| frame(&written, "line1", to))["truth"], truth);

        let mut tally = Tally::default();
        for _ in 0..19 {
            tally.judged(Some(Verdict::Ok), Duration::from_millis(41));
        }
        tally.counts.corrupt += 1;
        let cause = lost["cause"].as_str().map(ToOwned::to_owned);
        let told = Status { source: 0, time: time(), state: State::Lost, cause, counts: tally.counts };
        assert_eq!(parsed(|to| status(&told, "line1", to)), lost);
        let drift = Drift { product: bolt, window: 64, measure: 1.83, course: Course::Drifting, has_turned: true };
        let mut told = Turn { source: 0, time: time(), drift, counts: tally.counts };
        assert_eq!(parsed(|to| turn(&told, "line1", to)), turned);
        told.drift = Drift { product: None, measure: 0.75, course: Course::Steady, ..told.drift };
        let steady = parsed(|to| turn(&told, "line1", to));
        assert_eq!(
            (&steady["event"], &steady["product"], &steady["drift"]),
            (&"steady".into(), &Value::Null, &0.75.into())
        );
        let ended = Summary { source: 0, time: time(), elapsed: Duration::from_millis(61_200), tally };
        let written = parsed(|to| summary(&ended, "line1", to));
        assert_eq!(keys(&written), keys(&last));
        for part in ["frames", "verdicts", "latency_ms"] {
            assert_eq!(keys(&written[part]), keys(&last[part]), "{part}");
        }
        assert_eq!((&written["seconds"], &written["frames"]), (&61.2.into(), &last["frames"]));
    }

    #[test]
    fn a_picture_without_verdict_says_why() {
        let line = parsed(|to| frame(&result(3.0, Err(NoVerdict::NoThreshold), Vec::new()), "x", to));
        assert_eq!((&line["verdict"], &line["cause"]), (&Value::Null, &"no threshold".into()));
        let line = parsed(|to| frame(&result(3.0, Err(NoVerdict::UnknownProduct), Vec::new()), "x", to));
        assert_eq!((&line["verdict"], &line["cause"]), (&Value::Null, &"unknown-product".into()));
        let blind = NoVerdict::Blind(Blindness::Dark);
        let line = parsed(|to| frame(&result(3.0, Err(blind), Vec::new()), "x", to));
        assert_eq!((&line["verdict"], &line["cause"]), (&Value::Null, &blind.to_string().into()));
    }

    #[test]
    fn an_unreadable_picture_has_an_error_and_no_score() {
        let error = decode::decode(b"no picture").expect_err("no picture");
        let unreadable = FrameResult { outcome: Err(error.into()), ..result(0.0, Ok(Verdict::Ok), Vec::new()) };
        let line = parsed(|to| frame(&unreadable, "x", to));
        assert!(line["score"].is_null() && line["verdict"].is_null() && line.get("cause").is_none());
        assert!(line["error"].as_str().is_some_and(|text| !text.is_empty()));
    }

    #[test]
    fn a_camera_has_no_file_and_a_drawn_scene_without_defect_no_box() {
        let mut seen = result(1.0, Ok(Verdict::Ok), Vec::new());
        (seen.frame.file, seen.frame.truth) = (None, Some(Truth { kind: None, bounds: None }));
        let line = parsed(|to| frame(&seen, "x", to));
        assert_eq!(line["file"], Value::Null);
        assert_eq!(line["truth"], serde_json::json!({"defect": false, "kind": null, "box": null}));
    }

    #[test]
    fn a_name_that_is_no_utf_8_is_kept_in_hexadecimal() {
        use std::os::unix::ffi::OsStrExt as _;
        let path = Path::new(std::ffi::OsStr::from_bytes(b"a\xff")).to_owned();
        let mut unnamed = result(1.0, Ok(Verdict::Ok), Vec::new());
        unnamed.frame.file = Some(PictureFile { path, output: "a".into() });
        let line = parsed(|to| frame(&unnamed, "x", to));
        assert_eq!((&line["file"], &line["file_bytes"]), (&"a\u{fffd}".into(), &"61ff".into()));
    }
}
