//! The numbers for Prometheus, read by its format's grammar and held against its rules for names.
//!
//! Format: <https://prometheus.io/docs/instrumenting/exposition_formats/>, version 0.0.4. Names:
//! <https://prometheus.io/docs/practices/naming/>.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use moead_runtime::score::severity::Severity;
use moead_runtime::sinks::http::Observation;
use moead_runtime::stream::clock::Clock as _;
use moead_runtime::stream::drift::{Course, Drift};
use moead_runtime::stream::status::State;
use moead_runtime::stream::tally::Counts;

use crate::Stand;
use crate::scene::Scene;

/// A line with a number.
#[derive(Debug, Clone, PartialEq)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

/// What belongs to one name.
#[derive(Debug)]
struct Family {
    name: String,
    kind: String,
    help: String,
    samples: Vec<Sample>,
}

fn is_name(text: &str, others: &str) -> bool {
    let is_first = |character: char| character.is_ascii_alphabetic() || character == '_' || others.contains(character);
    text.chars().next().is_some_and(is_first)
        && text.chars().all(|character| is_first(character) || character.is_ascii_digit())
}

/// The whole text; a family's lines stand together, `HELP` and `TYPE` before its numbers.
fn parse(text: &str) -> Vec<Family> {
    assert!(text.ends_with('\n'), "the last line must end");
    let mut families: Vec<Family> = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(is_name(name, ":"), "{line}");
            assert!(families.iter().all(|family| family.name != name), "{name} twice");
            families.push(Family {
                name: name.to_owned(),
                kind: String::new(),
                help: help.to_owned(),
                samples: Vec::new(),
            });
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let family = families.last_mut().unwrap();
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(name == family.name && family.kind.is_empty() && family.samples.is_empty(), "{line}");
            assert!(["counter", "gauge", "histogram", "summary", "untyped"].contains(&kind), "{line}");
            kind.clone_into(&mut family.kind);
        } else {
            let sample = parse_sample(line);
            let family = families.last_mut().unwrap();
            let ending = sample.name.strip_prefix(&family.name).unwrap_or_else(|| panic!("{line} in {}", family.name));
            let endings: &[&str] = if family.kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
            assert!(endings.contains(&ending), "{line}");
            family.samples.push(sample);
        }
    }
    families
}

fn parse_sample(line: &str) -> Sample {
    let end = line.find(['{', ' ']).unwrap();
    let (name, mut rest) = line.split_at(end);
    assert!(is_name(name, ":"), "{line}");
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        let mut characters = inside.char_indices();
        loop {
            let start = characters.as_str();
            let (label, _) = start.split_once("=\"").unwrap_or_else(|| panic!("{line}"));
            assert!(is_name(label, ""), "{line}");
            characters.by_ref().nth(label.len() + 1);
            let mut value = String::new();
            loop {
                match characters.next().unwrap_or_else(|| panic!("{line}")).1 {
                    '"' => break,
                    '\\' => value.push(match characters.next().unwrap().1 {
                        'n' => '\n',
                        '\\' => '\\',
                        '"' => '"',
                        other => panic!("\\{other} in {line}"),
                    }),
                    other => value.push(other),
                }
            }
            assert_eq!(labels.insert(label.to_owned(), value), None, "{line}");
            match characters.next().unwrap().1 {
                ',' => {}
                '}' => break,
                other => panic!("{other} in {line}"),
            }
        }
        rest = characters.as_str();
    }
    let value = rest.strip_prefix(' ').unwrap();
    let value = match value {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        "NaN" => f64::NAN,
        // Rust's words for these are not the format's.
        number => {
            assert!(!number.contains(['n', 'N', 'i', 'I', ' ']), "{line}");
            number.parse().unwrap()
        }
    };
    Sample { name: name.to_owned(), labels, value }
}

const NAME: &str = "line \"1\" \\ back\nnext, {ü}=";

fn families() -> Vec<Family> {
    let stand = Stand::new(&[NAME, "line2"]);
    stand.state(0, State::Streaming, "");
    for frame in 0..12 {
        stand.publish(0, frame, &Scene::draw(frame, frame % 6 == 5));
    }
    let answer = stand.get("/metrics");
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    parse(answer.text())
}

fn value(families: &[Family], name: &str, labels: &[(&str, &str)]) -> f64 {
    let labels: BTreeMap<String, String> =
        labels.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    let samples = families.iter().flat_map(|family| &family.samples);
    let found: Vec<_> = samples.filter(|sample| sample.name == name && sample.labels == labels).collect();
    assert_eq!(found.len(), 1, "{name} {labels:?}");
    found[0].value
}

#[test]
fn names_follow_the_rules() {
    for Family { name, kind, help, samples } in families() {
        assert!(name.starts_with("moead_"), "{name}");
        assert!(help.ends_with('.') && help.len() > 10, "{name}: {help}");
        assert_eq!(name.ends_with("_total"), kind == "counter", "{name} is a {kind}");
        // Base units, no others; and none of the endings that the format itself adds.
        for word in ["ms", "millis", "milliseconds", "minutes", "bucket", "count", "sum", "created"] {
            assert!(!name.split('_').any(|part| part == word), "{name}");
        }
        for sample in samples {
            assert!(sample.labels.keys().all(|label| !label.starts_with("__")), "{sample:?}");
            assert!(kind == "histogram" || !sample.labels.contains_key("le"), "{sample:?}");
        }
    }
}

#[test]
fn no_number_comes_twice_and_counters_count() {
    let mut seen = BTreeSet::new();
    for family in families() {
        for sample in family.samples {
            assert!(seen.insert(format!("{} {:?}", sample.name, sample.labels)), "{sample:?} twice");
            assert!(sample.value.is_finite() && sample.value >= 0.0, "{sample:?}");
            assert!(family.kind != "counter" || sample.value.fract() == 0.0, "{sample:?}");
        }
    }
}

#[test]
fn histograms_are_cumulated_up_to_their_count() {
    let families = families();
    let histograms: Vec<_> = families.iter().filter(|family| family.kind == "histogram").collect();
    assert_eq!(histograms.len(), 3);
    for Family { name, samples, .. } in histograms {
        let mut classes = BTreeMap::<Vec<_>, Vec<_>>::new();
        for sample in samples.iter().filter(|sample| sample.name.ends_with("_bucket")) {
            let mut labels = sample.labels.clone();
            let bound = labels.remove("le").unwrap();
            let bound = if bound == "+Inf" { f64::INFINITY } else { bound.parse().unwrap() };
            classes.entry(labels.into_iter().collect()).or_default().push((bound, sample.value));
        }
        for (labels, classes) in classes {
            assert!(classes.is_sorted_by(|one, other| one.0 < other.0 && one.1 <= other.1), "{name} {classes:?}");
            let labels: Vec<(&str, &str)> =
                labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let last = classes.last().unwrap();
            assert_eq!(*last, (f64::INFINITY, value(&families, &format!("{name}_count"), &labels)), "{name}");
        }
    }
}

#[test]
fn the_numbers_are_those_that_were_told() {
    let families = families();
    let of = |name: &str, more: &[(&str, &str)]| {
        let labels: Vec<_> = [("source", NAME)].into_iter().chain(more.iter().copied()).collect();
        value(&families, name, &labels)
    };
    assert_eq!(of("moead_frames_judged_total", &[]), 12.0);
    assert_eq!(of("moead_verdicts_total", &[("verdict", "defect")]), 1.0);
    assert_eq!(of("moead_source_state", &[("state", "streaming")]), 1.0);
    assert_eq!(of("moead_source_state", &[("state", "lost")]), 0.0);
    assert_eq!(of("moead_threshold", &[]), 4.5);
    // Ten without a scratch, below 3; two with one, above 5.
    assert_eq!(of("moead_scores_bucket", &[("le", "3")]), 10.0);
    assert_eq!(of("moead_scores_bucket", &[("le", "7")]), 12.0);
    assert_eq!(of("moead_stage_duration_seconds_bucket", &[("stage", "inference"), ("le", "0.025")]), 0.0);
    assert_eq!(of("moead_stage_duration_seconds_bucket", &[("stage", "inference"), ("le", "0.05")]), 12.0);
    assert!((of("moead_result_age_seconds_sum", &[]) - 12.0 * 0.0523).abs() < 1e-9);
    assert!((of("moead_last_frame_age_seconds", &[]) - 0.05).abs() < 1e-9);
    assert_eq!(value(&families, "moead_build_info", &[("version", "1.2.3")]), 1.0);
    // A source without a result has counters and states, and no score.
    assert_eq!(value(&families, "moead_frames_received_total", &[("source", "line2")]), 0.0);
    let has_score = |family: &Family| family.name == "moead_score" && family.samples.len() == 1;
    assert!(families.iter().any(has_score));
}

#[test]
fn a_calibration_s_numbers_have_the_product_beside_them() {
    let stand = Stand::new(&["line1"]);
    let scene = Scene::draw(0, false);
    for (product, measure) in [(Some("bolt"), 0.5), (None, 0.25), (Some("bolt"), 1.5)] {
        let product: Option<Arc<str>> = product.map(Arc::from);
        let drift = Drift { product: product.clone(), window: 64, measure, course: Course::Steady, has_turned: false };
        let whole = scene.observation(0, 0, stand.clock.monotonic());
        let counts = Counts { drifts: 3, ..whole.counts };
        let severity = Some(Severity(-0.25));
        stand.live.publish(&Observation { product: product.as_ref(), severity, drift: Some(&drift), counts, ..whole });
    }
    let families = parse(stand.get("/metrics").text());
    assert_eq!(value(&families, "moead_drift", &[("source", "line1"), ("product", "bolt")]), 1.5);
    assert_eq!(value(&families, "moead_drift", &[("source", "line1")]), 0.25);
    assert_eq!(value(&families, "moead_drifts_total", &[("source", "line1")]), 3.0);
    assert_eq!(value(&families, "moead_severity", &[("source", "line1")]), -0.25);
}
