//! Runs that are taken up again: what they are compared by, and what became of their files meanwhile.

use super::Desk;

const RUN: &str =
    "good --backbone backbone.safetensors --preset tiny --steps 12 --threads 1 --no-model-free -o c.safetensors";

/// A run that was made.
fn made() -> Desk {
    let desk = Desk::new();
    desk.backbone();
    desk.pictures("good", 30);
    desk.program(&format!("{RUN} --metrics c.jsonl")).run().success();
    desk
}

#[test]
fn a_run_that_is_refused_keeps_the_features_of_the_other() {
    let desk = made();
    let all = ["c.features", "c.drawn.features", "c.last.safetensors", "c.safetensors"];
    let before = all.map(|name| desk.read(name));
    insta::assert_snapshot!(desk.says(&format!("{RUN} --seed 2 --resume")), @r"
    status: 1
    ----- stderr
    note: 30 good pictures; efficientnet_b0, layers [1, 2, 3, 4]: 192 features at 7x7 places of 112x112
    error: c.last.safetensors: seed: the run was begun with 1, expected 2
    hint: give the settings and pictures that the run was begun with, or begin anew without `--resume`
    ");
    desk.pictures("more", 31);
    desk.write("good/030.png", desk.read("more/030.png"));
    let said = desk.says(&format!("{RUN} --resume"));
    assert!(said.contains("error: c.last.safetensors: pictures: the run was begun with"), "{said}");
    assert!(all.map(|name| desk.read(name)) == before);
}

#[test]
fn a_run_goes_on_with_the_engine_that_it_was_begun_with() {
    let desk = made();
    let state = desk.read("c.last.safetensors");
    let begun = br#"\"engine\":\"tract"#;
    let at = state.windows(begun.len()).position(|window| window == begun).unwrap();
    let mut other = state;
    other[at + begun.len() - 5..][..5].copy_from_slice(b"other");
    desk.write("c.last.safetensors", other);
    let features = desk.read("c.features");
    let said = desk.says(&format!("{RUN} --resume"));
    assert!(said.contains(r#"error: c.last.safetensors: engine: the run was begun with "other"#), "{said}");
    assert!(said.contains(r#"expected "tract"#), "{said}");
    assert!(desk.read("c.features") == features);
}

#[test]
fn a_best_network_that_is_gone_is_said_and_another_written() {
    let desk = made();
    std::fs::remove_file(desk.folder.path().join("c.safetensors")).unwrap();
    let mut settings = insta::Settings::clone_current();
    // Which pass is the best one may be the vector unit's choice, too.
    settings.add_filter(r"step \d+, the best", "step [STEP], the best");
    let _filters = settings.bind_to_scope();
    insta::assert_snapshot!(desk.says(&format!("{RUN} --resume")), @r"
    status: 0
    ----- stderr
    note: 30 good pictures; efficientnet_b0, layers [1, 2, 3, 4]: 192 features at 7x7 places of 112x112
    note: features of 30 pictures: read from c.features
    note: features of 6 pictures with drawn defects: read from c.drawn.features
    note: going on behind step 12
    warning: c.safetensors is gone, and with it the network of step [STEP], the best until now: another takes its place
    note: written: c.safetensors (the run itself: c.last.safetensors)
    ");
    assert!(desk.folder.path().join("c.safetensors").is_file());
    // What was lost is not said to be kept, either, when the run is taken up once more.
    let said = desk.says(&format!("{RUN} --resume"));
    assert!(said.starts_with("status: 0") && !said.contains("kept:") && !said.contains("gone"), "{said}");
}

#[test]
fn metrics_go_on_where_the_state_is() {
    let desk = made();
    let metrics = desk.read("c.jsonl");
    assert_eq!(metrics.iter().filter(|byte| **byte == b'\n').count(), 12 + 4);
    // As a run leaves them that was killed behind its state, in the middle of a line.
    let more = b"{\"schema\":1,\"event\":\"step\",\"step\":13,\"loss\":0.5}\n{\"schema\":1,\"event\":\"st";
    desk.write("c.jsonl", [&metrics[..], more].concat());
    desk.program(&format!("{RUN} --metrics c.jsonl --resume")).run().success();
    assert!(desk.read("c.jsonl") == metrics, "{}", String::from_utf8_lossy(&desk.read("c.jsonl")));
}
