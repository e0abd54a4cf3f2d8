//! The program `moead-export`: the only place of this crate that knows flags, prints and ends the process.

use std::process::ExitCode;

use moead_terminal::entry::{self, Program};
use moead_terminal::exit::Exit;
use moead_terminal::printer::Printer;
use moead_terminal::version::Version;

mod arguments;
mod export;
mod hints;
mod inspect;
mod open;

use arguments::{Arguments, Command};

const VERSION: Version = Version {
    program: "moead-export",
    number: env!("CARGO_PKG_VERSION"),
    engines: if cfg!(feature = "check") { &["tract 0.23.9 (for --check)"] } else { &[] },
    features: if cfg!(feature = "check") { &["check"] } else { &[] },
};

/// Parses the process's arguments, does what they ask, and says how it went.
pub fn main() -> ExitCode {
    entry::run(&Program { version: VERSION, hint: hints::hint }, run)
}

fn run(arguments: Arguments, printer: &Printer) -> anyhow::Result<Exit> {
    match arguments.command {
        None => export::run(arguments.export, printer),
        Some(Command::Inspect(inspect)) => inspect::run(inspect, printer),
        Some(Command::Integration(integration)) => integration.run(entry::command::<Arguments>(&VERSION), printer),
    }
}
