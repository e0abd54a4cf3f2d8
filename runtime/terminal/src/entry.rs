//! The way into a program: parse, run, report, exit.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::exit::Exit;
use crate::failure::{self, Hint};
use crate::flags::TerminalFlags;
use crate::printer::{self, Label, Printer};
use crate::variables::{self, Misspelt};
use crate::version::Version;

/// What this crate must know about a program.
#[derive(Clone, Copy)]
pub struct Program {
    /// What `--version` says.
    pub version: Version,
    /// Chooses what to do about an error.
    pub hint: Hint,
}

/// Runs a program on the process's own arguments. `main` returns what this returns and does nothing else.
///
/// * A wrong command line is explained on stderr, by [`Program::hint`] too, which gets it as a [`clap::Error`]: status 2. `--help` and `--version` are data on stdout: status 0.
/// * `work` gets the parsed arguments and the printer. Its error is rendered with causes and hints: status 1, or 2 for a
///   [`failure::UsageError`].
/// * A reader of stdout that has left ends the program without a word: status 0.
pub fn run<A>(program: &Program, work: impl FnOnce(A, &Printer) -> anyhow::Result<Exit>) -> ExitCode
where
    A: Parser + AsRef<TerminalFlags>,
{
    run_with(program, std::env::args_os(), work)
}

/// As [`run`], on what `prepare` makes of the process's arguments and of what parses them: for programs that have flags elsewhere, too. What it
/// refuses is reported as an error of `work` is.
pub fn run_prepared<A>(
    program: &Program,
    prepare: impl FnOnce(clap::Command, Vec<OsString>) -> anyhow::Result<(clap::Command, Vec<OsString>)>,
    work: impl FnOnce(A, &Printer) -> anyhow::Result<Exit>,
) -> ExitCode
where
    A: Parser + AsRef<TerminalFlags>,
{
    match prepare(command::<A>(&program.version), std::env::args_os().collect()) {
        Ok((command, arguments)) => run_parsed(program, command, arguments, work),
        Err(error) => finish(&Printer::standard(&TerminalFlags::default()), program.hint, Err(error)).into(),
    }
}

/// As [`run`], on given arguments; the first is the program's name.
pub fn run_with<A>(
    program: &Program,
    arguments: impl IntoIterator<Item: Into<OsString> + Clone>,
    work: impl FnOnce(A, &Printer) -> anyhow::Result<Exit>,
) -> ExitCode
where
    A: Parser + AsRef<TerminalFlags>,
{
    run_parsed(program, command::<A>(&program.version), arguments, work)
}

fn run_parsed<A>(
    program: &Program,
    mut command: clap::Command,
    arguments: impl IntoIterator<Item: Into<OsString> + Clone>,
    work: impl FnOnce(A, &Printer) -> anyhow::Result<Exit>,
) -> ExitCode
where
    A: Parser + AsRef<TerminalFlags>,
{
    let typed: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    match command.try_get_matches_from_mut(&typed).and_then(|matches| A::from_arg_matches(&matches)) {
        Ok(arguments) => {
            let printer = Printer::standard(arguments.as_ref());
            for Misspelt { found, meant } in variables::misspelt(&command, std::env::vars_os()) {
                let message = format!("no flag is taken from the variable {found}; did you mean {meant}?");
                printer.message(Label::Warning, &message);
            }
            finish(&printer, program.hint, work(arguments, &printer)).into()
        }
        Err(error) => {
            // Whoever closed the stream does not want the text; the status stays what it is.
            let _ = error.print();
            let status = status_of(&error);
            let variable = variables::refused(command, &typed, &error);
            let of_variable = variable.map(|variable| format!("that is what the variable {variable} says"));
            if let Some(hint) = of_variable.or_else(|| (program.hint)(&error.into())) {
                Printer::standard(&TerminalFlags::default()).message(Label::Hint, &hint);
            }
            status.into()
        }
    }
}

/// The program's command line with its version filled in, and without variables that are set to nothing: what [`run`] parses, and what
/// completions and manuals are made from.
#[must_use]
pub fn command<A: Parser>(version: &Version) -> clap::Command {
    // clap keeps text for as long as the process lives; this is one short string per process.
    let long: &'static str = version.long().leak();
    let command = A::command().name(version.program).version(version.number).long_version(long);
    variables::without_empty(command)
}

/// What the closure returned, as an exit; errors are reported on the way.
fn finish(printer: &Printer, hint: Hint, outcome: anyhow::Result<Exit>) -> Exit {
    match outcome {
        Ok(exit) => exit,
        Err(error) if printer::is_reader_gone(&error) => Exit::Fine,
        Err(error) => failure::report(printer, &error, hint),
    }
}

fn status_of(error: &clap::Error) -> Exit {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) { Exit::Fine } else { Exit::Usage }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flags::Verbosity;
    use crate::printer::ReaderGone;
    use crate::printer::tests::Recorded;

    /// Greets.
    #[derive(Debug, Parser)]
    struct Arguments {
        name: String,
        #[command(flatten)]
        terminal: TerminalFlags,
    }

    impl AsRef<TerminalFlags> for Arguments {
        fn as_ref(&self) -> &TerminalFlags {
            &self.terminal
        }
    }

    const VERSION: Version = Version { program: "greet", number: "1.0.0", engines: &["tract"], features: &[] };

    fn status(arguments: &[&str]) -> Exit {
        let error = command::<Arguments>(&VERSION).try_get_matches_from(arguments).unwrap_err();
        status_of(&error)
    }

    #[test]
    fn help_and_version_are_fine_and_a_wrong_command_line_is_not() {
        assert_eq!(status(&["greet", "--help"]), Exit::Fine);
        assert_eq!(status(&["greet", "--version"]), Exit::Fine);
        assert_eq!(status(&["greet"]), Exit::Usage);
        assert_eq!(status(&["greet", "Ada", "--lout"]), Exit::Usage);
    }

    #[test]
    fn the_version_flag_prints_the_long_version() {
        let error = command::<Arguments>(&VERSION).try_get_matches_from(["greet", "--version"]).unwrap_err();
        assert_eq!(error.to_string(), format!("greet {}\n", VERSION.long()));
    }

    #[test]
    fn a_reader_that_left_ends_the_program_quietly() {
        let messages = Recorded::default();
        let printer = Printer::to_streams(std::io::sink(), messages.clone(), Verbosity::Normal);
        let outcome = Err(anyhow::Error::new(ReaderGone).context("writing verdicts"));
        assert_eq!(finish(&printer, |_| None, outcome), Exit::Fine);
        assert_eq!(messages.text(), "");
    }

    #[test]
    fn an_error_is_reported_with_its_hint() {
        let messages = Recorded::default();
        let printer = Printer::to_streams(std::io::sink(), messages.clone(), Verbosity::Normal);
        let exit = finish(&printer, |_| Some("read the manual".into()), Err(anyhow::anyhow!("no such model")));
        assert_eq!(exit, Exit::Failed);
        assert_eq!(messages.text(), "error: no such model\nhint: read the manual\n");
    }
}
