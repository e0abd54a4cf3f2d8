//! What is wrong with a machine: a recorded one, whose report is known, and this one, of which it is known that there is a report.

use std::path::Path;

use serde_json::Value;

use crate::Desk;

/// The command's arguments for a machine of `runtime/tests/machines`.
fn recorded(name: &str) -> String {
    format!("doctor --root {}", Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/machines").join(name).display())
}

#[test]
fn a_recorded_machine_without_a_problem_is_fine() {
    let desk = Desk::empty();
    let ended = desk.run(&recorded("raspberry-pi-5"));
    assert_eq!(ended.status, Some(0));
    assert_eq!(ended.stderr, "");
    assert!(
        ended.stdout.starts_with("board\n  ok       model               Raspberry Pi 5 Model B Rev 1.0\n"),
        "{}",
        ended.stdout
    );
    assert!(ended.stdout.ends_with("\n2 notes, 21 ok\n"), "{}", ended.stdout);
    let document = desk.run(&format!("{} --json", recorded("raspberry-pi-5"))).success();
    let document: Value = serde_json::from_str(&document.stdout).unwrap();
    assert_eq!((&document["schema"], &document["worst"]), (&1.into(), &"note".into()));
}

#[test]
fn a_problem_ends_with_status_1() {
    let desk = Desk::empty();
    desk.folder("full");
    desk.folder("full/proc");
    desk.folder("full/answers");
    desk.write("full/answers/storage", "1000000 10 rw /data\n");
    insta::assert_snapshot!(desk.says("doctor --root full"), @"
    status: 1
    ----- stdout
    board
      note     model               not known: neither a device tree nor firmware names it
    system
      note     name                not known: there is no /etc/os-release
    cpu
      warning  processor           not known: /proc/cpuinfo cannot be read, and engines that look there choose slower kernels
                                   remedy: a service with `ProcSubset=pid` is not shown it: take that line out
    memory
      note     memory              not known: /proc/meminfo cannot be read
    storage
      problem  /data               10 bytes of 1.0 MB are free
                                   remedy: make room: `sudo du -xh -d2 /data` shows what takes it
    graphics
      ok       graphics processor  none with an NVIDIA driver: models run on the CPU
    heat
      note     temperature         not known: the kernel shows no sensor
    time
      warning  synchronisation     the clock is not set by another one: dates in results drift, and are wrong after a start without a battery
                                   remedy: `sudo timedatectl set-ntp true`, with a way to a time server
      note     hardware clock      none: after a start the date is wrong until a time server is reached
    watchdog
      note     watchdog            none: nothing restarts this machine when its kernel hangs
    cameras
      note     cameras             were not asked

    1 problem, 2 warnings, 7 notes, 1 ok
      warning  cpu: processor
      warning  time: synchronisation
      problem  storage: /data
    ----- stderr
    error: this machine has 1 problem
    ");
}

#[test]
fn what_is_no_recorded_machine_is_an_error() {
    let desk = Desk::empty();
    insta::assert_snapshot!(desk.says("doctor --root none"), @"
    status: 1
    ----- stderr
    error: none: No such file or directory (os error 2)
    hint: give the folder that `record.sh FOLDER` wrote on the other machine as `--root`
    ");
    insta::assert_snapshot!(desk.says("doctor --root ."), @"
    status: 1
    ----- stderr
    error: .: expected a recorded machine, with proc, sys or etc in it; found none of them
    hint: give the folder that `record.sh FOLDER` wrote on the other machine as `--root`
    ");
    insta::assert_snapshot!(desk.says("doctor --root . results"), @"
    status: 2
    ----- stderr
    error: the argument '--root <FOLDER>' cannot be used with '[FOLDER]...'

    Usage: moead-edge doctor --root <FOLDER> [FOLDER]...

    For more information, try '--help'.
    ");
}

#[test]
fn this_machine_is_examined_without_a_model() {
    let desk = Desk::empty();
    let ended = desk.run("doctor --json .");
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    let findings = document["findings"].as_array().unwrap();
    let has =
        |area: &str, fact: &str| findings.iter().any(|finding| finding["area"] == area && finding["fact"] == fact);
    assert!(has("storage", ".") && has("cpu", "processor") && has("engines", "tract"), "{document}");
    // Whether something is wrong with the machine that tests run on is not ours to say.
    assert_eq!(ended.status, Some(i32::from(document["worst"] == "problem")), "{}", ended.stderr);
}

#[test]
fn a_folder_that_is_not_there_has_no_room() {
    let desk = Desk::empty();
    let ended = desk.run("doctor missing");
    assert_eq!(ended.status, Some(1));
    assert!(ended.stdout.contains("missing"), "{}", ended.stdout);
    assert!(ended.stdout.contains("cannot be asked for its room: No such file or directory"), "{}", ended.stdout);
}
