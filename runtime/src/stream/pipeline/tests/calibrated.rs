//! Runs with a calibration: the brightness of a frame is its score and its embedding.

use moead_model::calibration::Calibration;
use serde_json::{Value, json};

use super::device::{Opening, Script, Step};
use super::*;
use crate::score::standards::Standards;

use Step::{End, Frame};

/// A bolt around 100 and a nut around 200, their windows of three frames.
fn calibration() -> Value {
    let product = |at: f32| {
        json!({"threshold": at + 4.0, "score": {"median": at, "mad": 1.0},
               "embedding": {"mean": [at], "std": [2.0], "refusal": 4.0}, "drift": {"window": 3, "limit": 1.0}})
    };
    json!({"images": 300, "created": "2026-01-02T03:04:05Z", "target": {"false_alarms": 0.01, "confidence": 0.95},
           "products": {"bolt": product(100.0), "nut": product(200.0)}})
}

/// What a run over frames of these brightnesses says, without its beginning.
fn said(calibration: &Value, product: Option<&str>, steps: Vec<Step>) -> (Vec<String>, Counts) {
    let calibration = Calibration::parse(calibration).unwrap();
    let standards = Standards::calibrated(&calibration, 1, None, &[product]).unwrap();
    let settings = Settings { standards: Arc::new(standards), ..settings() };
    let clock = Arc::new(Scripted::default());
    let script = Script::new(&clock, vec![Opening::Plays(steps)]);
    let clock: Arc<dyn Clock> = clock;
    let mut notes = noted(Mean::default(), vec![script.feed()], &settings, &clock);
    let lines = notes.lines.split_off(2);
    (lines, notes.summaries[0].tally.counts)
}

fn frames(brightnesses: &[u8]) -> Vec<Step> {
    let frames = brightnesses.iter().zip(0..).map(|(&brightness, number)| Frame(number, brightness));
    frames.chain([End]).collect()
}

#[test]
fn each_frame_is_held_against_the_product_that_it_shows() {
    let (lines, counts) = said(&calibration(), None, frames(&[101, 105, 201, 205, 150]));
    let lines: Vec<_> = lines.iter().filter(|line| !line.starts_with("drift")).collect();
    assert_eq!(lines, ["0 ok", "1 defect", "2 ok", "3 defect", "4 - (unknown-product)"]);
    assert_eq!((counts.ok, counts.defects, counts.no_verdict), (2, 2, 1));
    let (lines, _) = said(&calibration(), Some("nut"), frames(&[101, 205]));
    assert_eq!(lines, ["0 ok", "1 defect"]);
}

#[test]
fn a_camera_that_gets_darker_drifts_and_comes_back_and_verdicts_stay_as_they_are() {
    let brightnesses = [100, 101, 99, 98, 97, 96, 95, 90, 100, 99, 101];
    let (lines, counts) = said(&calibration(), None, frames(&brightnesses));
    let began = "drift: the latest 3 pictures of bolt have moved away from the good ones: together at 1.00 times the distance that good ones reach";
    let ended = "steady: the latest 3 pictures of bolt are as the good ones again: together at 0.00 times the distance that good ones reach";
    let expected = [
        "0 ok",
        "1 ok",
        "2 ok",
        "3 ok",
        // 99, 98, 97: one standard deviation below.
        "4 ok",
        began,
        "5 ok",
        "6 ok",
        // So far from all that it is of no product; it still counts for the nearest.
        "7 - (unknown-product)",
        "8 ok",
        "9 ok",
        "10 ok",
        ended,
    ];
    assert_eq!(lines, expected);
    assert_eq!((counts.drifts, counts.judged), (1, 11));
}

#[test]
fn frames_that_show_nothing_do_not_count() {
    // Black frames would pull the mean down at once.
    let (lines, counts) = said(&calibration(), Some("bolt"), frames(&[100, 100, 100, 3, 4, 5, 100]));
    assert!(lines.iter().all(|line| !line.starts_with("drift")), "{lines:?}");
    assert_eq!((counts.drifts, counts.no_verdict), (0, 3));
}

#[test]
fn an_engine_that_tells_another_embedding_than_it_was_loaded_for_judges_nothing() {
    let mut value = calibration();
    for product in ["bolt", "nut"] {
        value["products"][product]["embedding"]["mean"] = json!([1.0, 2.0]);
        value["products"][product]["embedding"]["std"] = json!([1.0, 2.0]);
    }
    let calibration = Calibration::parse(&value).unwrap();
    let standards = Standards::calibrated(&calibration, 2, None, &[None]).unwrap();
    let settings = Settings { standards: Arc::new(standards), ..settings() };
    let clock = Arc::new(Scripted::default());
    let script = Script::new(&clock, vec![Opening::Plays(frames(&[100]))]);
    let clock: Arc<dyn Clock> = clock;
    let notes = noted(Mean::default(), vec![script.feed()], &settings, &clock);
    assert_eq!(notes.lines[2..], ["0 error"]);
    assert_eq!(notes.summaries[0].tally.counts.corrupt, 1);
}
