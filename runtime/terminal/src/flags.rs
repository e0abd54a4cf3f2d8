//! The flags about talking, spelled the same in every program.

use std::io::IsTerminal as _;

use anstream::{AutoStream, ColorChoice};
use clap::{ArgAction, Args, ValueEnum};

/// `--quiet`, `--verbose` and `--color`. A program flattens them into its arguments; they work after a subcommand too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Messages")]
pub struct TerminalFlags {
    /// Say nothing on stderr but errors: no warnings, notes or progress
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Say more on stderr
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,

    /// When to use colour; `auto` also looks at NO_COLOR and at whether the output is a terminal
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t)]
    pub color: ColorWhen,
}

impl TerminalFlags {
    /// How much is to be said on stderr.
    #[must_use]
    pub fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, _) => Verbosity::Verbose,
        }
    }
}

/// How much is said on stderr. Data on stdout does not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Errors only.
    Quiet,
    /// Errors, warnings and notes.
    Normal,
    /// Also what is being done and what was chosen.
    Verbose,
}

/// When text is coloured. Colour repeats what the words say and never adds to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal, unless NO_COLOR is set or TERM is `dumb`.
    #[default]
    Auto,
    /// Always, for pagers that understand it.
    Always,
    /// Never.
    Never,
}

/// Whether one stream is coloured, once decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Escape sequences are written.
    Ansi,
    /// Plain text only.
    Plain,
}

impl ColorWhen {
    /// Decides for stdout.
    #[must_use]
    pub fn for_stdout(self) -> Colour {
        self.decide(AutoStream::choice(&std::io::stdout()))
    }

    /// Decides for stderr.
    #[must_use]
    pub fn for_stderr(self) -> Colour {
        self.decide(AutoStream::choice(&std::io::stderr()))
    }

    fn decide(self, automatic: ColorChoice) -> Colour {
        match (self, automatic) {
            (Self::Always, _) => Colour::Ansi,
            (Self::Never, _) | (Self::Auto, ColorChoice::Never) => Colour::Plain,
            (Self::Auto, _) => Colour::Ansi,
        }
    }
}

/// Who reads stdout: programs choose their default format by it (text for people, JSON lines for programs).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Stdout is a terminal.
    Person,
    /// Stdout is a file or a pipe.
    Program,
}

impl Reader {
    /// Who reads this process's stdout.
    #[must_use]
    pub fn of_stdout() -> Self {
        if std::io::stdout().is_terminal() { Self::Person } else { Self::Program }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Arguments {
        #[command(flatten)]
        terminal: TerminalFlags,
    }

    fn verbosity(arguments: &[&str]) -> Verbosity {
        Arguments::try_parse_from([&["x"], arguments].concat()).unwrap().terminal.verbosity()
    }

    #[test]
    fn quiet_and_verbose_set_how_much_is_said() {
        assert_eq!(verbosity(&[]), Verbosity::Normal);
        assert_eq!(verbosity(&["-q"]), Verbosity::Quiet);
        assert_eq!(verbosity(&["-vv"]), Verbosity::Verbose);
    }

    #[test]
    fn quiet_and_verbose_together_are_refused() {
        let error = Arguments::try_parse_from(["x", "--quiet", "--verbose"]).unwrap_err();
        assert_eq!(error.kind(), clap::error::ErrorKind::ArgumentConflict);
    }

    #[test]
    fn an_explicit_colour_wins_over_what_was_detected() {
        assert_eq!(ColorWhen::Always.decide(ColorChoice::Never), Colour::Ansi);
        assert_eq!(ColorWhen::Never.decide(ColorChoice::Always), Colour::Plain);
        assert_eq!(ColorWhen::Auto.decide(ColorChoice::Never), Colour::Plain);
        assert_eq!(ColorWhen::Auto.decide(ColorChoice::Always), Colour::Ansi);
    }
}
