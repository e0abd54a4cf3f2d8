//! How the moead programs talk to people and to other programs.
//!
//! Results go to stdout and are data; everything else goes to stderr. This crate is the only place that opens either, knows
//! colour, draws progress, and decides the exit status. It knows nothing about models or pictures.
//!
//! * [`entry`]: parses the command line, runs the program's closure, renders what went wrong.
//! * [`printer`]: data lines, and messages labelled `error:`, `warning:`, `note:`.
//! * [`failure`]: an error with its causes and hints, as text; the place in front of an error.
//! * [`exit`]: the four ways in which a program ends.
//! * [`flags`]: `--quiet`, `--verbose`, `--color`, the same in every program.
//! * [`progress`]: bars and steps, on a terminal only.
//! * [`signals`]: those that ask a program to stop.
//! * [`table`]: aligned columns.
//! * [`version`]: what `--version` says.
//! * [`values`]: what texts of flags mean.
//! * [`integration`]: shell completions and manual pages, made from the program's own command line.
//!
//! A program is a few lines:
//!
//! ```
//! use clap::Parser;
//! use moead_terminal::{entry, exit::Exit, flags::TerminalFlags, version::Version};
//!
//! /// Greets.
//! #[derive(Parser)]
//! #[command(after_long_help = "Examples:\n  greet Ada")]
//! struct Arguments {
//!     /// Whom to greet.
//!     name: String,
//!     #[command(flatten)]
//!     terminal: TerminalFlags,
//! }
//!
//! impl AsRef<TerminalFlags> for Arguments {
//!     fn as_ref(&self) -> &TerminalFlags {
//!         &self.terminal
//!     }
//! }
//!
//! # fn main() -> std::process::ExitCode {
//! let program = entry::Program {
//!     version: Version { program: "greet", number: "1.0.0", engines: &[], features: &[] },
//!     hint: |_error| None,
//! };
//! # let arguments = ["greet", "Ada", "--quiet"];
//! entry::run_with(&program, arguments, |arguments: Arguments, printer| {
//!     printer.line(format_args!("hello {}", arguments.name))?;
//!     Ok(Exit::Fine)
//! })
//! # }
//! ```
#![forbid(unsafe_code)]

pub mod entry;
pub mod exit;
pub mod failure;
pub mod flags;
pub mod integration;
pub mod printer;
pub mod progress;
#[cfg(unix)]
pub mod signals;
pub mod table;
pub mod values;
mod variables;
pub mod version;
