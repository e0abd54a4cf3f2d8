//! Flags as they are typed; what they mean is decided elsewhere.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Parser, Subcommand, ValueEnum};
use moead_runtime::cli::engine::{EngineArguments, InFlightArgument, ThreadsArgument};
use moead_runtime::cli::sources::SourceArguments;
use moead_runtime::stream::uri::query;
use moead_terminal::flags::TerminalFlags;
use moead_terminal::integration::Integration;
use moead_terminal::values;

use crate::calibrate::product::Wishes;
use crate::dataset::layout::Layout;
use crate::drift::Order;
use crate::metrics::interval::Confidence;
use crate::threshold::with_defects::Wish;
use crate::threshold::{Rate, Target, order_statistic};

const EXAMPLES: &str = "\
Examples:
  moead-calibrate --model bolt.onnx good/                    one threshold, written into bolt.onnx
  moead-calibrate --model bolt.onnx good/ --report seen.html  and a page with the worst good pictures
  moead-calibrate --model parts.onnx parts/                  one for each product: parts/bolt/good, parts/nut/good
  moead-calibrate --model parts.onnx caps/ --product cap     adds or renews one product
  moead-calibrate --model bolt.onnx good/ --false-alarms 0.001 --confidence 0.99
  moead-calibrate --model bolt.onnx good/ --defects bad/ --recall 0.95
  moead-calibrate from-stream --model bolt.onnx --camera /dev/video0 --keep frames/
  moead-calibrate show bolt.onnx                             what is inside of a model

Without any assumption, 299 good pictures promise at most 1 % false alarms at a confidence of 95 %; from 100 on the promise is extrapolated
from the highest scores. docs/guide/calibration.md says which pictures to take.

Exit status: 0 written or shown, 1 an error (nothing was written), 2 a wrong command line.";

const STREAM_EXAMPLES: &str = "\
Examples:
  moead-calibrate from-stream --model bolt.onnx --camera /dev/video0 --keep frames/ --report seen.html
  moead-calibrate from-stream --model bolt.onnx --camera /dev/video0 --keep frames/ --frames 400 --every 2s --product bolt
  rpicam-vid -t 0 --codec mjpeg -o - | moead-calibrate from-stream --model bolt.onnx --source - --keep frames/

Frames that show nothing (dark, saturated, frozen) are not taken. Afterwards, look at the worst ones in the report, and calibrate again without
those that are not good: the command is printed at the end, `--veto FILE` goes with it.";

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
    /// Take the good pictures from running cameras, keep them, and calibrate with them
    FromStream(Box<FromStreamArguments>),
    /// Print the calibration that a model file has
    Show(ShowArguments),
    #[command(flatten)]
    Integration(Integration),
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
#[command(after_long_help = STREAM_EXAMPLES)]
pub(super) struct FromStreamArguments {
    #[command(flatten)]
    pub(super) sources: SourceArguments,
    /// Keep the frames in this folder, as PNG; it must exist, without pictures in it
    #[arg(long, value_name = "FOLDER")]
    pub(super) keep: PathBuf,
    /// How many frames of each source are taken [default: as many as the promise needs without any assumption, 299 for the usual one]
    #[arg(long, value_name = "N", value_parser = values::at_least_one)]
    frames: Option<u64>,
    /// Time between frames that are taken, at least: neighbours show the same, and are no more than one picture
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = parse_interval)]
    pub(super) every: Duration,
    #[command(flatten)]
    pub(super) fit: FitArguments,
}

impl FromStreamArguments {
    /// Frames of each source.
    pub(super) fn frames(&self) -> u64 {
        self.frames.unwrap_or_else(|| order_statistic::images_needed(self.fit.wishes(Order::Stream).target))
    }
}

#[derive(Debug, Args)]
pub(super) struct CalibrateArguments {
    /// Folders of good pictures: data sets as moead-eval takes them, of which good pictures for training are used
    #[arg(value_name = "FOLDER", required = true)]
    pub(super) folders: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) fit: FitArguments,
    /// How the folders are laid out [default: recognised]
    #[arg(long, value_name = "LAYOUT", value_parser = PossibleValuesParser::new(Layout::NAMES).try_map(|name| name.parse::<Layout>()))]
    pub(super) layout: Option<Layout>,
    /// A list of pictures that are not to be used: a line for each, the end of its path; # begins a remark
    #[arg(long, value_name = "FILE")]
    pub(super) veto: Option<PathBuf>,
}

/// What is asked for of the pictures, wherever they come from.
#[derive(Debug, Args)]
pub(super) struct FitArguments {
    /// The model file that moead-export wrote
    #[arg(short, long, value_name = "FILE", required = true)]
    model: Option<PathBuf>,
    /// Write the calibrated model here [default: into the model file itself]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What the pictures show [default: the names of the folders' products, or no name]
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    pub(super) product: Option<String>,
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
    /// How the pictures follow each other: it decides from which change on a camera is said to drift [default: stream when they are taken
    /// from one; else either, which gives the later alarm]
    #[arg(long, value_enum)]
    order: Option<OrderArgument>,
    /// Forget what the file says about other products
    #[arg(long)]
    pub(super) replace: bool,
    /// Say what would be written, and write nothing but the report
    #[arg(short = 'n', long)]
    pub(super) dry_run: bool,
    /// Write a page for a browser, and calibration.json beside it: to this file, or into this folder as report.html
    #[arg(short, long, value_name = "PATH")]
    pub(super) report: Option<PathBuf>,
    /// How many pictures may be unreadable; more are an error
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = values::count)]
    pub(super) max_unreadable: usize,
    /// Print one JSON document
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) threads: ThreadsArgument,
    #[command(flatten)]
    pub(super) in_flight: InFlightArgument,
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

impl From<OrderArgument> for Order {
    fn from(argument: OrderArgument) -> Self {
        match argument {
            OrderArgument::Collection => Self::Collection,
            OrderArgument::Stream => Self::Stream,
        }
    }
}

impl FitArguments {
    /// * `usual`: the order of the pictures, unless it is told.
    pub(super) fn wishes(&self, usual: Order) -> Wishes {
        Wishes {
            target: Target { false_alarms: self.false_alarms, confidence: self.confidence },
            with_defects: self.recall.map_or(Wish::BestF1, Wish::Recall),
            exclude_outliers: self.exclude_outliers,
            order: self.order.map_or(usual, Order::from),
        }
    }

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

fn parse_interval(text: &str) -> Result<Duration, String> {
    query::duration(text).ok_or_else(|| "expected a time, as in 500ms, 2s or 1m".to_owned())
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
