//! systemd, asked through `systemctl`; nothing that is newer than its version 249.

use std::io::{self, Read as _};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moead_bundle::release::{MODEL, PROGRAM, SERVICE_STATE, UNIT, UPDATE_UNIT};

use super::{Active, Observation, Service, ServiceError};
use crate::disk;
use crate::disk::board::BoardDisk;
use crate::host::Time;
use crate::report::{self, Health, Moment, Report};

/// How long a release's own test may take: engines are compiled for a GPU in it.
const VERIFY_LIMIT: Duration = Duration::from_secs(900);
/// How often it is looked whether it has ended.
const VERIFY_ROUND: Duration = Duration::from_millis(100);
/// How long a program's last words may take to arrive after its end.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Bytes that are kept of what a program says.
const MOST_HEARD: usize = 1 << 16;
/// Of a program's words, and of the journal: for a reason that people read.
const MOST_WORDS: usize = 600;

/// The service on this machine, or on the one that a folder stands for.
pub struct Systemd<'a> {
    disk: BoardDisk,
    time: &'a dyn Time,
    moment: &'a dyn Fn() -> Moment,
    /// Of the start that was looked at last, in systemd's words; empty: none was.
    invocation: String,
}

impl<'a> Systemd<'a> {
    /// `moment` is asked whenever the service's report is looked at.
    #[must_use]
    pub fn new(root: &Path, time: &'a dyn Time, moment: &'a dyn Fn() -> Moment) -> Self {
        Self { disk: BoardDisk::below(root), time, moment, invocation: String::new() }
    }

    /// What the service says about itself, or why that cannot be used.
    #[must_use]
    pub fn health(&self) -> (Option<Report>, Health) {
        read(&self.disk.here(Path::new(SERVICE_STATE)), &(self.moment)())
    }
}

/// What a service says about itself in a file, and what that means.
#[must_use]
pub fn read(path: &Path, moment: &Moment) -> (Option<Report>, Health) {
    let (folder, name) = (path.parent().unwrap_or(path), path.file_name().unwrap_or_default());
    match disk::read(&BoardDisk::below(folder), &Path::new("/").join(name), report::LIMIT) {
        Err(error) => (None, Health::absent(format!("{}: {}", path.display(), error.error))),
        Ok(None) => (None, Health::absent(format!("{}: no such file", path.display()))),
        Ok(Some(text)) => match Report::parse(&text) {
            Err(error) => (None, Health::absent(format!("{}: {error}", path.display()))),
            Ok(report) => {
                let health = report::health(&report, moment);
                (Some(report), health)
            }
        },
    }
}

impl Service for Systemd<'_> {
    fn reload(&mut self) -> Result<(), ServiceError> {
        ask("systemctl", &["daemon-reload"])?;
        // The rule that gives cameras to the unit's group lies behind `current`, too. A board without udev has none.
        let _ = ask("udevadm", &["control", "--reload"]);
        Ok(())
    }

    fn restart(&mut self) -> Result<(), ServiceError> {
        // A unit that has reached its limit of starts is not started before that is forgotten; of one that has not, nothing is.
        let _ = ask("systemctl", &["reset-failed", UNIT]);
        ask("systemctl", &["restart", "--no-block", UNIT]).map(drop)
    }

    fn call_understudy(&mut self) -> Result<(), ServiceError> {
        ask("systemctl", &["start", "--no-block", UPDATE_UNIT]).map(drop)
    }

    fn observe(&mut self) -> Result<Observation, ServiceError> {
        const PROPERTIES: &str = "ActiveState,SubState,Result,NRestarts,MainPID,InvocationID";
        let arguments = ["show", "-p", PROPERTIES, UNIT];
        let text = ask("systemctl", &arguments)?;
        let (observation, pid) = observation(&text).map_err(|(expected, found)| {
            let command = command_line("systemctl", &arguments);
            ServiceError::Answer { command, expected, found }
        })?;
        self.invocation = value(&text, "InvocationID").to_owned();
        let (report, health) = self.health();
        // What another process left there says nothing about this one.
        let report = report.filter(|report| report.pid == pid).map(|report| (report, health));
        Ok(Observation { report, ..observation })
    }

    fn last_words(&mut self) -> String {
        // Of its processes alone: what systemd says about the unit tells nothing that is not known.
        let own = format!("_SYSTEMD_UNIT={UNIT}");
        // Nor what the release before said when it was stopped.
        let start = format!("_SYSTEMD_INVOCATION_ID={}", self.invocation);
        let which = if self.invocation.is_empty() { vec![own.as_str()] } else { vec![own.as_str(), &start] };
        let words = ask("journalctl", &[which, vec!["-n", "20", "-o", "cat", "--no-pager"]].concat());
        shortened(&last_for_people(&words.unwrap_or_default()))
    }

    fn verify(&mut self, release: &Path) -> Result<(), String> {
        let folder = self.disk.here(release);
        let mut command = Command::new(folder.join(PROGRAM));
        command.arg("verify").arg("--model").arg(folder.join(MODEL));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        let words = Words::of(child.stderr.take());
        let ended = wait(&mut child, self.time);
        let words = words.so_far();
        match ended {
            Ok(status) if status.success() => Ok(()),
            Ok(status) if words.trim().is_empty() => Err(status.to_string()),
            Ok(_) => Err(shortened(from_error(&words))),
            Err(said) => Err(said),
        }
    }
}

/// What a program says, read beside the waiting for its end: one that says a lot must not wait for a reader.
struct Words {
    said: Arc<Mutex<Vec<u8>>>,
    ended: Receiver<()>,
}

impl Words {
    fn of(stderr: Option<ChildStderr>) -> Self {
        let said = Arc::new(Mutex::new(Vec::new()));
        let (end, ended) = std::sync::mpsc::channel();
        let heard = Arc::clone(&said);
        std::thread::spawn(move || {
            let _at_the_end = end;
            let Some(mut stderr) = stderr else { return };
            let mut piece = vec![0; 1 << 12];
            loop {
                let count = match stderr.read(&mut piece) {
                    Ok(count @ 1..) => count,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Ok(_) | Err(_) => return,
                };
                let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
                let room = MOST_HEARD.saturating_sub(heard.len());
                heard.extend_from_slice(piece.get(..count.min(room)).unwrap_or_default());
            }
        });
        Self { said, ended }
    }

    /// After its end. Something that it has started may keep its stderr open for ever: that is not waited for.
    fn so_far(&self) -> String {
        let _ = self.ended.recv_timeout(LAST_WORDS);
        String::from_utf8_lossy(&self.said.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

/// Waits for a program's end; one that takes too long is ended.
fn wait(child: &mut Child, time: &dyn Time) -> Result<std::process::ExitStatus, String> {
    let began = time.now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Err(error) => return Err(error.to_string()),
            Ok(None) if time.now().saturating_sub(began) < VERIFY_LIMIT => time.pause(VERIFY_ROUND),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("not done after {} s", VERIFY_LIMIT.as_secs()));
            }
        }
    }
}

/// Runs a program to its end; its output.
fn ask(program: &str, arguments: &[&str]) -> Result<String, ServiceError> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|error| ServiceError::Start { program: program.to_owned(), error })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let words = shortened(&String::from_utf8_lossy(&output.stderr));
    let said = if words.is_empty() { output.status.to_string() } else { words };
    Err(ServiceError::Command { command: command_line(program, arguments), said })
}

fn command_line(program: &str, arguments: &[&str]) -> String {
    format!("{program} {}", arguments.join(" "))
}

/// What `systemctl show` says, but for the report; and the service's process.
fn observation(text: &str) -> Result<(Observation, u32), (&'static str, String)> {
    let number = |key: &'static str| value(text, key).parse().map_err(|_| (key, value(text, key).to_owned()));
    let active = match (value(text, "ActiveState"), value(text, "SubState")) {
        ("failed", _) => Active::Failed,
        ("activating", "auto-restart" | "auto-restart-queued") => Active::Ended,
        ("active" | "reloading", _) => Active::Ready,
        ("activating" | "deactivating" | "inactive", _) => Active::Coming,
        (state, _) => return Err(("ActiveState", state.to_owned())),
    };
    let result = value(text, "Result").to_owned();
    Ok((Observation { active, restarts: number("NRestarts")?, result, report: None }, number("MainPID")?))
}

/// Of one property in what `systemctl show` says; empty: it is not there.
fn value<'t>(text: &'t str, key: &str) -> &'t str {
    let mut values = text.lines().filter_map(|line| line.split_once('=')).filter(|(name, _)| *name == key);
    values.next().map_or("", |(_, value)| value)
}

/// The last three lines that are no results: those are documents.
fn last_for_people(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('{')).collect();
    lines.get(lines.len().saturating_sub(3)..).unwrap_or_default().join("\n")
}

/// From the error on: notes in front of it say what was not looked at.
fn from_error(words: &str) -> &str {
    const MARK: &str = "error: ";
    let mut starts = words.match_indices(MARK).map(|(at, _)| at);
    let start = starts.find(|&at| words.get(..at).is_some_and(|before| before.is_empty() || before.ends_with('\n')));
    start.and_then(|at| words.get(at + MARK.len()..)).unwrap_or(words)
}

/// The end of a text, in one line.
fn shortened(text: &str) -> String {
    let line = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
    let from = line.len().saturating_sub(MOST_WORDS);
    let from = (from..=line.len()).find(|&from| line.is_char_boundary(from)).unwrap_or(line.len());
    line.get(from..).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_systemctl_shows_is_understood() {
        let shown = |active: &str, sub: &str| {
            let text = format!("ActiveState={active}\nSubState={sub}\nResult=watchdog\nNRestarts=2\nMainPID=17\n");
            observation(&text).map(|(seen, pid)| (seen.active, seen.restarts, seen.result, pid))
        };
        assert_eq!(shown("active", "running"), Ok((Active::Ready, 2, "watchdog".into(), 17)));
        assert_eq!(shown("activating", "start").unwrap().0, Active::Coming);
        assert_eq!(shown("activating", "auto-restart").unwrap().0, Active::Ended);
        assert_eq!(shown("failed", "failed").unwrap().0, Active::Failed);
        assert_eq!(shown("inactive", "dead").unwrap().0, Active::Coming);
        assert_eq!(shown("maintenance", "x"), Err(("ActiveState", "maintenance".into())));
        assert_eq!(observation("ActiveState=active\nNRestarts=x\n").unwrap_err(), ("NRestarts", "x".into()));
    }

    #[test]
    fn words_are_those_for_people() {
        let journal = "note: a\n{\"score\":1.0}\nwarning: b\nnote: c\n{\"event\":\"summary\"}\nerror: d\n";
        assert_eq!(last_for_people(journal), "warning: b\nnote: c\nerror: d");
        assert_eq!(last_for_people("{\"score\":1.0}\n"), "");
        assert_eq!(
            from_error("note: no error: here\nerror: model.onnx: off\ncaused by: x"),
            "model.onnx: off\ncaused by: x"
        );
        assert_eq!(from_error("error: off"), "off");
        assert_eq!(from_error("killed"), "killed");
        assert_eq!(value("A=1\nInvocationID=5f=2\n", "InvocationID"), "5f=2");
    }

    /// Time that does not pass: a program that has not begun yet, on a busy machine, is not ended for that.
    struct Standing;

    impl Time for Standing {
        fn now(&self) -> Duration {
            Duration::ZERO
        }

        fn pause(&self, _: Duration) {
            std::thread::yield_now();
        }

        fn date(&self) -> String {
            String::new()
        }
    }

    #[test]
    fn a_test_that_leaves_something_behind_ends_all_the_same() {
        let root = tempfile::tempdir().unwrap();
        let program = root.path().join("release/moead-edge");
        std::fs::create_dir(program.parent().unwrap()).unwrap();
        let pipe = root.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
        let moment = || Moment { boot: None, now: 0.0 };
        let said = |end: &str| {
            // What is left behind ends when somebody opens the pipe.
            let text = format!("#!/bin/sh\n(: <'{}') &\necho 'error: map off' >&2\n{end}\n", pipe.display());
            std::fs::write(&program, text).unwrap();
            std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
            let said = Systemd::new(root.path(), &Standing, &moment).verify(Path::new("/release"));
            std::fs::OpenOptions::new().write(true).open(&pipe).unwrap();
            said
        };
        assert_eq!(said("exit 1"), Err("map off".into()));
        assert_eq!(said("exec cat"), Ok(()));
    }

    #[test]
    fn long_words_are_cut_at_their_beginning() {
        assert_eq!(shortened("one\n\n two \n"), "one; two");
        assert_eq!(shortened(&"ä".repeat(1000)), "ä".repeat(300));
    }

    #[test]
    fn a_report_that_is_not_there_or_none_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let moment = Moment { boot: None, now: 1.0 };
        let path = folder.path().join("state.json");
        let said = || {
            let health = read(&path, &moment).1;
            health.reasons[0].to_string().replace(&folder.path().display().to_string(), "")
        };
        assert_eq!(said(), "absent: /state.json: no such file");
        std::fs::write(&path, "{").unwrap();
        assert!(said().starts_with("absent: /state.json: not a service's state: EOF"), "{}", said());
    }
}
