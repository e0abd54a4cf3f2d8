//! Flags as they are typed; what they mean is decided elsewhere.

use clap::{Args, Parser, Subcommand};
use moead_terminal::flags::TerminalFlags;
use moead_terminal::integration::{CompletionsArguments, ManualArguments};

const EXAMPLES: &str = "\
Examples:
  moead-board profiles                           the boards that this program knows

Exit status: 0 done, 1 an error (nothing half-written was left), 2 a wrong command line.";

/// Brings a model onto a board: in a signed file, as a package, on a card, over ssh.
#[derive(Debug, Parser)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
    #[command(flatten)]
    pub(super) terminal: TerminalFlags,
}

impl AsRef<TerminalFlags> for Arguments {
    fn as_ref(&self) -> &TerminalFlags {
        &self.terminal
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the boards that this program knows, or everything about one
    Profiles(ProfilesArguments),
    /// Print a script that completes this program's arguments in a shell
    Completions(CompletionsArguments),
    /// Print this program's manual page
    Man(ManualArguments),
}

#[derive(Debug, Args)]
pub(super) struct ProfilesArguments {
    /// One board, or a profile of your own: FILE.toml
    #[arg(value_name = "PROFILE")]
    pub(super) profile: Option<String>,
    /// Print JSON instead of a table
    #[arg(long)]
    pub(super) json: bool,
}
