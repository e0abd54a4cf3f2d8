//! `moead-edge devices`.

use std::io::Write as _;

use moead_terminal::exit::Exit;
use moead_terminal::printer::Printer;

use super::arguments::DevicesArguments;
use super::hints::camera;
use crate::sinks::cameras;
use crate::stream::sources::v4l2::machine::ThisMachine;
use crate::stream::sources::v4l2::survey::survey;

pub(super) fn run(arguments: &DevicesArguments, printer: &Printer) -> anyhow::Result<Exit> {
    let reports = survey(&ThisMachine, &arguments.devices);
    if reports.is_empty() {
        printer.note("this machine has no video devices (/dev/video0 and so on)");
    }
    let text = if arguments.json {
        format!("{}\n", cameras::json(&reports))
    } else {
        reports.iter().map(|report| cameras::text(report, camera::of_node)).collect::<Vec<_>>().join("\n")
    };
    printer.data().write_all(text.as_bytes())?;
    Ok(Exit::Fine)
}
