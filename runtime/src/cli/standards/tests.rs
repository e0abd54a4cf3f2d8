//! What is said at the start.

use std::io::Write;
use std::sync::{Arc, Mutex};

use moead_terminal::flags::Verbosity;
use serde_json::{Value, json};

use super::*;
use crate::engine::choice::Provider;

/// Messages as they are printed.
#[derive(Clone, Default)]
struct Messages(Arc<Mutex<Vec<u8>>>);

impl Write for Messages {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn said(say: impl FnOnce(&Printer)) -> String {
    let messages = Messages::default();
    say(&Printer::to_streams(std::io::sink(), messages.clone(), Verbosity::Normal));
    let bytes = messages.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

fn calibration() -> Value {
    let product = |threshold: f32| {
        json!({"threshold": threshold, "method": "order-statistic", "score": {"median": 1.0, "mad": 0.1},
               "embedding": {"mean": [1.0], "std": [1.0], "refusal": 2.0}})
    };
    json!({"images": 600, "created": "2026-01-02T03:04:05Z", "engine": "tract", "precision": "f32",
           "target": {"false_alarms": 0.0025, "confidence": 0.95}, "products": {"bolt": product(2.0), "nut": product(3.5)}})
}

fn basis(value: &Value, threshold: Option<f32>) -> Basis {
    let calibration = Calibration::parse(value).unwrap();
    let threshold = threshold.map(|threshold| crate::score::verdict::Threshold::new(threshold).unwrap());
    let standards = Standards::calibrated(&calibration, 1, threshold, &[None]).unwrap();
    Basis { standards, calibration: Some(calibration) }
}

#[test]
fn the_thresholds_that_hold_are_told_with_what_they_promise() {
    let told = |value: &Value, threshold| said(|printer| basis(value, threshold).tell(printer));
    insta::assert_snapshot!(told(&calibration(), None), @"
    note: thresholds of the calibration: `bolt` 2, `nut` 3.5; promised: at most 0.25 % false alarms, at 95 % confidence
    note: products are recognised; a picture that is far from all of them has no verdict, and `--product` names one
    ");
    insta::assert_snapshot!(told(&calibration(), Some(7.0)), @"
    note: threshold 7, as given, in place of those of the calibration
    note: products are recognised; a picture that is far from all of them is held against the threshold all the same, and `--product` names one
    ");
    let mut value = calibration();
    value["common"] = json!({"threshold": 9.0, "score": {"median": 1.0, "mad": 0.1}});
    value["products"]["nut"] = json!({"threshold": 3.5, "method": "f1", "score": {"median": 1.0, "mad": 0.1}});
    insta::assert_snapshot!(told(&value, None), @"
    note: thresholds of the calibration: `bolt` 2, `nut` 3.5 (by f1, no promise), others 9; promised: at most 0.25 % false alarms, at 95 % confidence
    note: products are recognised; a picture that is far from all of them is held against the threshold for others, and `--product` names one
    warning: never recognised, since the calibration has no statistics of their embeddings: `nut`; `--product [SOURCE=]NAME` names a product
    ");
    value["products"] = json!({});
    insta::assert_snapshot!(told(&value, None), @"note: thresholds of the calibration: all pictures 9; promised: at most 0.25 % false alarms, at 95 % confidence");
}

#[test]
fn a_thousand_products_are_not_listed() {
    let mut value = calibration();
    let template = value["products"]["bolt"].clone();
    for number in 0..1000 {
        value["products"][format!("part {number:03}")] = template.clone();
    }
    let text = said(|printer| basis(&value, None).tell(printer));
    assert!(text.contains("`part 005` 2 and 994 more; promised"), "{text}");
}

#[test]
fn another_engine_or_precision_is_told_when_it_matters() {
    let told = |value: &Value, candidate, precision, score_error: Option<f64>| {
        let result = score_error.map(|score_error| SelfTestResult { map_error: 0.0, score_error, tolerance: 0.1 });
        said(|printer| basis(value, None).compare(candidate, precision, result, printer))
    };
    let ort = Candidate::ort(Provider::Cpu);
    // The threshold 2 is 1 above the median: an error of 2 % of 2 is 4 % of the scale, one of 3 % is 6 %.
    assert_eq!(told(&calibration(), Candidate::TRACT, Precision::F32, Some(0.09)), "");
    assert_eq!(told(&calibration(), ort, Precision::F32, Some(0.02)), "");
    insta::assert_snapshot!(told(&calibration(), ort, Precision::F32, Some(0.03)), @"warning: the calibration was made with tract; the scores of ort cpu are off by 3.0e-2, which moves the severity at the threshold by 0.06");
    insta::assert_snapshot!(told(&calibration(), ort, Precision::F32, None), @"warning: the calibration was made with tract, and without the self-test nothing shows that ort cpu gives the same scores");
    insta::assert_snapshot!(told(&calibration(), Candidate::TRACT, Precision::Int8, Some(0.0)), @"warning: the calibration was made with the precision f32, and the model has int8: its thresholds are for other scores; `moead-calibrate` makes new ones");
    let mut value = calibration();
    (value["engine"], value["precision"]) = (Value::Null, Value::Null);
    assert_eq!(told(&value, ort, Precision::Int8, None), "");
}
