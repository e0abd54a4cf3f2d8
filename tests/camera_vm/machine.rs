//! A boot of the virtual machine, with a folder that host and guest share.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use moead_tests::command::Program;
use moead_tests::compare::Failures;
use moead_tests::golden::{self, Case};
use moead_tests::python;
use moead_tests::synthetic_checkpoint::{Checkpoint, Form};
use serde::Deserialize;

use crate::scores::{self, Scores};
use crate::{model, pictures};

/// Of a whole group in seconds; what hangs inside of it is noticed much earlier.
const TIMEOUT: &str = "500";

/// What `guest/run.py` reports.
#[derive(Debug, Deserialize)]
struct Report {
    scenarios: Vec<Scenario>,
    scores: Vec<Scores>,
    /// Whether it came to its end.
    complete: bool,
}

#[derive(Debug, Deserialize)]
struct Scenario {
    name: String,
    failure: Option<String>,
}

/// Boots the machine, runs all scenarios of a group in it, and fails with all that did not go as expected.
pub(crate) fn play(group: &str) {
    if let Some(obstacle) = obstacle() {
        golden::write_note(&format!(
            "skipped: the camera scenarios `{group}` need a virtual machine, and {obstacle}\n"
        ));
        return;
    }
    let share = tempfile::Builder::new().prefix(&format!("camera_vm_{group}.")).tempdir_in(env!("CARGO_TARGET_TMPDIR"));
    let share = share.unwrap();
    prepare(share.path());
    let log = boot(group, share.path());
    #[expect(clippy::print_stdout, reason = "shown when the test fails")]
    {
        println!("{log}");
    }
    let mut failures = Failures::default();
    match std::fs::read(share.path().join("report.json")).map(|report| serde_json::from_slice::<Report>(&report)) {
        Ok(Ok(report)) => evaluate(&report, share.path(), &mut failures),
        other => failures.add(format!("the guest wrote no report: {other:?}")),
    }
    if !failures.is_empty() {
        let share = share.keep();
        failures.add(format!("lines of the programs and the kernel's messages are in {}", share.display()));
    }
    failures.finish();
}

fn evaluate(report: &Report, share: &Path, failures: &mut Failures) {
    for scenario in &report.scenarios {
        if let Some(failure) = &scenario.failure {
            failures.add(format!("{}: {failure}", scenario.name));
        }
    }
    if !report.complete || report.scenarios.is_empty() {
        let last = report.scenarios.last().map_or("the first one", |scenario| &scenario.name);
        failures.add(format!("the scenarios did not come to their end; the last one was {last}"));
    }
    scores::compare(&report.scores, share, failures);
}

fn script() -> Command {
    Command::new(golden::root().join("tests/camera_vm/vm.sh"))
}

/// Why the machine cannot boot here.
fn obstacle() -> Option<String> {
    let check = script().arg("--check").output().unwrap();
    (!check.status.success()).then(|| String::from_utf8_lossy(&check.stdout).trim().to_owned())
}

/// Models and pictures to play.
fn prepare(share: &Path) {
    std::fs::write(share.join("model.onnx"), model::quick()).unwrap();
    Checkpoint::of(&Case::small("tiny")).write(Form::Safetensors, &share.join("exported.safetensors"));
    Program::new("moead-export").args(["exported.safetensors", "--no-check"]).in_folder(share).run().success();
    let folder = share.join("pictures");
    std::fs::create_dir(&folder).unwrap();
    pictures::write(&folder);
}

/// Everything that was said meanwhile.
fn boot(group: &str, share: &Path) -> String {
    let program = PathBuf::from(Program::new("moead-edge").command().get_program());
    let guest = golden::root().join("tests/camera_vm/guest/run.py");
    let mut script = script();
    script.arg("--share").arg(share).arg("--console").arg(share.join("console.log")).args(["--timeout", TIMEOUT]);
    script.args([
        "--loopback",
        "devices=2 video_nr=20,21 exclusive_caps=1,1 card_label=Line1,Line2",
        "--vivid",
        "none",
        "--udev",
        "--",
    ]);
    // Without the modules of the site: each file costs time under emulation.
    script.arg(python::executable()).args(["-S", "-E", "-B"]).arg(guest);
    script.arg(group).arg(program).arg(share);
    let output = script.stdin(Stdio::null()).output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
