//! A service that runs whatever `current` leads to, on a clock that moves when somebody waits.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use moead_update::disk::Disk as _;
use moead_update::host::Time;
use moead_update::report::{Health, Report, SCHEMA, SourceReport, Unwell};
use moead_update::service::{Active, Observation, Service, ServiceError};

use crate::memory::Memory;

/// What becomes of a release that is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    Well,
    Crashes,
    Hangs,
    SeesNothing,
    /// It judges, and then its engine hangs: the watchdog ends it.
    Fades,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Clock(Rc<Cell<Duration>>);

impl Time for Clock {
    fn now(&self) -> Duration {
        self.0.get()
    }

    fn pause(&self, duration: Duration) {
        self.0.set(self.0.get() + duration);
    }

    fn date(&self) -> String {
        "1970-01-01T00:00:00Z".into()
    }
}

/// The board's systemd.
pub(crate) struct Scripted {
    disk: Memory,
    clock: Clock,
    /// By the link's target; the others are well.
    pub(crate) lives: BTreeMap<String, Life>,
    running: Option<String>,
    since: Duration,
    /// Given up, with nobody to start it again.
    pub(crate) given_up: bool,
    /// The command with that number fails.
    pub(crate) fails_at: Option<usize>,
    pub(crate) commands: usize,
    pub(crate) verified: RefCell<Result<(), String>>,
}

impl Scripted {
    /// As after a start of the board.
    pub(crate) fn started(disk: &Memory, clock: &Clock, lives: &BTreeMap<String, Life>) -> Self {
        let mut service = Self {
            disk: disk.clone(),
            clock: clock.clone(),
            lives: lives.clone(),
            running: None,
            since: Duration::ZERO,
            given_up: false,
            fails_at: None,
            commands: 0,
            verified: RefCell::new(Ok(())),
        };
        service.run();
        service
    }

    fn run(&mut self) {
        self.running = self.disk.target(Path::new("/opt/moead/current")).unwrap();
        self.since = self.clock.now();
        self.given_up = false;
    }

    /// What the link led to when it was started last.
    pub(crate) fn running(&self) -> Option<&str> {
        self.running.as_deref()
    }

    fn command(&mut self) -> Result<(), ServiceError> {
        let number = self.commands;
        self.commands += 1;
        if self.disk.other_effect().is_err() || self.fails_at == Some(number) {
            return Err(ServiceError::Command { command: "systemctl".into(), said: "no bus".into() });
        }
        Ok(())
    }
}

impl Service for Scripted {
    fn reload(&mut self) -> Result<(), ServiceError> {
        self.command()
    }

    fn restart(&mut self) -> Result<(), ServiceError> {
        self.command()?;
        self.run();
        Ok(())
    }

    fn call_understudy(&mut self) -> Result<(), ServiceError> {
        self.command()
    }

    fn observe(&mut self) -> Result<Observation, ServiceError> {
        let seconds = (self.clock.now() - self.since).as_secs();
        let life = self.running.as_ref().and_then(|target| self.lives.get(target)).copied().unwrap_or(Life::Well);
        let (active, restarts, judged) = match (life, seconds) {
            _ if self.given_up => (Active::Failed, 5, None),
            (Life::Well, 3..) => (Active::Ready, 0, Some((seconds - 3) * 2)),
            (Life::Crashes, 2..) => (Active::Ended, 0, None),
            (Life::SeesNothing, 3..) => (Active::Ready, 0, Some(0)),
            (Life::Fades, 3..20) => (Active::Ready, 0, Some(seconds * 5)),
            (Life::Fades, 20..) => (Active::Coming, 1, None),
            _ => (Active::Coming, 0, None),
        };
        let lost = Unwell { source: Some("a".into()), state: "lost".into(), cause: None };
        let reasons = if life == Life::SeesNothing { vec![lost] } else { Vec::new() };
        let report = judged.map(|judged| {
            let source = SourceReport {
                name: "a".into(),
                state: "streaming".into(),
                cause: None,
                since: 0.0,
                received: judged,
                judged,
                judged_at: None,
            };
            let report = Report {
                schema: SCHEMA,
                version: "1".into(),
                pid: 1,
                boot: None,
                written: 0.0,
                patience: 20.0,
                ready: true,
                sources: vec![source],
            };
            (report, Health { healthy: reasons.is_empty(), reasons })
        });
        Ok(Observation { active, restarts, result: "watchdog".into(), report })
    }

    fn last_words(&mut self) -> String {
        "its last words".into()
    }

    fn verify(&mut self, _release: &Path) -> Result<(), String> {
        self.verified.borrow().clone()
    }
}
