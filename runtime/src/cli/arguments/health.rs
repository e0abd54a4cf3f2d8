//! `moead-edge health`.

use std::path::PathBuf;

use clap::Args;
use moead_bundle::release::SERVICE_STATE;

const HEALTH_EXAMPLES: &str = "\
Examples:
  moead-edge health
  moead-edge health --json
  moead-edge health && rauc status mark-good

Exit status: 0 the service runs and is well, 1 it is not, or an error, 2 a wrong command line.";

#[derive(Debug, Args)]
#[command(after_long_help = HEALTH_EXAMPLES)]
pub(in crate::cli) struct HealthArguments {
    /// Where the service says how it is: its own --state-file
    #[arg(long, value_name = "FILE", env = "MOEAD_STATE_FILE", default_value = SERVICE_STATE)]
    pub(in crate::cli) state_file: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    pub(in crate::cli) json: bool,
}
