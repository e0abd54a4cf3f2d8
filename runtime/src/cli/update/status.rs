//! `moead-edge update status`.

use moead_terminal::printer::Printer;
use moead_update::installed::ReleaseName;
use moead_update::record::{Last, Phase, Record, Trial};
use moead_update::report::Health;
use serde::Serialize;

use crate::cli::arguments::StatusArguments;

/// What there is.
pub(super) struct Status {
    pub(super) current: Option<ReleaseName>,
    pub(super) previous: Option<ReleaseName>,
    pub(super) record: Record,
    pub(super) health: Health,
}

/// What `--json` prints. `trial` and `last` are those of `moead_update::record`; `previous` is null where there is nothing to go back to.
#[derive(Serialize)]
struct Document<'a> {
    schema: u64,
    current: Option<&'a ReleaseName>,
    previous: Option<&'a ReleaseName>,
    trial: Option<&'a Trial>,
    last: Option<&'a Last>,
    health: &'a Health,
}

impl Status {
    pub(super) fn print(&self, arguments: &StatusArguments, printer: &Printer) -> anyhow::Result<()> {
        let previous = self.previous.as_ref().filter(|&previous| Some(previous) != self.current.as_ref());
        let (trial, last) = (self.record.trial.as_ref(), self.record.last.as_ref());
        let health = &self.health;
        if arguments.json {
            let current = self.current.as_ref();
            let document = Document { schema: 1, current, previous, trial, last, health };
            printer.line(serde_json::to_string(&document)?)?;
            return Ok(());
        }
        let or_none = |name: Option<&ReleaseName>| name.map_or("none".to_owned(), ToString::to_string);
        printer.line(format_args!("current   {}", or_none(self.current.as_ref())))?;
        printer.line(format_args!("previous  {}", or_none(previous)))?;
        if let Some(trial) = trial {
            printer.line(in_one_line(&match &trial.phase {
                Phase::GoingBack { reason } => format!("back to   {} from {}: {reason}", trial.from, trial.to),
                Phase::Switching | Phase::Trying => {
                    format!(
                        "on trial  {} in place of {}, start {}",
                        trial.to,
                        trial.from,
                        trial.starts.saturating_add(1)
                    )
                }
            }))?;
        }
        if let Some(last) = last {
            printer.line(in_one_line(&format!("last      {}, {}: {}", last.release, last.date, last.end)))?;
        }
        let reasons = health.reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        printer.line(in_one_line(&format!("service   {}", if health.healthy { "well" } else { reasons.as_str() })))?;
        Ok(())
    }
}

/// A service's words must not look like the lines beside them.
fn in_one_line(text: &str) -> String {
    text.lines().map(str::trim_end).collect::<Vec<_>>().join(" ")
}
