//! The state as JSON: asked for, and sent.

use std::sync::Arc;
use std::time::Duration;

use moead_runtime::score::severity::Severity;
use moead_runtime::score::verdict::{Score, Verdict};
use moead_runtime::sinks::http::Observation;
use moead_runtime::stream::clock::Clock as _;
use moead_runtime::stream::drift::{Course, Drift};
use moead_runtime::stream::status::State;
use serde_json::{Value, json};

use crate::scene::Scene;
use crate::{Stand, client};

fn numbers(events: &Value, key: &str) -> Vec<f64> {
    events.as_array().unwrap().iter().map(|point| point[key].as_f64().unwrap()).collect()
}

#[test]
fn a_new_source_is_connecting_and_has_nothing() {
    let stand = Stand::new(&["line1"]);
    let answer = stand.get("/api/state");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let expected = json!({
        "schema": 1, "version": "1.2.3", "now": 0.0, "step": 0.5,
        "sources": [{
            "name": "line1", "state": "connecting", "state_since": 0.0, "state_cause": null, "last": null, "drift": [],
            "picture": null,
            "frames": {"received": 0, "judged": 0, "dropped": {"policy": 0, "driver": 0, "sink": 0}, "corrupt": 0,
                       "repeated": 0, "late": 0},
            "verdicts": {"ok": 0, "defect": 0, "null": 0}, "reconnects": 0, "history": [], "defects": [],
        }],
    });
    assert_eq!(answer.json(), expected);
}

#[test]
fn a_result_is_told_with_all_that_belongs_to_it() {
    let stand = Stand::new(&["line0", "line1"]);
    stand.clock.advance(Duration::from_secs(60));
    stand.state(1, State::Streaming, "YUYV 640x480 at 30 fps");
    stand.publish(1, 6, &Scene::draw(6, false));
    stand.clock.advance(Duration::from_millis(950));
    let scene = Scene::draw(7, true);
    stand.publish(1, 7, &scene);
    let state = stand.get("/api/state").json();
    assert_eq!((state["now"].as_f64(), &state["sources"][0]["last"]), (Some(61.05), &Value::Null));
    let source = &state["sources"][1];
    assert_eq!((&source["name"], &source["state"]), (&json!("line1"), &json!("streaming")));
    assert_eq!((&source["state_since"], &source["state_cause"]), (&json!(60.0), &json!("YUYV 640x480 at 30 fps")));
    let last = &source["last"];
    assert_eq!((&last["frame"], &last["time"]), (&json!(7), &json!("2026-01-02T03:04:06.828Z")));
    assert_eq!((&last["captured"], &last["answered"], &last["interval"]), (&json!(61.0), &json!(61.05), &json!(1.0)));
    assert_eq!((&last["threshold"], &last["verdict"], &last["cause"]), (&json!(4.5), &json!("defect"), &Value::Null));
    assert!((last["score"].as_f64().unwrap() - f64::from(scene.score)).abs() < 1e-6);
    let region = &last["regions"][0];
    assert_eq!(region.as_object().unwrap().keys().collect::<Vec<_>>(), ["x", "y", "width", "height", "score", "area"]);
    let expected = json!({"age": 52.3, "preprocess": 3.1, "inference": 41.2, "postprocess": 0.6});
    assert_eq!(last["latency_ms"], expected);
    assert_eq!(source["verdicts"], json!({"ok": 7, "defect": 1, "null": 0}));
    assert_eq!(numbers(&source["history"], "at"), [60.0, 61.0]);
    assert_eq!(source["history"][1]["verdict"], "defect");
    assert_eq!((&source["picture"]["width"], &source["picture"]["height"]), (&json!(640), &json!(480)));
}

#[test]
fn a_frame_without_a_verdict_says_why() {
    let stand = Stand::new(&["line1"]);
    let scene = Scene::draw(0, false);
    let whole = scene.observation(0, 3, stand.clock.monotonic());
    let publish = |observation: Observation<'_>| {
        stand.live.publish(&observation);
        stand.get("/api/state").json()["sources"][0]["last"].clone()
    };
    let last = publish(Observation { verdict: None, cause: Some(&"no threshold"), threshold: None, ..whole });
    assert_eq!(
        (&last["verdict"], &last["cause"], &last["threshold"]),
        (&Value::Null, &json!("no threshold"), &Value::Null)
    );
    let nan = Some(Score(f32::NAN));
    let last = publish(Observation { score: nan, verdict: None, cause: Some(&"not a number"), ..whole });
    assert_eq!((&last["score"], &last["cause"]), (&Value::Null, &json!("not a number")));
    let last = publish(Observation { score: None, verdict: None, view: None, cause: Some(&"cut short"), ..whole });
    assert_eq!((&last["score"], &last["cause"]), (&Value::Null, &json!("cut short")));
    // A cause beside a verdict would contradict it.
    let last = publish(Observation { verdict: Some(Verdict::Ok), cause: Some(&"nonsense"), ..whole });
    assert_eq!((&last["verdict"], &last["cause"]), (&json!("ok"), &Value::Null));
}

#[test]
fn product_severity_and_drift_are_told() {
    let stand = Stand::new(&["line1"]);
    let scene = Scene::draw(0, false);
    let whole = scene.observation(0, 3, stand.clock.monotonic());
    let [bolt, nut]: [Arc<str>; 2] = ["bolt".into(), "nut".into()];
    let publish = |product, measure, course| {
        let drift = Drift { product: Some(Arc::clone(product)), window: 64, measure, course, has_turned: false };
        let severity = Some(Severity(0.4211));
        stand.live.publish(&Observation { product: Some(product), severity, drift: Some(&drift), ..whole });
        stand.get("/api/state").json()["sources"][0].clone()
    };
    publish(&nut, 0.25, Course::Steady);
    publish(&bolt, 0.5, Course::Steady);
    let source = publish(&bolt, 1.75, Course::Drifting);
    assert_eq!((&source["last"]["product"], &source["last"]["severity"]), (&json!("bolt"), &json!(0.421)));
    let expected = json!([{"product": "nut", "measure": 0.25, "drifting": false},
                          {"product": "bolt", "measure": 1.75, "drifting": true}]);
    assert_eq!((&source["drift"], &source["state"]), (&expected, &json!("connecting")));
}

#[test]
fn a_source_that_nobody_declared_is_ignored() {
    let stand = Stand::new(&["line1"]);
    stand.publish(5, 0, &Scene::draw(0, false));
    stand.state(5, State::Lost, "");
    assert_eq!(stand.get("/api/state").json()["sources"].as_array().unwrap().len(), 1);
}

#[test]
fn events_begin_with_everything_and_go_on_with_news() {
    let stand = Stand::new(&["line1"]);
    let scenes = [Scene::draw(0, false), Scene::draw(1, true)];
    stand.publish(0, 0, &scenes[0]);
    stand.clock.advance(Duration::from_secs(5));
    stand.publish(0, 1, &scenes[0]);
    let mut events = client::open(stand.live.address(), "/events");
    assert_eq!((events.status, events.header("content-type")), (200, Some("text/event-stream")));
    let first = events.event();
    assert_eq!(numbers(&first["sources"][0]["history"], "at"), [0.0, 5.0]);
    assert_eq!(first["sources"][0]["defects"], json!([]));

    // Within the step of the newest point, which is therefore sent again.
    stand.publish(0, 2, &scenes[1]);
    let second = loop {
        let event = events.event();
        if event["sources"][0]["last"]["frame"] == 2 {
            break event;
        }
    };
    assert_eq!(numbers(&second["sources"][0]["history"], "at"), [5.0]);
    assert_eq!(second["sources"][0]["history"][0]["verdict"], "defect");

    // Nothing happens, and something is sent all the same.
    stand.clock.advance(Duration::from_secs(3));
    let later = loop {
        let event = events.event();
        if event["now"].as_f64() > second["now"].as_f64() {
            break event;
        }
    };
    assert_eq!(later["sources"][0]["last"]["frame"], 2);
}

#[test]
fn a_state_is_sent_when_it_changes() {
    let stand = Stand::new(&["line1"]);
    let mut events = client::open(stand.live.address(), "/events");
    assert_eq!(events.event()["sources"][0]["state"], "connecting");
    for state in [State::Streaming, State::Stalled, State::Lost] {
        stand.state(0, state, "a reason");
        while events.event()["sources"][0]["state"] != state.name() {}
    }
}
