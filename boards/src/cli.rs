//! The program `moead-board`: the only place of this crate that knows flags, prints and ends the process.

use std::process::ExitCode;

use moead_terminal::entry::{self, Program};
use moead_terminal::exit::Exit;
use moead_terminal::printer::Printer;
use moead_terminal::version::Version;

mod arguments;
mod build;
mod flash;
mod hints;
mod image;
mod inspect;
mod install;
mod key;
mod passphrase;
mod profiles;
mod program;
mod rehearsal;
mod say;

use arguments::{Arguments, Command};

const VERSION: Version = Version {
    program: "moead-board",
    number: env!("CARGO_PKG_VERSION"),
    engines: if cfg!(feature = "runtime") { &["tract 0.23.9 (for the model's self-test)"] } else { &[] },
    features: if cfg!(feature = "runtime") { &["cli", "runtime"] } else { &["cli"] },
};

/// Parses the process's arguments, does what they ask, and says how it went.
pub fn main() -> ExitCode {
    entry::run(&Program { version: VERSION, hint: hints::hint }, run)
}

fn run(arguments: Arguments, printer: &Printer) -> anyhow::Result<Exit> {
    match arguments.command {
        Command::Profiles(arguments) => profiles::run(&arguments, printer),
        Command::Key(arguments) => key::run(&arguments, printer),
        Command::Build(arguments) => build::run(&arguments, printer),
        Command::Inspect(arguments) => inspect::run(&arguments, printer),
        Command::Program(arguments) => program::run(&arguments, printer),
        Command::Image(arguments) => image::run(&arguments, printer),
        Command::Flash(arguments) => flash::run(&arguments, printer),
        Command::Install(arguments) => install::run(&arguments, printer),
        Command::Integration(integration) => integration.run(entry::command::<Arguments>(&VERSION), printer),
    }
}
