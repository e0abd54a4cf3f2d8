//! Runs that somebody ends: Ctrl-C, and a reader who has seen enough.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Command;

use serde_json::Value;

use crate::desk::{Desk, lines, summary};

/// So many lines fill a pipe several times over: the program cannot have ended before somebody reads them.
const PICTURES: usize = 600;

fn desk() -> Desk {
    let desk = Desk::new();
    desk.folder("many");
    for number in 0..PICTURES {
        std::fs::hard_link(desk.path("part.png"), desk.path(&format!("many/{number:04}.png"))).unwrap();
    }
    desk
}

#[test]
fn a_reader_who_leaves_ends_the_run_quietly() {
    let desk = desk();
    let program = desk.program("--source many --threshold 10");
    let ended = program.through_shell("{ \"$@\"; echo \"status $?\" >&2; } | head -n 1").run();
    assert_eq!(ended.stderr, "status 0\n");
    assert_eq!(lines(&ended).len(), 1);
}

#[test]
fn ctrl_c_ends_with_a_summary() {
    let desk = desk();
    let mut child = desk.program("--source many --threshold 10").command().spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    stdout.read_line(&mut text).unwrap();
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    stdout.read_to_string(&mut text).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "note: stopped early, as asked\n");
    assert_eq!(ended.status.code(), Some(0));
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let received = summary(&lines)["frames"]["received"].as_u64().unwrap();
    assert_eq!(lines.len() as u64, received + 1);
    assert!(received < PICTURES as u64, "{received}");
}
