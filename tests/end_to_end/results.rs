//! What is said about pictures that can be read.

use serde_json::Value;

use crate::desk::{Desk, lines, summary};

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The fields, their order and their names are what other programs read.
#[test]
fn json_lines_have_the_published_fields() {
    let desk = Desk::new();
    let ended = desk.run("--source part.png --threshold 10");
    insta::assert_snapshot!(ended.transcript(), @r#"
    status: 0
    ----- stdout
    {"schema":1,"source":"part.png","frame":0,"time":"[TIME]","file":"part.png","product":null,"score":19.88[N],"severity":null,"threshold":10.0,"verdict":"defect","regions":[{"x":0,"y":0,"width":131,"height":97,"score":20.38[N],"area":12707}],"dropped_since_last":0,"latency_ms":{"age":[N],"preprocess":[N],"inference":[N],"postprocess":[N]},"error":null}
    {"schema":1,"event":"summary","source":"part.png","time":"[TIME]","seconds":[N],"frames":{"received":1,"judged":1,"dropped":{"policy":0,"driver":0,"sink":0},"corrupt":0,"repeated":0,"late":0},"verdicts":{"ok":0,"defect":1,"null":0},"reconnects":0,"latency_ms":{"p50":[N],"p99":[N],"max":[N]}}
    "#);
    let lines = lines(&ended);
    let frame = [
        "schema",
        "source",
        "frame",
        "time",
        "file",
        "product",
        "score",
        "severity",
        "threshold",
        "verdict",
        "regions",
        "dropped_since_last",
        "latency_ms",
        "error",
    ];
    assert_eq!(keys(&lines[0]), frame);
    assert_eq!(keys(&lines[0]["regions"][0]), ["x", "y", "width", "height", "score", "area"]);
    let total = ["schema", "event", "source", "time", "seconds", "frames", "verdicts", "reconnects", "latency_ms"];
    assert_eq!(keys(summary(&lines)), total);
}

#[test]
fn the_score_is_the_reference_s() {
    let desk = Desk::new();
    let lines = lines(&desk.run("--source part.png --threshold 10"));
    let (found, expected) = (lines[0]["score"].as_f64().unwrap(), desk.case.facts.pred_score_f64);
    assert!((found - expected).abs() <= 1e-4 * expected, "{found}, expected {expected}");
}

#[test]
fn text_says_the_same_to_people() {
    let desk = Desk::new();
    insta::assert_snapshot!(desk.says("--source part.png --threshold 10 --format text"), @r"
    status: 0
    ----- stdout
    defect    19.887  part.png  1 region 131x97 at 0,0  ([TIME])
    part.png: 1 picture in [TIME]: 1 defect
    ");
    insta::assert_snapshot!(desk.says("--source part.png --threshold 30 --format text"), @r"
    status: 0
    ----- stdout
    ok        19.887  part.png  ([TIME])
    part.png: 1 picture in [TIME]: 1 ok
    ");
    insta::assert_snapshot!(desk.says("--source part.png --format text"), @r"
    status: 0
    ----- stdout
    -         19.887  part.png  ([TIME])
    part.png: 1 picture in [TIME]: 1 without a verdict
    ----- stderr
    warning: no verdicts: nothing says from which score on a picture is defective; look at the scores of good pictures and give `--threshold SCORE`, or have `moead-calibrate` find one
    ");
}

#[test]
fn the_threshold_decides() {
    let desk = Desk::new();
    for (threshold, verdict, regions) in [("10", "defect", true), ("30", "ok", false)] {
        let lines = lines(&desk.run(&format!("--source part.png --threshold {threshold}")).success());
        assert_eq!(lines[0]["verdict"], verdict);
        assert_eq!(!lines[0]["regions"].as_array().unwrap().is_empty(), regions, "{}", lines[0]);
        assert_eq!(summary(&lines)["verdicts"][verdict], 1);
    }
}

/// The score itself is a defect: "from which on".
#[test]
fn the_threshold_is_the_first_defective_score() {
    let desk = Desk::new();
    let score = lines(&desk.run("--source part.png --threshold 10"))[0]["score"].to_string();
    let lines = lines(&desk.run(&format!("--source part.png --threshold {score}")));
    assert_eq!(lines[0]["verdict"], "defect");
}

#[test]
fn without_a_threshold_there_is_no_verdict_and_one_warning() {
    let desk = Desk::new();
    let ended = desk.run("--source part.png again=part.png");
    insta::assert_snapshot!(ended.stderr, @"warning: no verdicts: nothing says from which score on a picture is defective; look at the scores of good pictures and give `--threshold SCORE`, or have `moead-calibrate` find one");
    let lines = lines(&ended.success());
    for line in [&lines[0], &lines[2]] {
        assert_eq!((&line["verdict"], &line["threshold"]), (&Value::Null, &Value::Null));
        assert_eq!(line["cause"], "no threshold");
        assert_eq!(line["regions"].as_array().unwrap().len(), 0);
    }
    assert_eq!(summary(&lines)["verdicts"]["null"], 1);
}

#[test]
fn quiet_leaves_the_results() {
    let desk = Desk::new();
    let ended = desk.run("--source part.png --quiet").success();
    assert_eq!(ended.stderr, "");
    assert_eq!(lines(&ended).len(), 2);
}

#[test]
fn defects_are_a_status_only_when_asked_for() {
    let desk = Desk::new();
    assert_eq!(desk.run("--source part.png --threshold 10").status, Some(0));
    assert_eq!(desk.run("--source part.png --threshold 10 --fail-on-defect").status, Some(3));
    assert_eq!(desk.run("--source part.png --threshold 30 --fail-on-defect").status, Some(0));
    let ended = desk.run("--source part.png --fail-on-defect");
    assert_eq!(ended.status, Some(2));
    assert!(ended.stderr.contains("`--fail-on-defect` needs `--threshold SCORE`"), "{}", ended.stderr);
}

#[test]
fn several_sources_have_names_and_summaries_of_their_own() {
    let desk = Desk::new();
    desk.folder("day1/deep");
    desk.copy("day1/b.png");
    desk.copy("day1/deep/a.PNG");
    desk.write("day1/notes.txt", "not a picture, and not read");
    let said = desk.says("--threshold 10 --format text --source line1=day1 --source day1/*.png --source part.png");
    insta::assert_snapshot!(said, @r"
    status: 0
    ----- stdout
    defect    19.887  day1/b.png  1 region 131x97 at 0,0  ([TIME])
    defect    19.887  day1/deep/a.PNG  1 region 131x97 at 0,0  ([TIME])
    line1: 2 pictures in [TIME]: 2 defects
    defect    19.887  day1/b.png  1 region 131x97 at 0,0  ([TIME])
    day1/*.png: 1 picture in [TIME]: 1 defect
    defect    19.887  part.png  1 region 131x97 at 0,0  ([TIME])
    part.png: 1 picture in [TIME]: 1 defect
    ");
    let lines = lines(&desk.run("--threshold 10 --source line1=day1 day1/*.png").success());
    let shown: Vec<_> = lines.iter().map(|line| (&line["source"], &line["frame"], &line["file"])).collect();
    let text: Vec<String> = shown.iter().map(|(source, frame, file)| format!("{source} {frame} {file}")).collect();
    insta::assert_snapshot!(text.join("\n"), @r#"
    "line1" 0 "day1/b.png"
    "line1" 1 "day1/deep/a.PNG"
    "line1" null null
    "day1/*.png" 0 "day1/b.png"
    "day1/*.png" null null
    "#);
}

#[test]
fn frames_ends_each_source_early() {
    let desk = Desk::new();
    desk.folder("many");
    for name in ["a", "b", "c"] {
        desk.copy(&format!("many/{name}.png"));
    }
    let lines = lines(&desk.run("--threshold 10 --frames 2 --source many part.png").success());
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[2]["frames"]["received"], 2);
    assert_eq!(summary(&lines)["frames"]["received"], 1);
}

#[test]
fn settings_come_from_the_environment_too() {
    let desk = Desk::new();
    let program = desk.bare_program("--source part.png").env("MOEAD_MODEL", "model.onnx");
    let program = program.env("MOEAD_THRESHOLD", "10").env("MOEAD_FORMAT", "text");
    insta::assert_snapshot!(program.run().transcript(), @r"
    status: 0
    ----- stdout
    defect    19.887  part.png  1 region 131x97 at 0,0  ([TIME])
    part.png: 1 picture in [TIME]: 1 defect
    ");
}
