//! `moead-edge update`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use moead_terminal::values;
use moead_update::trial::Criteria;

use super::parse_duration;

const UPDATE_EXAMPLES: &str = "\
Examples:
  moead-edge update apply bolt-1.5.moead
  moead-edge update apply https://updates.example.org/line7/bolt-1.5.moead
  moead-edge update status
  moead-edge update rollback

Exit status: 0 done, 1 an error; then the board runs what it ran before, 2 a wrong command line.";

#[derive(Debug, Args)]
#[command(after_long_help = UPDATE_EXAMPLES)]
pub(in crate::cli) struct UpdateArguments {
    #[command(subcommand)]
    pub(in crate::cli) command: UpdateCommand,
    /// Work in this tree in place of the board's own: for tests
    #[arg(long, value_name = "FOLDER", default_value = "/", hide = true, global = true)]
    pub(in crate::cli) root: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum UpdateCommand {
    /// Check a bundle, unpack it beside what runs, try it, and go back if it is not well
    Apply(ApplyArguments),
    /// Say which releases are there, and how the last update ended
    Status(StatusArguments),
    /// Go back to the release before, or give up the one on trial
    Rollback,
    /// Bring to its end what an update has left: what the update unit does
    #[command(hide = true)]
    Settle,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ApplyArguments {
    /// A file that `moead-board build` wrote, or where to fetch one: http://… or https://…
    #[arg(value_name = "BUNDLE")]
    pub(in crate::cli) bundle: String,
    /// Frames that the new release must judge
    #[arg(long, value_name = "N", default_value_t = Criteria::default().frames, value_parser = values::at_least_one)]
    frames: u64,
    /// How long to wait for them
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = parse_seconds)]
    patience: Duration,
    /// How long it must stay alive afterwards; one that hangs is found out if that is longer than the unit's watchdog
    #[arg(long, value_name = "TIME", default_value = "90s", value_parser = parse_seconds)]
    soak: Duration,
}

impl ApplyArguments {
    /// What well means.
    pub(in crate::cli) fn criteria(&self) -> Criteria {
        Criteria { frames: self.frames, patience: self.patience.as_secs(), soak: self.soak.as_secs() }
    }
}

/// Trials are measured in seconds; half of one would be none.
fn parse_seconds(text: &str) -> Result<Duration, String> {
    parse_duration(text).and_then(|time| match time.subsec_nanos() {
        0 => Ok(time),
        _ => Err("expected whole seconds, as in 90s, 10m or 2h".to_owned()),
    })
}

#[derive(Debug, Args)]
pub(in crate::cli) struct StatusArguments {
    /// Print one JSON document
    #[arg(long)]
    pub(in crate::cli) json: bool,
}
