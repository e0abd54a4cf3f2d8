//! A virtual board: a card, and a folder through which the tests give it something to do and see what came of it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use moead_tests::golden;
use serde_json::Value;

use crate::card;
use crate::machine::Machine;
use crate::releases::Releases;

/// Of a boot in seconds: for what hangs, on a machine that has much else to do.
const TIMEOUT: &str = "1500";

pub(crate) struct Board {
    folder: tempfile::TempDir,
    pub(crate) releases: Releases,
}

/// How a boot differs from an ordinary one.
#[derive(Debug, Default)]
pub(crate) struct Conditions<'a> {
    /// Keeps every write there.
    pub(crate) log: Option<&'a Path>,
    /// What the clock says at first.
    pub(crate) clock: Option<&'a str>,
}

/// What a command on the board said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: String,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Of `systemctl show`, in the order of the units.
    pub(crate) fn properties(&self, name: &str) -> Vec<&str> {
        let lines = self.stdout.lines().filter_map(|line| line.split_once('='));
        lines.filter(|(key, _)| *key == name).map(|(_, value)| value).collect()
    }
}

/// Why none can boot here; said in words.
pub(crate) fn is_skipped(what: &str) -> bool {
    let check = script().arg("--check").output().unwrap();
    if !check.status.success() {
        let obstacle = String::from_utf8_lossy(&check.stdout).trim().to_owned();
        golden::write_note(&format!("skipped: {what} needs a virtual machine, and {obstacle}\n"));
    }
    !check.status.success()
}

fn script() -> Command {
    let mut command = Command::new(golden::root().join("tests/board_vm/vm.sh"));
    command.args(["--machine", Machine::asked().name()]);
    command
}

impl Board {
    /// With a card that has release 1.
    pub(crate) fn new(name: &str) -> Self {
        let folder =
            tempfile::Builder::new().prefix(&format!("board_vm_{name}.")).tempdir_in(env!("CARGO_TARGET_TMPDIR"));
        let folder = folder.unwrap();
        let share = folder.path().join("share");
        std::fs::create_dir_all(share.join("guest")).unwrap();
        for entry in std::fs::read_dir(golden::root().join("tests/board_vm/guest")).unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, share.join("guest").join(path.file_name().unwrap())).unwrap();
        }
        let releases = Releases::in_folder(&share, Machine::asked());
        let base = script().arg("--base").output().unwrap();
        let base = PathBuf::from(String::from_utf8(base.stdout).unwrap().trim());
        releases.card(&base, &folder.path().join("card.img"));
        Self { folder, releases }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn card(&self) -> PathBuf {
        self.path("card.img")
    }

    /// The card as it is now, once more.
    pub(crate) fn copy_card(&self, name: &str) -> PathBuf {
        let copy = self.path(name);
        card::copy(&self.card(), &copy).unwrap();
        copy
    }

    /// Boots a card and does what a scenario of `guest/` says; fails, and keeps all files, unless it came to its end.
    pub(crate) fn boot(&self, card: &Path, scenario: &str, conditions: &Conditions<'_>) {
        let _ = std::fs::remove_dir_all(self.path("share/out"));
        let mut command = script();
        command.arg("--card").arg(card).arg("--share").arg(self.path("share")).args(["--scenario", scenario]);
        if let Some(log) = conditions.log {
            command.arg("--log").arg(log);
        }
        if let Some(clock) = conditions.clock {
            command.args(["--clock", clock]);
        }
        let output = command.args(["--timeout", TIMEOUT]).stdin(Stdio::null()).output().unwrap();
        let progress = std::fs::read_to_string(self.path("share/out/progress")).unwrap_or_default();
        #[expect(clippy::print_stdout, reason = "shown when the test fails, or when somebody asks for times")]
        {
            println!("{progress}");
        }
        let is_over = progress.lines().last().is_some_and(|line| line.ends_with("] end"));
        if !output.status.success() || !is_over {
            let console = std::fs::read_to_string(self.path("share/console.log")).unwrap_or_default();
            panic!("the boot did not come to its end: {output:?}\n{console}");
        }
    }

    /// What a step of the scenario said.
    pub(crate) fn said(&self, step: &str) -> Said {
        let read =
            |end: &str| std::fs::read_to_string(self.path(&format!("share/out/{step}.{end}"))).unwrap_or_default();
        Said { status: read("status").trim().to_owned(), stdout: read("stdout"), stderr: read("stderr") }
    }

    pub(crate) fn out(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(&format!("share/out/{name}"))).unwrap()
    }
}

/// A test that failed leaves everything where somebody can look at it.
impl Drop for Board {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.folder.disable_cleanup(true);
            let journal = std::fs::read_to_string(self.path("share/out/journal")).unwrap_or_default();
            golden::write_note(&format!(
                "{journal}\nfiles of the board that failed: {}\n",
                self.folder.path().display()
            ));
        }
    }
}
