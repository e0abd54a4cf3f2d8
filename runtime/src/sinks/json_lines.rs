//! JSON lines, schema 1: one object per line, for other programs. This module is the format's specification.
//!
//! A picture's line:
//!
//! ```json
//! {"schema":1,"source":"line1","frame":1234,"time":"2026-01-02T03:04:05.678Z","file":"bolts/7.png","product":null,
//!  "score":3.21,"severity":null,"threshold":3.0,"verdict":"defect",
//!  "regions":[{"x":10,"y":20,"width":30,"height":40,"score":5.1,"area":812}],"dropped_since_last":0,
//!  "latency_ms":{"age":42.1,"preprocess":3.2,"inference":38.0,"postprocess":0.4},"error":null}
//! ```
//!
//! | field | meaning |
//! | --- | --- |
//! | `source` | the source's name, or its URI |
//! | `frame` | from 0, per source |
//! | `time` | when the picture was received, UTC, RFC 3339 |
//! | `file` | its path; bytes that are no UTF-8 are replaced, and `file_bytes` then has all of them in hexadecimal |
//! | `product`, `severity` | null: they need a calibration |
//! | `score` | the network's `pred_score`; null if there is none |
//! | `threshold` | the score from which on a picture is defective; null if there is none |
//! | `verdict` | `ok`, `defect`, or null: then `cause` or `error` says why |
//! | `cause` | why a judged picture has no verdict; absent otherwise |
//! | `regions` | 8-connected parts of the anomaly map at or above the threshold, in pixels of the source picture, largest peak (`score`) first, at most 16; `area` in pixels |
//! | `dropped_since_last` | pictures that were received and not judged since the line before |
//! | `latency_ms` | `age`: from receiving to the result; the other three are parts of it |
//! | `error` | why the picture could not be judged; null if it was |
//!
//! The last line of each source:
//!
//! ```json
//! {"schema":1,"event":"summary","source":"line1","time":"2026-01-02T03:05:06.789Z","seconds":61.2,
//!  "frames":{"received":20,"judged":19,"dropped":{"policy":0,"driver":0,"sink":0},"corrupt":1,"repeated":0,"late":0},
//!  "verdicts":{"ok":17,"defect":2,"null":0},"reconnects":0,"latency_ms":{"p50":41.0,"p99":66.0,"max":90.2}}
//! ```
//!
//! `received` = `judged` + dropped by `policy` + `corrupt`. The ages of results give `latency_ms`; p50 and p99 are at most
//! 3.2 % too high, and all are null without results.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::score::regions::Region;
use crate::score::verdict::Threshold;
use crate::stream::judge::Latency;
use crate::stream::pipeline::{FrameResult, Summary};

const SCHEMA: u32 = 1;

/// A picture's line, without a line feed.
pub fn frame(result: &FrameResult, source: &str, threshold: Option<Threshold>) -> String {
    let judged = result.outcome.as_ref().ok();
    let judgement = judged.map(|judged| &judged.judgement);
    let verdict = judgement.and_then(|judgement| judgement.verdict);
    let cause = match judgement {
        Some(judgement) if verdict.is_none() => Some(no_verdict(judgement.score.0, threshold)),
        _ => None,
    };
    line(&FrameLine {
        schema: SCHEMA,
        source,
        frame: result.frame,
        time: result.time.to_string(),
        file: result.file.to_string_lossy().into_owned(),
        file_bytes: file_bytes(&result.file),
        product: None,
        score: judgement.map(|judgement| judgement.score.0),
        severity: None,
        threshold: threshold.map(Threshold::value),
        verdict: verdict.map(|verdict| verdict.name()),
        cause,
        regions: judgement.map_or_else(Vec::new, |judgement| judgement.regions.iter().map(RegionLine::new).collect()),
        dropped_since_last: 0,
        latency_ms: LatencyLine::new(&result.latency),
        error: result.outcome.as_ref().err().map(ToString::to_string),
    })
}

/// A source's last line, without a line feed.
pub fn summary(summary: &Summary, source: &str) -> String {
    let tally = &summary.tally;
    line(&SummaryLine {
        schema: SCHEMA,
        event: "summary",
        source,
        time: summary.time.to_string(),
        seconds: rounded(summary.elapsed.as_secs_f64()),
        frames: FramesLine {
            received: tally.received(),
            judged: tally.judged,
            dropped: DroppedLine { policy: 0, driver: 0, sink: 0 },
            corrupt: tally.corrupt,
            repeated: 0,
            late: 0,
        },
        verdicts: VerdictsLine { ok: tally.ok, defect: tally.defects, null: tally.no_verdict },
        reconnects: 0,
        latency_ms: QuantilesLine {
            p50: tally.age_quantile(0.5).map(milliseconds),
            p99: tally.age_quantile(0.99).map(milliseconds),
            max: tally.age_max().map(milliseconds),
        },
    })
}

/// Why a judged picture has no verdict.
pub(super) fn no_verdict(score: f32, threshold: Option<Threshold>) -> &'static str {
    match (score.is_nan(), threshold) {
        (true, _) => "the score is not a number",
        (false, _) => "no threshold",
    }
}

fn line(value: &impl Serialize) -> String {
    // Numbers that JSON cannot hold become null; string keys only: nothing is left to fail.
    serde_json::to_string(value).unwrap_or_default()
}

fn file_bytes(path: &Path) -> Option<String> {
    use std::os::unix::ffi::OsStrExt as _;
    match path.to_str() {
        Some(_) => None,
        None => Some(path.as_os_str().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()),
    }
}

fn milliseconds(duration: Duration) -> f64 {
    rounded(duration.as_secs_f64() * 1e3)
}

/// To a thousandth.
fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

#[derive(Serialize)]
struct FrameLine<'a> {
    schema: u32,
    source: &'a str,
    frame: u64,
    time: String,
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_bytes: Option<String>,
    product: Option<&'a str>,
    score: Option<f32>,
    severity: Option<f32>,
    threshold: Option<f32>,
    verdict: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'static str>,
    regions: Vec<RegionLine>,
    dropped_since_last: u64,
    latency_ms: LatencyLine,
    error: Option<String>,
}

#[derive(Serialize)]
struct RegionLine {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
    score: f32,
    area: usize,
}

impl RegionLine {
    fn new(region: &Region) -> Self {
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

#[derive(Serialize)]
struct LatencyLine {
    age: f64,
    preprocess: f64,
    inference: f64,
    postprocess: f64,
}

impl LatencyLine {
    fn new(latency: &Latency) -> Self {
        Self {
            age: milliseconds(latency.age),
            preprocess: milliseconds(latency.preprocess),
            inference: milliseconds(latency.inference),
            postprocess: milliseconds(latency.postprocess),
        }
    }
}

#[derive(Serialize)]
struct SummaryLine<'a> {
    schema: u32,
    event: &'static str,
    source: &'a str,
    time: String,
    seconds: f64,
    frames: FramesLine,
    verdicts: VerdictsLine,
    reconnects: u64,
    latency_ms: QuantilesLine,
}

#[derive(Serialize)]
struct FramesLine {
    received: u64,
    judged: u64,
    dropped: DroppedLine,
    corrupt: u64,
    repeated: u64,
    late: u64,
}

#[derive(Serialize)]
struct DroppedLine {
    policy: u64,
    driver: u64,
    sink: u64,
}

#[derive(Serialize)]
struct VerdictsLine {
    ok: u64,
    defect: u64,
    null: u64,
}

#[derive(Serialize)]
struct QuantilesLine {
    p50: Option<f64>,
    p99: Option<f64>,
    max: Option<f64>,
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use moead_model::architecture::ImageSize;
    use serde_json::Value;

    use super::*;
    use crate::engine::Tensor;
    use crate::preprocess::decode;
    use crate::score::regions::Rect;
    use crate::score::verdict::{Score, Verdict};
    use crate::stream::clock::WallClock;
    use crate::stream::judge::Judgement;
    use crate::stream::pipeline::{FrameError, Judged};
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

    fn result(score: f32, verdict: Option<Verdict>, regions: Vec<Region>) -> FrameResult {
        let map = Tensor { shape: vec![1, 1, 1, 1], data: vec![score] };
        let judgement = Judgement { score: Score(score), verdict, regions, map };
        let latency = Latency {
            age: Duration::from_micros(42_100),
            preprocess: Duration::from_micros(3200),
            inference: Duration::from_millis(38),
            postprocess: Duration::from_micros(400),
        };
        FrameResult {
            source: 0,
            frame: 1234,
            time: time(),
            file: "bolts/7.png".into(),
            output: "7".into(),
            outcome: Ok(Judged { judgement, size: ImageSize { height: 1, width: 1 }, picture: None }),
            latency,
        }
    }

    fn parsed(line: &str) -> Value {
        serde_json::from_str(line).expect("a line is JSON")
    }

    #[test]
    fn the_documented_lines_are_the_written_ones() {
        let [line, last] = <[Value; 2]>::try_from(examples()).expect("two examples");
        let bounds = Rect { x: 10, y: 20, width: 30, height: 40 };
        let region = Region { bounds, peak: Score(5.1), area: 812 };
        let written = frame(&result(3.21, Some(Verdict::Defect), vec![region]), "line1", Threshold::new(3.0).ok());
        // Numbers are written with the fewest digits that tell an f32 apart.
        assert_eq!(parsed(&written), line);
        let keys = |value: &Value| value.as_object().map(|object| object.keys().cloned().collect::<Vec<_>>());
        let mut tally = Tally::default();
        tally.judged(Some(Verdict::Ok), Duration::from_millis(41));
        tally.corrupt();
        let ended = Summary { source: 0, time: time(), elapsed: Duration::from_millis(61_200), tally };
        let written = parsed(&summary(&ended, "line1"));
        assert_eq!(keys(&written), keys(&last));
        for part in ["frames", "verdicts", "latency_ms"] {
            assert_eq!(keys(&written[part]), keys(&last[part]), "{part}");
        }
        assert_eq!((&written["seconds"], &written["frames"]["received"]), (&61.2.into(), &2.into()));
    }

    #[test]
    fn a_picture_without_verdict_says_why() {
        let line = parsed(&frame(&result(3.0, None, Vec::new()), "x", None));
        assert_eq!((&line["verdict"], &line["cause"]), (&Value::Null, &"no threshold".into()));
        let line = parsed(&frame(&result(f32::NAN, None, Vec::new()), "x", Threshold::new(1.0).ok()));
        assert_eq!((&line["score"], &line["cause"]), (&Value::Null, &"the score is not a number".into()));
    }

    #[test]
    fn an_unreadable_picture_has_an_error_and_no_score() {
        let error = decode::decode(b"no picture").expect_err("no picture");
        let unreadable = FrameResult { outcome: Err(FrameError::Decode(error)), ..result(0.0, None, Vec::new()) };
        let line = parsed(&frame(&unreadable, "x", None));
        assert!(line["score"].is_null() && line["verdict"].is_null() && line.get("cause").is_none());
        assert!(line["error"].as_str().is_some_and(|text| !text.is_empty()));
    }

    #[test]
    fn a_name_that_is_no_utf_8_is_kept_in_hexadecimal() {
        use std::os::unix::ffi::OsStrExt as _;
        let file = Path::new(std::ffi::OsStr::from_bytes(b"a\xff")).to_owned();
        let line = parsed(&frame(&FrameResult { file, ..result(1.0, None, Vec::new()) }, "x", None));
        assert_eq!((&line["file"], &line["file_bytes"]), (&"a\u{fffd}".into(), &"61ff".into()));
    }
}
