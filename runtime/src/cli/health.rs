//! `moead-edge health`.

use std::path::Path;

use moead_terminal::exit::Exit;
use moead_terminal::printer::Printer;
use moead_update::report::{Health, Report};
use moead_update::service::systemd;
use serde::Serialize;

use super::arguments::HealthArguments;
use crate::sinks::service_state::moment;
use crate::stream::clock::SystemClock;

/// What `--json` prints: `{"schema":1,"healthy":true,"reasons":[],"service":{…}}`; `service` is what the service says about itself
/// (`moead_update::report`), null when it says nothing.
#[derive(Serialize)]
struct Document<'a> {
    schema: u64,
    #[serde(flatten)]
    health: &'a Health,
    service: Option<&'a Report>,
}

pub(super) fn run(arguments: &HealthArguments, printer: &Printer) -> anyhow::Result<Exit> {
    let (report, health) = systemd::read(&arguments.state_file, &moment(Path::new("/"), &SystemClock));
    if arguments.json {
        let document = Document { schema: 1, health: &health, service: report.as_ref() };
        printer.line(serde_json::to_string(&document)?)?;
    } else if health.healthy {
        let judged = report.map_or(0, |report| report.judged());
        printer.line(format_args!("well: {judged} frames judged"))?;
    }
    let reasons = health.reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    anyhow::ensure!(health.healthy, "the service is not well: {reasons}");
    Ok(Exit::Fine)
}
