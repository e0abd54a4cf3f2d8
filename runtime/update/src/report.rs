//! What a running service says about itself, schema 1: a small file on a file system in memory, written about once a second while the engine
//! answers. From it `moead-edge health` and updates know whether the service is well.
//!
//! ```json
//! {"schema":1,"version":"0.1.0","pid":4711,"boot":"8d5b…","written":1234.5,"patience":20.0,"ready":true,
//!  "sources":[{"name":"line1","state":"streaming","cause":null,"since":1200.1,"received":890,"judged":880,"judged_at":1234.1}]}
//! ```
//!
//! | field | meaning |
//! | --- | --- |
//! | `version` | of the program |
//! | `pid` | of the process |
//! | `boot` | the kernel's name for the time between two starts of the machine; null where it has none |
//! | `written` | when, in seconds on the machine's clock that only moves forward (`CLOCK_MONOTONIC`), as all moments here |
//! | `patience` | seconds after which silence is a fault: the run's `--stall-timeout` |
//! | `ready` | the model has passed its self-test and the sources are open |
//! | `state` | of a source: as in status lines (`connecting`, `streaming`, `stalled`, `lost`, `frozen`, `dark`, `saturated`), `waiting` (files whose turn has not come), or `ended` |
//! | `cause` | why it is in that state, where somebody said |
//! | `since` | since when |
//! | `received`, `judged` | frames |
//! | `judged_at` | when the network answered last; null: not yet |

use serde::{Deserialize, Serialize};

/// The schema that this version writes, and the newest that it reads.
pub const SCHEMA: u64 = 1;
/// No honest report is larger: a few hundred bytes a source.
pub const LIMIT: u64 = 1 << 20;
/// Seconds without a new report after which whoever writes it hangs, or is gone. It is written once a second.
pub const STALE: f64 = 15.0;

/// What a service says about itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Grows when a field changes its meaning.
    pub schema: u64,
    /// Of the program.
    pub version: String,
    /// Of the process.
    pub pid: u32,
    /// Between which two starts of the machine.
    pub boot: Option<String>,
    /// When.
    pub written: f64,
    /// Seconds after which silence is a fault.
    pub patience: f64,
    /// Whether it has begun to judge.
    pub ready: bool,
    /// In the order of the run.
    pub sources: Vec<SourceReport>,
}

/// One source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceReport {
    /// Its name.
    pub name: String,
    /// Where it is in its life.
    pub state: String,
    /// Why.
    pub cause: Option<String>,
    /// Since when.
    pub since: f64,
    /// Frames that arrived.
    pub received: u64,
    /// Frames that the network answered.
    pub judged: u64,
    /// When it answered last.
    pub judged_at: Option<f64>,
}

/// Why a report cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// Not the JSON that the schema asks for.
    #[error("not a service's state: {0}")]
    Json(#[from] serde_json::Error),
    /// From a later version.
    #[error("a service's state of schema {found}, expected 1 to {SCHEMA}")]
    Schema {
        /// As written.
        found: u64,
    },
}

impl Report {
    /// Reads the file's text.
    ///
    /// # Errors
    /// [`ReportError`]
    pub fn parse(text: &[u8]) -> Result<Self, ReportError> {
        let report: Self = serde_json::from_slice(text)?;
        if report.schema == 0 || report.schema > SCHEMA {
            return Err(ReportError::Schema { found: report.schema });
        }
        Ok(report)
    }

    /// Frames of all sources that the network answered.
    #[must_use]
    pub fn judged(&self) -> u64 {
        self.sources.iter().map(|source| source.judged).fold(0, u64::saturating_add)
    }
}

/// The moment at which a report is looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// As [`Report::boot`].
    pub boot: Option<String>,
    /// As [`Report::written`].
    pub now: f64,
}

/// Well, or why not.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Health {
    /// There is no reason against it.
    pub healthy: bool,
    /// What is wrong.
    pub reasons: Vec<Unwell>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unwell {
    /// None when it concerns the whole service.
    pub source: Option<String>,
    /// A word for programs: `absent`, `hanging`, `starting`, `silent`, or the source's state.
    pub state: String,
    /// In words.
    pub cause: Option<String>,
}

impl Unwell {
    fn of_service(state: &str, cause: String) -> Self {
        Self { source: None, state: state.to_owned(), cause: Some(cause) }
    }
}

impl std::fmt::Display for Unwell {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(source) = &self.source {
            write!(formatter, "{source}: ")?;
        }
        formatter.write_str(&self.state)?;
        self.cause.iter().try_for_each(|cause| write!(formatter, ": {cause}"))
    }
}

impl Health {
    fn of(reasons: Vec<Unwell>) -> Self {
        Self { healthy: reasons.is_empty(), reasons }
    }

    /// Of a service that has said nothing.
    #[must_use]
    pub fn absent(cause: String) -> Self {
        Self::of(vec![Unwell::of_service("absent", cause)])
    }
}

/// Well is: the report is fresh, the run is ready, frames come from every source that has not ended, they show something, and the engine has
/// answered lately about each. The same as `/healthz` says, but from outside of the process, so that one that hangs is seen too.
#[must_use]
pub fn health(report: &Report, moment: &Moment) -> Health {
    let age = moment.now - report.written;
    if report.boot != moment.boot {
        return Health::absent("what it said was said before the machine was started again".into());
    }
    if !(-STALE..=STALE).contains(&age) {
        let cause = format!("the last sign of life is {age:.0} s old");
        return Health::of(vec![Unwell::of_service("hanging", cause)]);
    }
    let mut reasons = Vec::new();
    if !report.ready {
        reasons.push(Unwell::of_service("starting", "it is not ready yet".into()));
    }
    for source in &report.sources {
        match source.state.as_str() {
            "waiting" | "ended" => {}
            "streaming" => {
                let silence = moment.now - source.judged_at.unwrap_or(source.since).max(source.since);
                if silence > report.patience {
                    reasons.push(Unwell {
                        source: Some(source.name.clone()),
                        state: "silent".to_owned(),
                        cause: Some(format!("no frame has been judged for {silence:.0} s")),
                    });
                }
            }
            state => reasons.push(Unwell {
                source: Some(source.name.clone()),
                state: state.to_owned(),
                cause: source.cause.clone(),
            }),
        }
    }
    Health::of(reasons)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str, state: &str) -> SourceReport {
        SourceReport {
            name: name.into(),
            state: state.into(),
            cause: None,
            since: 90.0,
            received: 12,
            judged: 10,
            judged_at: Some(99.5),
        }
    }

    fn report(sources: Vec<SourceReport>) -> Report {
        let boot = Some("b".to_owned());
        let version = "0.1.0".to_owned();
        Report { schema: SCHEMA, version, pid: 1, boot, written: 100.0, patience: 20.0, ready: true, sources }
    }

    fn said(report: &Report, now: f64) -> String {
        let health = health(report, &Moment { boot: Some("b".into()), now });
        assert_eq!(health.healthy, health.reasons.is_empty());
        health.reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn a_service_that_judges_is_well() {
        assert_eq!(
            said(&report(vec![source("a", "streaming"), source("b", "ended"), source("c", "waiting")]), 101.0),
            ""
        );
    }

    #[test]
    fn each_fault_is_named() {
        let mut lost = source("a", "lost");
        lost.cause = Some("/dev/video0: the device is gone".into());
        let found = said(&report(vec![lost, source("b", "dark")]), 101.0);
        assert_eq!(found, "a: lost: /dev/video0: the device is gone; b: dark");
        let fine = report(vec![source("a", "streaming")]);
        assert_eq!(said(&fine, 116.0), "hanging: the last sign of life is 16 s old");
        assert_eq!(said(&fine, 50.0), "hanging: the last sign of life is -50 s old");
        let starting = Report { ready: false, ..fine.clone() };
        assert_eq!(said(&starting, 101.0), "starting: it is not ready yet");
        let mut silent = source("a", "streaming");
        silent.judged_at = Some(75.0);
        let found = said(&report(vec![SourceReport { since: 60.0, ..silent.clone() }]), 101.0);
        assert_eq!(found, "a: silent: no frame has been judged for 26 s");
        // Nor does another source speak for it.
        let others = vec![SourceReport { since: 60.0, ..silent.clone() }, source("b", "streaming")];
        assert_eq!(said(&report(others), 101.0), "a: silent: no frame has been judged for 26 s");
        // Frames that have begun to come lately are not late yet.
        assert_eq!(said(&report(vec![silent]), 101.0), "");
        let other = Report { boot: Some("a".into()), ..fine };
        assert_eq!(said(&other, 101.0), "absent: what it said was said before the machine was started again");
    }

    #[test]
    fn the_example_of_the_documentation_is_what_is_written() {
        let head = include_str!("report.rs").lines().take_while(|line| line.starts_with("//!"));
        let text: String = head.filter_map(|line| line.strip_prefix("//! ")).collect();
        let example = &text[text.find('{').unwrap()
            ..text.find("```|").or(text.find("```")).map_or(text.len(), |_| text.rfind("}]}").unwrap() + 3)];
        let report = Report::parse(example.as_bytes()).unwrap();
        assert_eq!(report.judged(), 880);
        let written = serde_json::to_string(&report).unwrap();
        assert_eq!(written, example.replace("} ,", "},").replace(", \"", ",\""));
        assert!(Report::parse(written.replace("\"schema\":1", "\"schema\":2").as_bytes()).is_err());
    }
}
