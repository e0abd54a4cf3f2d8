//! Flags as they are typed; what they mean is decided elsewhere.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use moead_terminal::flags::TerminalFlags;
use moead_terminal::integration::{CompletionsArguments, ManualArguments};

use crate::score::verdict::Threshold;
use crate::stream::uri::SourceUri;

const EXAMPLES: &str = "\
Examples:
  moead-edge --model bolt.onnx --source bolts/ --threshold 4.5
  moead-edge --model bolt.onnx --source bolts/ --threshold 4.5 --heatmaps seen/
  moead-edge --model bolt.onnx --source 'day1/*.png' --source b=day2/ --format json > results.jsonl
  moead-edge --model bolt.onnx --source part.png --threshold 4.5 --fail-on-defect

Exit status: 0 every source was read to its end (unreadable pictures are counted, and are lines with an error), 1 an
error, or no picture at all could be judged, 2 a wrong command line, 3 defects found and --fail-on-defect given.";

/// Says ok or defect for every picture, and shows where.
///
/// Runs a model file that moead-export wrote. Prints one line per picture: text on a terminal, JSON lines elsewhere.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, after_long_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) run: RunArguments,
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
    /// Print a script that completes this program's arguments in a shell
    Completions(CompletionsArguments),
    /// Print this program's manual page
    Man(ManualArguments),
}

#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// The model file that moead-export wrote
    #[arg(short, long, value_name = "FILE", required = true, env = "MOEAD_MODEL")]
    model: Option<PathBuf>,
    /// Pictures: a file, a folder with everything below it, or a quoted pattern; NAME=… names it in results. May be repeated
    #[arg(short, long, value_name = "[NAME=]URI", required = true, num_args = 1.., value_parser = SourceUri::parse)]
    pub(super) source: Vec<SourceUri>,
    /// The score from which on a picture is defective
    #[arg(short, long, value_name = "SCORE", env = "MOEAD_THRESHOLD", value_parser = parse_threshold, allow_hyphen_values = true)]
    pub(super) threshold: Option<Threshold>,
    /// Write a picture per picture into this folder: where the model sees something, on which scale
    #[arg(long, value_name = "FOLDER")]
    pub(super) heatmaps: Option<PathBuf>,
    /// Write each anomaly map into this folder, as .npy
    #[arg(long, value_name = "FOLDER")]
    pub(super) maps: Option<PathBuf>,
    /// How results are printed [default: text on a terminal, json elsewhere]
    #[arg(long, value_enum, env = "MOEAD_FORMAT")]
    pub(super) format: Option<FormatArgument>,
    /// End with status 3 when a picture is defective
    #[arg(long)]
    pub(super) fail_on_defect: bool,
    /// End after so many pictures of each source
    #[arg(long, value_name = "N", value_parser = parse_frames)]
    pub(super) frames: Option<u64>,
    /// End after that time: 90s, 10m, 2h
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(super) duration: Option<Duration>,
    /// What runs the model
    #[arg(long, value_enum, default_value_t = EngineArgument::Tract)]
    pub(super) engine: EngineArgument,
}

impl RunArguments {
    /// The model file's path.
    pub(super) fn model(&self) -> &Path {
        // Required by the parser, but for a subcommand's sake it must be able to be absent from the type.
        self.model.as_deref().unwrap_or(Path::new(""))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FormatArgument {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum EngineArgument {
    /// Inside this program: CPU, one thread
    Tract,
}

fn parse_threshold(text: &str) -> Result<Threshold, String> {
    let number = text.parse().map_err(|_| "expected a number, as in 4.5".to_owned())?;
    Threshold::new(number).map_err(|error| error.to_string())
}

fn parse_frames(text: &str) -> Result<u64, String> {
    text.parse().ok().filter(|&frames| frames > 0).ok_or_else(|| "expected a whole number, at least 1".into())
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let expected = || "expected a time, as in 90s, 10m or 2h".to_owned();
    let split = text.find(|char: char| !char.is_ascii_digit() && char != '.').ok_or_else(expected)?;
    let (number, unit) = text.split_at(split);
    let seconds = match unit {
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86400.0,
        _ => return Err(expected()),
    };
    let number: f64 = number.parse().map_err(|_| expected())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| expected())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_unit() {
        assert_eq!(parse_duration("1.5m"), Ok(Duration::from_secs(90)));
        for wrong in ["", "5", "s", "5x", "-1s", "1e99h", "1.2.3s"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn frames_are_counted_from_one() {
        assert_eq!(parse_frames("2"), Ok(2));
        for wrong in ["0", "-1", "1.5", "many", ""] {
            assert!(parse_frames(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn thresholds_are_numbers_above_zero() {
        assert!(parse_threshold("4.5").is_ok());
        for wrong in ["0", "-1", "nan", "inf", "x", ""] {
            assert!(parse_threshold(wrong).is_err(), "{wrong}");
        }
    }
}
