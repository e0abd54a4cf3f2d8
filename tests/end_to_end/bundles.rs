//! `moead-board build` with a real model: what the board will do is tried before anything is written.

use moead_tests::command::Ended;

use crate::desk::Desk;
use crate::verification::spoil_the_self_test;

/// The smallest program that needs glibc stands in for moead-edge: it is looked at, not run.
const PROGRAM: &[u8] = include_bytes!("../../boards/tests/programs/aarch64");

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("moead-edge", PROGRAM);
    desk.program_of("moead-board", "key new --no-passphrase").run().success();
    desk
}

fn build(desk: &Desk, more: &str) -> Ended {
    let build = "build raspberry-pi-5 --model model.onnx --binary moead-edge --key moead.key -o bolt.moead";
    desk.program_of("moead-board", &format!("{build} {more}")).run()
}

#[test]
fn the_self_test_is_run_and_told() {
    let desk = desk();
    desk.write("edge.env", "MOEAD_THRESHOLD=4.5\nMOEAD_HTTP=8080\n");
    let said = build(&desk, "--config edge.env -- --stall-timeout 5s").success();
    assert!(said.stdout.contains(", checked: self-test off by "), "{}", said.stdout);
    assert_eq!(said.stderr, "");
    desk.program_of("moead-board", "inspect bolt.moead --key moead.pub").run().success();
}

#[test]
fn what_would_fail_on_the_board_fails_here_and_nothing_is_written() {
    let desk = desk();
    insta::assert_snapshot!(build(&desk, "-- --stall-time 5s").transcript(), @r"
    status: 1
    ----- stderr
    error: moead-edge would refuse its arguments: unexpected argument '--stall-time' found
    hint: `moead-edge --help` lists what it takes, behind `--` or as settings in `--config FILE`
    ");
    desk.write("edge.env", "MOEAD_THRESHOLD=high\n");
    insta::assert_snapshot!(build(&desk, "--config edge.env").transcript(), @r"
    status: 1
    ----- stderr
    error: moead-edge would refuse its arguments: invalid value 'high' for '--threshold <SCORE>': expected a number, as in 4.5
    hint: `moead-edge --help` lists what it takes, behind `--` or as settings in `--config FILE`
    ");
    spoil_the_self_test(&desk);
    let said = build(&desk, "");
    assert_eq!(said.status, Some(1));
    assert!(said.stderr.starts_with("error: model.onnx: the self-test fails: the map is off by "), "{}", said.stderr);
    assert!(!desk.names("").contains(&"bolt.moead".to_owned()), "{:?}", desk.names(""));
}
