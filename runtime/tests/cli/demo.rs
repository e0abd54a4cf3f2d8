//! `moead-edge --demo`: works with nothing else on the machine, and says the truth about itself.

use serde_json::Value;

use crate::Desk;

#[test]
fn drawn_defects_are_found_and_a_page_shows_them() {
    let desk = Desk::empty();
    let ended = desk.run("--demo --format json");
    assert_eq!(ended.status, Some(0), "{}", ended.transcript());
    let lines: Vec<Value> = ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let frames: Vec<_> = lines.iter().filter(|line| line.get("verdict").is_some()).collect();
    assert_eq!(frames.len(), 48);
    let count = |product: &str, is_defective: bool, verdict: &str| {
        let alike = frames.iter().filter(|frame| {
            frame["product"] == product && frame["truth"]["defect"] == is_defective && frame["verdict"] == verdict
        });
        alike.count()
    };
    let (mut found, mut defective, mut alarms, mut good) = (0, 0, 0, 0);
    for product in ["plate", "blister"] {
        let [missed, hits] = ["ok", "defect"].map(|verdict| count(product, true, verdict));
        let [passed, alarmed] = ["ok", "defect"].map(|verdict| count(product, false, verdict));
        assert_eq!(missed + hits + passed + alarmed, 24, "{product}: every product has a verdict");
        // Three of ten are drawn with a defect.
        assert!(missed + hits >= 3 && passed + alarmed >= 5, "{product}");
        // What the program is shown for; its own table says more exactly how much it finds.
        assert!(10 * hits >= 7 * (missed + hits), "{product}: {hits} found, {missed} missed");
        assert!(alarmed <= 2, "{product}: {alarmed} false alarms");
        (found, defective) = (found + hits, defective + missed + hits);
        (alarms, good) = (alarms + alarmed, good + passed + alarmed);
    }
    let said = format!("{found} of {defective} defective products found, {alarms} false alarms on {good} good ones");
    assert!(ended.stderr.contains(&said), "{said}: {}", ended.stderr);
    assert_eq!(desk.names(), ["moead-demo.png"]);
    let page = image::open(desk.folder.path().join("moead-demo.png")).unwrap();
    assert!(page.width() > 1000 && page.height() > 1000, "{} x {}", page.width(), page.height());
}

#[test]
fn a_folder_that_takes_no_page_costs_the_page_alone() {
    let desk = Desk::empty();
    desk.folder("moead-demo.png");
    let ended = desk.run("--demo --format json --frames 2");
    assert_eq!(ended.status, Some(0), "{}", ended.transcript());
    assert!(ended.stderr.contains("warning: moead-demo.png: "), "{}", ended.stderr);
    assert_eq!(ended.stdout.lines().filter(|line| line.contains("\"verdict\"")).count(), 4);
}

#[test]
fn pictures_of_ones_own_are_judged_without_an_account() {
    let desk = Desk::empty();
    let ended = desk.run("--demo --source synthetic://station?pace=free&frames=2 --product plate --format json");
    assert_eq!(ended.status, Some(0), "{}", ended.transcript());
    assert_eq!(desk.names(), Vec::<String>::new());
    assert_eq!(ended.stdout.lines().filter(|line| line.contains("\"verdict\"")).count(), 2);
    assert!(!ended.stderr.contains("defective products found"), "{}", ended.stderr);
}

#[test]
fn a_signal_that_was_ignored_when_it_began_stays_ignored() {
    let desk = Desk::empty();
    let hung_up = |before: &str| {
        let wait = "until [ -s lines ]; do sleep 0.1; done";
        let script = format!("{before} \"$@\" > lines & run=$!; {wait}; kill -HUP $run; wait $run; cat lines");
        let flags = "--demo --source synthetic://station?pace=free&frames=12 --policy never --format json";
        let ended = desk.program(flags).through_shell(&script).run();
        std::fs::remove_file(desk.folder.path().join("lines")).unwrap();
        (ended.stdout.matches("\"verdict\"").count(), ended.stderr.contains("stopped early, as asked"))
    };
    let (judged, has_stopped) = hung_up("");
    assert!(judged < 12 && has_stopped, "{judged}");
    // As `nohup` does.
    assert_eq!(hung_up("trap '' HUP;"), (12, false));
}

#[test]
fn a_model_of_ones_own_is_no_demonstration() {
    let desk = Desk::empty();
    insta::assert_snapshot!(desk.says("--demo --model bolt.onnx"), @r"
    status: 2
    ----- stderr
    error: the argument '--demo' cannot be used with '--model <FILE>'

    Usage: moead-edge <--demo|--source <[NAME=]URI>...|--camera <DEVICE>>

    For more information, try '--help'.
    ");
}
