//! `moead-edge config`.

use std::ffi::OsString;

use clap::{Args, Subcommand};

const CONFIG_EXAMPLES: &str = "\
Examples:
  moead-edge config check --config line1.toml
  moead-edge config show --config line1.toml --threshold 5
  MOEAD_HTTP=8080 moead-edge config show --json --config line1.toml

Both take all flags of a run, behind their own. Flag, then environment, then file, then default.

Exit status: 0 a run would begin with these settings, 1 the file is wrong, or an error, 2 a wrong command line.";

#[derive(Debug, Args)]
#[command(after_long_help = CONFIG_EXAMPLES)]
pub(in crate::cli) struct ConfigArguments {
    #[command(subcommand)]
    pub(in crate::cli) command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ConfigCommand {
    /// Say whether a run would take these settings
    Check {
        /// Those of a run
        #[arg(value_name = "FLAGS", trailing_var_arg = true, allow_hyphen_values = true)]
        flags: Vec<OsString>,
    },
    /// Print each setting of a run, and where it comes from
    Show {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
        /// Those of a run
        #[arg(value_name = "FLAGS", trailing_var_arg = true, allow_hyphen_values = true)]
        flags: Vec<OsString>,
    },
}
