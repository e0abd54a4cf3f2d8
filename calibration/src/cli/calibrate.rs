//! The program `moead-calibrate`.

use std::process::ExitCode;

use moead_terminal::entry::{self, Program};
use moead_terminal::exit::Exit;
use moead_terminal::printer::Printer;
use moead_terminal::version::Version;

mod arguments;
mod date;
mod folder;
mod found;
mod from_stream;
mod hints;
mod job;
mod output;
mod show;
mod table;

use arguments::{Arguments, Command};

const VERSION: Version = Version {
    program: "moead-calibrate",
    number: env!("CARGO_PKG_VERSION"),
    engines: moead_runtime::engine::choice::BUILT_IN,
    features: &["camera", "ort", "tract"],
};

/// Parses the process's arguments, does what they ask, and says how it went.
pub fn main() -> ExitCode {
    entry::run(&Program { version: VERSION, hint: hints::hint }, run)
}

fn run(arguments: Arguments, printer: &Printer) -> anyhow::Result<Exit> {
    match arguments.command {
        None => folder::run(&arguments.calibrate, printer),
        Some(Command::FromStream(arguments)) => from_stream::run(&arguments, printer),
        Some(Command::Show(arguments)) => show::run(&arguments, printer),
        Some(Command::Integration(integration)) => integration.run(entry::command::<Arguments>(&VERSION), printer),
    }
}
