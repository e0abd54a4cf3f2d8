//! A small file that says how the run is, for whoever looks at it from outside: `moead-edge health`, updates. Its form is specified in
//! `moead_update::report`.
//!
//! It belongs on a file system in memory. It is written about once a second, and never synced: after a power cut it means nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use moead_update::report::{Moment, Report, SCHEMA, SourceReport};
use serde_json::Value;

use crate::stream::clock::{Clock, Monotonic};
use crate::stream::pipeline::{Event, Nature};
use crate::stream::tally::Counts;

/// Longer causes are cut: they are read by people.
const LONGEST_CAUSE: usize = 400;

/// The state of a run, and the file that it is written to. The file is gone when this is dropped.
pub struct ServiceState {
    path: PathBuf,
    next: PathBuf,
    clock: Arc<dyn Clock>,
    report: Mutex<Report>,
}

impl ServiceState {
    /// Writes a first state: not ready.
    ///
    /// # Errors
    /// The file system's; also for a file that is there and is no state: it is somebody's model or picture.
    pub fn begin(
        path: &Path,
        sources: Vec<(String, Nature)>,
        patience: Duration,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        if !is_free(path)? {
            let words = "expected nothing or the state of a run before, found another file, which stays as it is";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, words));
        }
        let now = seconds(clock.monotonic());
        let source = |(name, nature)| SourceReport {
            name,
            state: match nature {
                Nature::Live => "connecting".into(),
                Nature::Files => "waiting".into(),
            },
            cause: None,
            since: now,
            received: 0,
            judged: 0,
            judged_at: None,
        };
        let report = Report {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION").into(),
            pid: std::process::id(),
            boot: boot(Path::new("/")),
            written: now,
            patience: patience.as_secs_f64(),
            ready: false,
            sources: sources.into_iter().map(source).collect(),
        };
        let mut next = path.as_os_str().to_owned();
        next.push(".next");
        let state = Self { path: path.to_owned(), next: next.into(), clock, report: Mutex::new(report) };
        state.write()?;
        Ok(state)
    }

    /// Frames can come.
    pub fn ready(&self) {
        self.report().ready = true;
    }

    /// What a run tells its sinks.
    pub fn tell(&self, event: &Event<'_>) {
        let now = seconds(self.clock.monotonic());
        let mut report = self.report();
        let mut change = |source: usize, counts: &Counts, act: &dyn Fn(&mut SourceReport)| {
            let Some(source) = report.sources.get_mut(source) else { return };
            (source.received, source.judged) = (counts.received(), counts.judged);
            act(source);
        };
        match event {
            Event::Frame(result, counts) => change(result.frame.source, counts, &|source| {
                // Files are not announced.
                if source.state == "waiting" {
                    enter(source, "streaming", None, now);
                }
                if result.outcome.is_ok() {
                    source.judged_at = Some(now);
                }
            }),
            Event::Status(status) => change(status.source, &status.counts, &|source| {
                enter(source, status.state.name(), status.cause.as_deref(), now);
            }),
            Event::Turn(turn) => change(turn.source, &turn.counts, &|_| {}),
            Event::Summary(summary) => change(summary.source, &summary.tally.counts, &|source| {
                enter(source, "ended", None, now);
            }),
        }
    }

    /// Writes the state of this moment; a reader sees this one or the one before.
    ///
    /// # Errors
    /// The file system's.
    pub fn write(&self) -> io::Result<()> {
        let text = {
            let mut report = self.report();
            report.written = seconds(self.clock.monotonic());
            serde_json::to_vec(&*report)?
        };
        fs::write(&self.next, text)?;
        // The unit's umask hides what it writes; this is for everybody on the machine.
        #[cfg(unix)]
        fs::set_permissions(&self.next, std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
        fs::rename(&self.next, &self.path).inspect_err(|_| drop(fs::remove_file(&self.next)))
    }

    fn report(&self) -> MutexGuard<'_, Report> {
        // Numbers and words that stand side by side.
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ServiceState {
    fn drop(&mut self) {
        // What cannot be removed is old soon, and says so.
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether a state may take that place: there is nothing, or the state of another run, or what a power cut left of one.
fn is_free(path: &Path) -> io::Result<bool> {
    /// Of any state.
    const LARGEST: u64 = 1 << 20;
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        metadata => metadata?,
    };
    if !metadata.is_file() || metadata.len() > LARGEST {
        return Ok(false);
    }
    let bytes = fs::read(path)?;
    let is_state = |value: Value| ["schema", "pid", "sources"].iter().all(|key| value.get(key).is_some());
    Ok(bytes.iter().all(|&byte| byte == 0) || serde_json::from_slice(&bytes).is_ok_and(is_state))
}

fn enter(source: &mut SourceReport, state: &str, cause: Option<&str>, now: f64) {
    if source.state != state {
        source.since = now;
        source.state.clear();
        source.state.push_str(state);
    }
    source.cause = cause.map(|cause| cause[..cause.floor_char_boundary(LONGEST_CAUSE)].to_owned());
}

/// On the clock that only moves forward.
fn seconds(moment: Monotonic) -> f64 {
    moment.since(Monotonic::default()).as_secs_f64()
}

/// The kernel's name for the time between two starts of the machine whose root that is.
fn boot(root: &Path) -> Option<String> {
    let text = fs::read_to_string(root.join("proc/sys/kernel/random/boot_id")).ok()?;
    Some(text.trim().to_owned())
}

/// Now, to look at a report with.
pub fn moment(root: &Path, clock: &dyn Clock) -> Moment {
    Moment { boot: boot(root), now: seconds(clock.monotonic()) }
}

#[cfg(test)]
mod tests {
    use moead_update::report::health;

    use super::*;
    use crate::stream::clock::{SystemClock, WallClock};
    use crate::stream::status::{State, Status};

    fn status(state: State, cause: Option<String>) -> Status {
        Status {
            source: 0,
            time: WallClock::default(),
            state,
            cause,
            counts: Counts { judged: 7, ..Counts::default() },
        }
    }

    #[test]
    fn a_state_is_written_read_and_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let sources = vec![("line1".to_owned(), Nature::Live), ("folder".to_owned(), Nature::Files)];
        let state = ServiceState::begin(&path, sources, Duration::from_secs(20), Arc::new(SystemClock)).unwrap();
        let said = || {
            let report = Report::parse(&fs::read(&path).unwrap()).unwrap();
            let health = health(&report, &moment(Path::new("/"), &SystemClock));
            (report, health.reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
        };
        assert_eq!(said().1, "starting: it is not ready yet; line1: connecting");
        state.ready();
        state.tell(&Event::Status(&status(State::Streaming, None)));
        state.write().unwrap();
        let (report, reasons) = said();
        assert_eq!(report.sources[1].state, "waiting");
        assert_eq!((reasons.as_str(), report.judged(), report.pid), ("", 7, std::process::id()));
        state.tell(&Event::Status(&status(State::Lost, Some("ä".repeat(300)))));
        state.write().unwrap();
        assert_eq!(said().1, format!("line1: lost: {}", "ä".repeat(200)));
        drop(state);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_at_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("none/state.json");
        assert!(ServiceState::begin(&path, Vec::new(), Duration::ZERO, Arc::new(SystemClock)).is_err());
    }

    #[test]
    fn what_is_no_state_keeps_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.onnx");
        let begin = || ServiceState::begin(&path, Vec::new(), Duration::ZERO, Arc::new(SystemClock));
        for bytes in [&b"\x08\x08 a model"[..], b"{\"threshold\": 1}", b"{", &[1; 2 << 20]] {
            fs::write(&path, bytes).unwrap();
            assert_eq!(begin().err().map(|error| error.kind()), Some(io::ErrorKind::AlreadyExists));
            assert_eq!(fs::read(&path).unwrap(), bytes);
        }
        // What a crash or a power cut leaves.
        for bytes in [&b""[..], &[0; 300], b"{\"schema\":1,\"pid\":7,\"sources\":[]}"] {
            fs::write(&path, bytes).unwrap();
            drop(begin().unwrap());
            assert!(!path.exists());
        }
        fs::create_dir(&path).unwrap();
        assert!(begin().is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
