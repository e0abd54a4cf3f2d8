//! Whether the run is well, for whoever restarts or reports it.

use std::time::Duration;

use moead_runtime::stream::blindness::Blindness;
use moead_runtime::stream::pipeline::{Event, Summary};
use moead_runtime::stream::status::State;
use moead_runtime::stream::tally::Tally;
use serde_json::{Value, json};

use crate::Stand;
use crate::scene::Scene;

fn health(stand: &Stand) -> (u16, Value) {
    let answer = stand.get("/healthz");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    (answer.status, answer.json())
}

fn well() -> (u16, Value) {
    (200, json!({"healthy": true, "reasons": []}))
}

fn unwell(source: &str, state: &str, cause: Value) -> (u16, Value) {
    (503, json!({"healthy": false, "reasons": [{"source": source, "state": state, "cause": cause}]}))
}

#[test]
fn each_source_must_stream_and_show_something() {
    let stand = Stand::new(&["line1", "line2"]);
    assert_eq!(health(&stand).1["reasons"].as_array().unwrap().len(), 2);
    stand.state(0, State::Streaming, "");
    assert_eq!(health(&stand), unwell("line2", "connecting", Value::Null));
    stand.state(1, State::Streaming, "");
    assert_eq!(health(&stand), well());
    for state in [State::Stalled, State::Lost, State::Connecting] {
        stand.state(0, state, "unplugged");
        assert_eq!(health(&stand), unwell("line1", state.name(), json!("unplugged")));
    }
    for blindness in [Blindness::Frozen, Blindness::Dark, Blindness::Saturated] {
        stand.state(0, State::Blind(blindness), "");
        assert_eq!(health(&stand), unwell("line1", blindness.name(), Value::Null));
    }
    stand.state(0, State::Streaming, "");
    assert_eq!(health(&stand), well());
}

#[test]
fn a_source_that_has_ended_is_well() {
    let stand = Stand::new(&["folder"]);
    let summary =
        Summary { source: 0, time: crate::scene::time(0), elapsed: Duration::from_secs(1), tally: Tally::default() };
    stand.live.tell(&Event::Summary(&summary));
    stand.clock.advance(Duration::from_secs(3600));
    assert_eq!(health(&stand), well());
    assert_eq!(stand.get("/api/state").json()["sources"][0]["state"], "ended");
}

#[test]
fn a_source_does_not_speak_for_another_one() {
    let stand = Stand::new(&["line1", "line2"]);
    for source in [0, 1] {
        stand.state(source, State::Streaming, "");
        stand.publish(source, 0, &Scene::draw(0, false));
    }
    stand.clock.advance(Duration::from_secs(21));
    stand.publish(1, 1, &Scene::draw(1, false));
    assert_eq!(health(&stand), unwell("line1", "silent", json!("no frame has been judged for 21 s")));
}

#[test]
fn a_folder_that_waits_for_its_turn_is_well_and_streams_with_its_first_picture() {
    let stand = Stand::new(&["folder1", "folder2"]);
    let state = |source: usize| stand.get("/api/state").json()["sources"][source]["state"].clone();
    assert_eq!((state(0), state(1)), (json!("waiting"), json!("waiting")));
    stand.publish(0, 0, &Scene::draw(0, false));
    assert_eq!((state(0), state(1)), (json!("streaming"), json!("waiting")));
    assert_eq!(health(&stand), well());
    assert!(stand.get("/metrics").text().contains("moead_source_state{source=\"folder1\",state=\"streaming\"} 1"));
}

#[test]
fn an_engine_that_does_not_answer_is_noticed() {
    let stand = Stand::new(&["line1"]);
    stand.clock.advance(Duration::from_secs(100));
    stand.state(0, State::Streaming, "");
    stand.clock.advance(Duration::from_secs(20));
    assert_eq!(health(&stand), well());
    stand.clock.advance(Duration::from_secs(1));
    assert_eq!(health(&stand), unwell("line1", "silent", json!("no frame has been judged for 21 s")));
    stand.publish(0, 0, &Scene::draw(0, false));
    assert_eq!(health(&stand), well());
    stand.clock.advance(Duration::from_secs(21));
    assert_eq!(health(&stand).0, 503);
    // Without frames there is nothing to answer, and the camera is the reason.
    stand.state(0, State::Lost, "unplugged");
    assert_eq!(health(&stand), unwell("line1", "lost", json!("unplugged")));
    // Back again: the silence counts from here.
    stand.state(0, State::Streaming, "");
    assert_eq!(health(&stand), well());
}
