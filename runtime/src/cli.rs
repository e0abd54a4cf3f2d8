//! The program `moead-edge`: the only place of this crate that knows flags, prints and ends the process.
//!
//! [`engine`], [`sources`] and [`hints`] are open to other programs that run models: the same flags, and the same advice; [`command`] to those that
//! start this one.
#![forbid(unsafe_code)]

#[cfg(not(any(feature = "tract", feature = "ort")))]
compile_error!("moead-edge needs an engine: build it with the feature `tract`, `ort` or both");

use std::process::ExitCode;

use moead_terminal::entry::{self, Program};
use moead_terminal::exit::Exit;
use moead_terminal::printer::Printer;
use moead_terminal::version::Version;

mod arguments;
mod bench;
mod config;
#[cfg(feature = "demo")]
mod demo;
#[cfg(feature = "camera")]
mod devices;
mod doctor;
pub mod engine;
#[cfg(feature = "update")]
mod health;
pub mod hints;
mod outputs;
mod replaced;
mod run;
mod service;
pub mod sources;
mod standards;
#[cfg(feature = "update")]
mod state;
#[cfg(feature = "update")]
mod update;
mod verify;

use arguments::{Arguments, Command};

const VERSION: Version = Version {
    program: "moead-edge",
    number: env!("CARGO_PKG_VERSION"),
    engines: crate::engine::choice::BUILT_IN,
    features: &[
        #[cfg(feature = "camera")]
        "camera",
        "cli",
        #[cfg(feature = "demo")]
        "demo",
        #[cfg(feature = "http")]
        "http",
        #[cfg(feature = "ort")]
        "ort",
        #[cfg(feature = "tract")]
        "tract",
        #[cfg(feature = "update")]
        "update",
    ],
};

/// Parses the process's arguments, does what they ask, and says how it went.
pub fn main() -> ExitCode {
    let program = Program { version: VERSION, hint: hints::hint_of_run };
    let prepare = |command, typed| {
        let merged = config::merge(command, typed)?;
        Ok((merged.command, merged.arguments))
    };
    entry::run_prepared(&program, prepare, run)
}

/// The command line that [`main`] parses: for programs that write one for this one.
pub fn command() -> clap::Command {
    entry::command::<Arguments>(&VERSION)
}

fn run(arguments: Arguments, printer: &Printer) -> anyhow::Result<Exit> {
    match arguments.command {
        None => run::run(arguments.run, printer),
        #[cfg(feature = "camera")]
        Some(Command::Devices(devices)) => devices::run(&devices, printer),
        Some(Command::Verify(arguments)) => verify::run(&arguments, printer),
        Some(Command::Bench(arguments)) => bench::run(&arguments, printer),
        Some(Command::BenchContender(arguments)) => bench::contend(&arguments),
        Some(Command::Config(config)) => config::run(&config, command(), printer),
        Some(Command::Doctor(doctor)) => doctor::run(&doctor, printer),
        #[cfg(feature = "update")]
        Some(Command::Health(health)) => health::run(&health, printer),
        #[cfg(feature = "update")]
        Some(Command::Update(update)) => update::run(&update, printer),
        Some(Command::Integration(integration)) => integration.run(command(), printer),
    }
}
