//! What `moead-edge update settle` does on a board's files: the product's own code, with a service that is well at once, or ends at once.

use std::cell::Cell;
use std::path::Path;
use std::time::Duration;

use moead_update::disk::board::BoardDisk;
use moead_update::host::{Host, Time};
use moead_update::report::{Health, Report, SCHEMA, SourceReport};
use moead_update::service::{Active, Observation, Service, ServiceError};
use moead_update::settle::{Settled, settle};

/// What becomes of whatever is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    Well,
    Ends,
}

struct Started(Life);

impl Service for Started {
    fn reload(&mut self) -> Result<(), ServiceError> {
        Ok(())
    }

    fn restart(&mut self) -> Result<(), ServiceError> {
        Ok(())
    }

    fn call_understudy(&mut self) -> Result<(), ServiceError> {
        Ok(())
    }

    fn observe(&mut self) -> Result<Observation, ServiceError> {
        let source = SourceReport {
            name: "camera".into(),
            state: "streaming".into(),
            cause: None,
            since: 0.0,
            received: 1000,
            judged: 1000,
            judged_at: Some(0.0),
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
        let health = Health { healthy: true, reasons: Vec::new() };
        Ok(match self.0 {
            Life::Well => Observation {
                active: Active::Ready,
                restarts: 0,
                result: "success".into(),
                report: Some((report, health)),
            },
            Life::Ends => Observation { active: Active::Ended, restarts: 0, result: "exit-code".into(), report: None },
        })
    }

    fn last_words(&mut self) -> String {
        String::new()
    }

    fn verify(&mut self, _release: &Path) -> Result<(), String> {
        Ok(())
    }
}

/// Time that passes when somebody waits.
#[derive(Default)]
struct Waited(Cell<Duration>);

impl Time for Waited {
    fn now(&self) -> Duration {
        self.0.get()
    }

    fn pause(&self, duration: Duration) {
        self.0.set(self.0.get() + duration);
    }

    fn date(&self) -> String {
        "2027-01-02T03:04:05.000Z".into()
    }
}

/// Settles the board whose root lies in a folder.
pub(crate) fn settle_below(root: &Path, life: Life) -> Result<Settled, String> {
    let mut disk = BoardDisk::below(root);
    let mut host = Host { disk: &mut disk, service: &mut Started(life), time: &Waited::default(), tell: &mut |_| () };
    settle(&mut host).map_err(|error| error.to_string())
}
