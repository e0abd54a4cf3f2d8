//! Flags as they are typed; what they mean is decided elsewhere.

use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Parser, Subcommand, ValueEnum};
use moead_runtime::cli::engine::{EngineArguments, ThreadsArgument};
use moead_terminal::flags::TerminalFlags;
use moead_terminal::integration::{CompletionsArguments, ManualArguments};

use crate::calibrate::product::Wishes;
use crate::dataset::layout::Layout;
use crate::drift::Order;
use crate::metrics::interval::Confidence;
use crate::threshold::with_defects::Wish;
use crate::threshold::{Rate, Target};

const EXAMPLES: &str = "\
Examples:
  moead-calibrate --model bolt.onnx good/                    one threshold, written into bolt.onnx
  moead-calibrate --model bolt.onnx good/ --report seen.html  and a page with the worst good pictures
  moead-calibrate --model parts.onnx parts/                  one for each product: parts/bolt/good, parts/nut/good
  moead-calibrate --model parts.onnx caps/ --product cap     adds or renews one product
  moead-calibrate --model bolt.onnx good/ --false-alarms 0.001 --confidence 0.99
  moead-calibrate --model bolt.onnx good/ --defects bad/ --recall 0.95
  moead-calibrate show bolt.onnx                             what is inside of a model

Without any assumption, 299 good pictures promise at most 1 % false alarms at a confidence of 95 %; from 100 on the promise is extrapolated
from the highest scores. docs/guide/calibration.md says which pictures to take.

Exit status: 0 written or shown, 1 an error (nothing was written), 2 a wrong command line.";

/// Turns good pictures into thresholds with a stated false-alarm rate, inside the model file.
///
/// Judges the pictures, finds from which score on a picture is to be called defective and from which value on a region is shown, and writes
/// both into the model file's manifest, with what moead-edge needs to recognise products and to notice that a camera changes. The network
/// stays byte for byte as it is.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, after_long_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) calibrate: CalibrateArguments,
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
    /// Print the calibration that a model file has
    Show(ShowArguments),
    /// Print a script that completes this program's arguments in a shell
    Completions(CompletionsArguments),
    /// Print this program's manual page
    Man(ManualArguments),
}

#[derive(Debug, Args)]
pub(super) struct ShowArguments {
    /// The model file
    #[arg(value_name = "MODEL")]
    pub(super) model: PathBuf,
    /// Print the calibration as it is in the file
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct CalibrateArguments {
    /// Folders of good pictures: data sets as moead-eval takes them, of which good pictures for training are used
    #[arg(value_name = "FOLDER", required = true)]
    pub(super) folders: Vec<PathBuf>,
    /// The model file that moead-export wrote
    #[arg(short, long, value_name = "FILE", required = true)]
    model: Option<PathBuf>,
    /// Write the calibrated model here [default: into the model file itself]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    pub(super) fit: FitArguments,
    /// What the pictures show [default: the names of the folders' products, or no name]
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    pub(super) product: Option<String>,
    /// How the folders are laid out [default: recognised]
    #[arg(long, value_name = "LAYOUT", value_parser = PossibleValuesParser::new(Layout::NAMES).try_map(|name| name.parse::<Layout>()))]
    pub(super) layout: Option<Layout>,
    /// A list of pictures that are not to be used: a line for each, the end of its path; # begins a remark
    #[arg(long, value_name = "FILE")]
    pub(super) veto: Option<PathBuf>,
    /// How many pictures may be unreadable; more are an error
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = parse_count)]
    pub(super) max_unreadable: usize,
}

/// What is asked for of the pictures, wherever they come from.
#[derive(Debug, Args)]
pub(super) struct FitArguments {
    /// The largest share of good pictures that may be called defective
    #[arg(long, value_name = "SHARE", default_value = "0.01", value_parser = parse_rate)]
    false_alarms: Rate,
    /// How often that promise is to hold
    #[arg(long, value_name = "SHARE", default_value = "0.95", value_parser = parse_confidence)]
    confidence: Confidence,
    /// Defective pictures, too: the threshold of the best F1 is taken, with both error rates
    #[arg(long, value_name = "FOLDER")]
    pub(super) defects: Option<PathBuf>,
    /// The share of defective pictures that has to be found, in place of the best F1
    #[arg(long, value_name = "SHARE", value_parser = parse_rate, requires = "defects")]
    recall: Option<Rate>,
    /// Leave out good pictures whose scores stand apart from the others; they are recorded in the file
    #[arg(long)]
    exclude_outliers: bool,
    /// How the pictures follow each other: it decides from which change on a camera is said to drift
    #[arg(long, value_enum, default_value_t = OrderArgument::Collection)]
    order: OrderArgument,
    /// Forget what the file says about other products
    #[arg(long)]
    pub(super) replace: bool,
    /// Say what would be written, and write nothing but the report
    #[arg(short = 'n', long)]
    pub(super) dry_run: bool,
    /// Write a page for a browser, and calibration.json beside it: to this file, or into this folder as report.html
    #[arg(short, long, value_name = "PATH")]
    pub(super) report: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) threads: ThreadsArgument,
    // Last: its flags for GPUs stand under a heading of their own.
    #[command(flatten)]
    pub(super) engine: EngineArguments,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OrderArgument {
    /// They do not: each stands for itself
    Collection,
    /// As frames of one camera, each similar to those before it
    Stream,
}

impl FitArguments {
    pub(super) fn wishes(&self) -> Wishes {
        Wishes {
            target: Target { false_alarms: self.false_alarms, confidence: self.confidence },
            with_defects: self.recall.map_or(Wish::BestF1, Wish::Recall),
            exclude_outliers: self.exclude_outliers,
            order: match self.order {
                OrderArgument::Collection => Order::Collection,
                OrderArgument::Stream => Order::Stream,
            },
        }
    }
}

impl CalibrateArguments {
    /// The model file's path.
    pub(super) fn model(&self) -> &Path {
        // Required by the parser, but for a subcommand's sake it must be able to be absent from the type.
        self.model.as_deref().unwrap_or(Path::new(""))
    }

    /// Where the calibrated model goes.
    pub(super) fn output(&self) -> &Path {
        self.output.as_deref().unwrap_or(self.model())
    }
}

fn parse_count(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "expected a whole number".to_owned())
}

fn parse_name(text: &str) -> Result<String, String> {
    let is_name = !text.trim().is_empty() && !text.chars().any(char::is_control);
    if is_name { Ok(text.to_owned()) } else { Err("expected a name".to_owned()) }
}

fn parse_share(text: &str) -> Result<f64, String> {
    let share = text.trim().parse::<f64>().ok().filter(|share| *share > 0.0 && *share < 1.0);
    share.ok_or_else(|| "expected a share above 0 and below 1, as in 0.01 for 1 %".to_owned())
}

fn parse_rate(text: &str) -> Result<Rate, String> {
    Rate::new(parse_share(text)?).map_err(|error| error.to_string())
}

fn parse_confidence(text: &str) -> Result<Confidence, String> {
    Confidence::new(parse_share(text)?).map_err(|error| error.to_string())
}
