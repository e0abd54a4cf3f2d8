//! Calibrations of two features, and which product pictures of them show.

use serde_json::{Value, json};

use super::*;

/// Two products with statistics, one without, as `moead-calibrate` would write them.
fn calibration() -> Value {
    let product = |threshold: f32, at: f32| {
        json!({"threshold": threshold, "pixel_threshold": threshold + 0.5, "score": {"median": 1.0, "mad": 0.1},
               "embedding": {"mean": [at, -at], "std": [1.0, 1.0], "refusal": 2.0}, "drift": {"window": 4, "limit": 0.5}})
    };
    json!({"images": 300, "created": "2026-01-02T03:04:05Z", "target": {"false_alarms": 0.01, "confidence": 0.95},
           "products": {"bolt": product(2.0, 10.0), "nut": product(3.0, 20.0),
                        "plain": {"threshold": 4.0, "score": {"median": 1.0, "mad": 0.1}}}})
}

fn with_common(mut value: Value) -> Value {
    value["common"] = json!({"threshold": 9.0, "score": {"median": 1.0, "mad": 0.1}});
    value
}

fn of(value: &Value, threshold: Option<f32>, products: &[Option<&str>]) -> Result<Standards, StandardsError> {
    let threshold = threshold.map(|threshold| Threshold::new(threshold).unwrap());
    Standards::calibrated(&Calibration::parse(value).unwrap(), 2, threshold, products)
}

/// What is told about a picture with that embedding and score 1.5.
fn told(standards: &Standards, source: usize, embedding: [f32; 2]) -> (Option<String>, Option<f32>, Option<f64>, bool) {
    let choice = standards.choose(source, &embedding);
    let Standard { product, threshold, .. } = standards.standard(choice);
    let severity = standards.severity(choice, Score(1.5)).map(|Severity(value)| value);
    (product.map(|name| name.to_string()), threshold.map(Threshold::value), severity, choice.is_unknown())
}

fn name(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn watched(standards: &Standards, embedding: [f32; 2]) -> Option<String> {
    let watched = standards.watched(standards.choose(0, &embedding))?;
    Some(watched.product.as_deref().unwrap_or("common").to_owned())
}

#[test]
fn a_picture_is_held_against_the_product_that_it_shows() {
    let standards = of(&calibration(), None, &[None]).unwrap();
    assert!(standards.needs_embedding() && standards.recognises());
    assert_eq!(told(&standards, 0, [11.0, -10.0]), (name("bolt"), Some(2.0), Some(0.5), false));
    assert_eq!(told(&standards, 0, [19.0, -20.0]), (name("nut"), Some(3.0), Some(0.25), false));
    let choice = standards.choose(0, &[19.0, -20.0]);
    assert_eq!(standards.standard(choice).regions_from, Threshold::new(3.5).ok());
    assert_eq!(standards.unrecognisable().collect::<Vec<_>>(), ["plain"]);
    assert_eq!(standards.expected(0), Standard::default());
}

#[test]
fn a_picture_far_from_all_is_of_an_unknown_product_and_counts_for_the_nearest() {
    let standards = of(&calibration(), None, &[None]).unwrap();
    assert_eq!(told(&standards, 0, [14.0, -14.0]), (None, None, None, true));
    assert_eq!(standards.standard(standards.choose(0, &[14.0, -14.0])).regions_from, None);
    assert_eq!((watched(&standards, [14.0, -14.0]), watched(&standards, [99.0, 0.0])), (name("bolt"), name("nut")));
}

#[test]
fn a_named_product_is_not_looked_for_and_nothing_is_refused() {
    let standards = of(&calibration(), None, &[Some("plain"), Some("bolt"), None]).unwrap();
    assert_eq!(told(&standards, 0, [19.0, -20.0]), (name("plain"), Some(4.0), Some(1.0 / 6.0), false));
    assert_eq!(told(&standards, 1, [99.0, 99.0]), (name("bolt"), Some(2.0), Some(0.5), false));
    assert_eq!(told(&standards, 2, [99.0, 99.0]), (None, None, None, true));
    // A picture that cannot be read would have been held against the same.
    assert_eq!(standards.expected(1).threshold, Threshold::new(2.0).ok());
    // Without statistics and without a source that is open, the network need not tell its embedding.
    assert!(!of(&calibration(), None, &[Some("plain")]).unwrap().needs_embedding());
    assert!(of(&calibration(), None, &[Some("bolt")]).unwrap().needs_embedding());
}

#[test]
fn the_common_threshold_is_for_pictures_of_no_named_product_and_refuses_nothing() {
    let mut value = with_common(calibration());
    let standards = of(&value, None, &[None]).unwrap();
    assert_eq!(told(&standards, 0, [10.0, -10.0]).0, name("bolt"));
    assert_eq!(told(&standards, 0, [50.0, 50.0]), (None, Some(9.0), Some(0.0625), false));
    assert_eq!(watched(&standards, [12.9, -12.9]), name("bolt"));
    value["common"]["embedding"] = json!({"mean": [50.0, 50.0], "std": [5.0, 5.0], "refusal": 0.1});
    value["common"]["drift"] = json!({"window": 4, "limit": 0.5});
    let standards = of(&value, None, &[None]).unwrap();
    assert_eq!(told(&standards, 0, [60.0, 60.0]).1, Some(9.0));
    assert_eq!((watched(&standards, [60.0, 60.0]), watched(&standards, [12.9, -12.9])), (name("common"), name("bolt")));

    value["products"] = json!({});
    let standards = of(&value, None, &[None]).unwrap();
    assert_eq!(told(&standards, 0, [-1e6, 1e6]), (None, Some(9.0), Some(0.0625), false));
    assert!(standards.needs_embedding() && !standards.recognises());
    assert_eq!(standards.expected(0).threshold, Threshold::new(9.0).ok());
    value["common"]["drift"] = Value::Null;
    assert!(!of(&value, None, &[None]).unwrap().needs_embedding());
}

#[test]
fn the_user_s_threshold_wins_and_severity_is_1_there() {
    let standards = of(&calibration(), Some(1.25), &[None]).unwrap();
    assert_eq!(told(&standards, 0, [10.0, -10.0]), (name("bolt"), Some(1.25), Some(2.0), false));
    assert_eq!(told(&standards, 0, [50.0, 50.0]), (None, Some(1.25), None, true));
    assert_eq!(standards.standard(standards.choose(0, &[10.0, -10.0])).regions_from, Threshold::new(1.25).ok());
    // Below the median there is no scale.
    let standards = of(&calibration(), Some(0.5), &[None]).unwrap();
    assert_eq!(told(&standards, 0, [10.0, -10.0]).2, None);
    // With it, products that cannot be recognised are no reason to refuse.
    let mut value = calibration();
    value["products"] = json!({"plain": value["products"]["plain"]});
    let standards = of(&value, Some(1.25), &[None]).unwrap();
    assert_eq!(told(&standards, 0, [10.0, -10.0]), (None, Some(1.25), None, false));
}

#[test]
fn what_cannot_be_used_is_named_before_the_first_picture() {
    let message = |value: &Value, products: &[Option<&str>]| of(value, None, products).unwrap_err().to_string();
    let mut value = calibration();
    assert_eq!(
        message(&value, &[Some("screw")]),
        "no product `screw` in the calibration, which has `bolt`, `nut`, `plain`"
    );
    value["products"]["nut"]["embedding"]["mean"] = json!([1.0, 2.0, 3.0]);
    value["products"]["nut"]["embedding"]["std"] = json!([1.0, 2.0, 3.0]);
    assert_eq!(
        message(&value, &[None]),
        "the calibration's embedding of `nut`: expected 2 features, as the network has, found 3"
    );
    value["products"] = json!({"plain": value["products"]["plain"]});
    assert_eq!(
        message(&value, &[None]),
        "no product of the calibration can be recognised, since none has statistics of embeddings: `plain`"
    );
    value["products"] = json!({});
    assert_eq!(message(&value, &[None]), "the calibration has neither a product nor a common threshold");
    let value = with_common(value);
    assert_eq!(message(&value, &[Some("bolt")]), "no product `bolt` in the calibration, which has none");
}

#[test]
fn windows_that_would_take_all_memory_are_refused() {
    let mut value = calibration();
    let template = value["products"]["bolt"].clone();
    for number in 0..400 {
        let mut product = template.clone();
        product["drift"]["window"] = Calibration::MAX_WINDOW.into();
        value["products"][format!("part {number}")] = product;
    }
    let error = of(&value, None, &[None]).unwrap_err();
    assert_eq!(error, StandardsError::Windows { found: 2 * (400 * Calibration::MAX_WINDOW + 8) });
}

#[test]
fn an_error_of_scores_is_told_for_the_product_where_it_weighs_most() {
    // Thresholds 2, 3 and 4 over a median of 1: 2 in units of 1 is the worst.
    let standards = of(&calibration(), None, &[None]).unwrap();
    assert!((standards.severity_error(1e-3).unwrap() - 2e-3).abs() < 1e-9);
    assert_eq!(Standards::from(Threshold::new(2.0).ok()).severity_error(1e-3), None);
}
