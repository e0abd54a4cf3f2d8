//! The program `moead-train`: the only place of this crate that knows flags, prints and ends the process.

use std::process::ExitCode;

use moead_terminal::entry::{self, Program};
use moead_terminal::exit::Exit;
use moead_terminal::printer::Printer;
use moead_terminal::version::Version;

mod arguments;
mod features;
mod files;
mod hints;
mod metrics;
mod model_free;
mod network;
mod pictures;
mod resumable;
mod run;
mod stores;
mod training;

use arguments::{Arguments, Command};

const VERSION: Version = Version {
    program: "moead-train",
    number: env!("CARGO_PKG_VERSION"),
    engines: moead_runtime::engine::choice::BUILT_IN,
    features: &["ort", "tract"],
};

/// Parses the process's arguments, does what they ask, and says how it went.
pub fn main() -> ExitCode {
    entry::run(&Program { version: VERSION, hint: hints::hint }, run)
}

fn run(arguments: Arguments, printer: &Printer) -> anyhow::Result<Exit> {
    match arguments.command {
        None => run::run(&arguments.train, printer),
        Some(Command::Integration(integration)) => integration.run(entry::command::<Arguments>(&VERSION), printer),
    }
}
