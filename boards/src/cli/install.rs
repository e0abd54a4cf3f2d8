//! `moead-board install`.

use moead_bundle::reader::Sealed;
use moead_bundle::release;
use moead_terminal::exit::Exit;
use moead_terminal::failure::At;
use moead_terminal::printer::Printer;
use moead_terminal::signals;

use super::arguments::InstallArguments;
use super::key;
use super::say::Say as _;
use crate::input;
use crate::install::traces::Traces;
use crate::install::{self, Request};

pub(super) fn run(arguments: &InstallArguments, printer: &Printer) -> anyhow::Result<Exit> {
    let place = arguments.bundle.display().to_string();
    let mut steps = printer.progress().steps();
    steps.begin(&format!("checking {place}"));
    let trusted = key::public(&arguments.key)?;
    let public_key = input::text(&arguments.key).at(arguments.key.display())?;
    let mut bundle = Sealed::open(&arguments.bundle).and_then(|sealed| sealed.verify(&trusted)).at(&place)?;
    let unit = install::text_of(&mut bundle, release::UNIT_FILE).at(&place)?;
    let traces = Traces::default();
    let left = traces.clone();
    signals::heed(move |signal| {
        let _gone = left.remove();
        signal.end();
    })?;
    let request = Request {
        host: &arguments.host,
        public_key: &public_key,
        groups: &install::groups_of(&unit),
        patience: (!arguments.no_frame).then_some(arguments.patience),
        traces: &traces,
    };
    let report = install::install(&request, &mut bundle, &mut |step| steps.begin(step)).at(&arguments.host)?;
    steps.end();
    let before = report.before.map_or("nothing".to_owned(), |name| format!("release {name}"));
    let seen = if arguments.no_frame { "ready" } else { "ready, and a picture was judged" };
    printer.say(format_args!(
        "{}: {}: release {} in place of {before}; {seen}",
        arguments.host, report.board, report.now
    ))?;
    for line in report.doctor.lines() {
        printer.say(line)?;
    }
    Ok(Exit::Fine)
}
