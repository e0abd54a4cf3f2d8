//! Flags as they are typed; what they mean is decided elsewhere.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Parser, Subcommand, ValueEnum};
use moead_model::architecture::{ImageSize, Normalization};
use moead_runtime::cli::engine::{EngineArguments, InFlightArgument, ThreadsArgument};
use moead_terminal::flags::TerminalFlags;
use moead_terminal::integration::Integration;
use moead_terminal::values;

use crate::dataset::layout::Layout;

const EXAMPLES: &str = "\
Examples:
  moead-eval --model bolt.onnx bolts/                     a table of figures
  moead-eval --model bolt.onnx bolts/ --report bolts.html  and a page with curves and the worst pictures
  moead-eval --model MoEAD.onnx MVTec-AD/ --json          one JSON document
  moead-eval --model MoEAD.onnx MVTec-AD/ --product screw
  moead-eval --compare f32.onnx f16.onnx bolts/           two models on the same pictures
  moead-eval --model bolt.onnx bolts/ --baseline padim    and a simpler detector beside the model
  moead-eval --model patchcore.onnx --normalize imagenet bolts/   a model of somebody else

DATA is laid out as MVTec-AD or VisA are, as JSON lists, or as folders good/, defect/ and masks/; docs/reference/moead-eval.md shows each.

Exit status: 0 measured, 1 an error, 2 a wrong command line.";

/// Measures how well a model tells defective pictures from good ones.
///
/// AUROC, average precision (AP), best F1 (F1max) over pictures and over pixels, and AUPRO, for each product and on average, as papers
/// compute them. A figure that cannot be had is left out with its reason.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, after_long_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) eval: EvalArguments,
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
    #[command(flatten)]
    Integration(Integration),
}

#[derive(Debug, Args)]
pub(super) struct EvalArguments {
    /// The data set's folder
    #[arg(value_name = "DATA", required = true)]
    data: Option<PathBuf>,
    /// The model file that moead-export wrote
    #[arg(short, long, value_name = "FILE", required_unless_present = "compare")]
    pub(super) model: Option<PathBuf>,
    /// Measure two models on the same pictures, and how sure their difference is
    #[arg(long, num_args = 2, value_names = ["FILE", "FILE"], conflicts_with = "model")]
    pub(super) compare: Option<Vec<PathBuf>>,
    /// Fit a simpler detector to the training pictures, on the features that the model rebuilds, and measure it beside the model
    #[arg(long, value_enum, value_name = "WHAT", conflicts_with = "compare")]
    pub(super) baseline: Option<BaselineArgument>,
    /// How many features of each place the baseline draws at random [default: all]
    #[arg(long, value_name = "N", requires = "baseline", value_parser = parse_features)]
    pub(super) baseline_features: Option<NonZeroUsize>,
    /// How the data set lies in its folder [default: recognised]
    #[arg(long, value_name = "LAYOUT", value_parser = PossibleValuesParser::new(Layout::NAMES).try_map(|name| name.parse::<Layout>()))]
    pub(super) layout: Option<Layout>,
    /// Only this product; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(super) product: Vec<String>,
    /// Write a page for a browser, and metrics.json beside it: to this file, or into this folder as report.html
    #[arg(short, long, value_name = "PATH")]
    pub(super) report: Option<PathBuf>,
    /// How many pictures may be unreadable; more are an error
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = values::count)]
    pub(super) max_unreadable: usize,
    /// What a model without a manifest expects of pixels: it was not written by moead-export, and no file says
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(super) normalize: Option<NormalizeArgument>,
    /// The pictures' size for a model without a manifest, where the file leaves it open
    #[arg(long, value_name = "H,W", requires = "normalize")]
    pub(super) input_size: Option<ImageSize>,
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
pub(super) enum BaselineArgument {
    /// PaDiM: a Gaussian for each place of the feature grid, for each product
    Padim,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum NormalizeArgument {
    /// 0 to 1, minus ImageNet's mean, divided by its deviation
    Imagenet,
    /// 0 to 1
    None,
}

impl From<NormalizeArgument> for Normalization {
    fn from(argument: NormalizeArgument) -> Self {
        match argument {
            NormalizeArgument::Imagenet => Self::IMAGENET,
            NormalizeArgument::None => Self { mean: [0.0; 3], std: [1.0; 3] },
        }
    }
}

fn parse_features(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "expected a whole number from 1".to_owned())
}

impl EvalArguments {
    /// The data set's folder.
    pub(super) fn data(&self) -> &Path {
        // Required by the parser, but for a subcommand's sake it must be able to be absent from the type.
        self.data.as_deref().unwrap_or(Path::new(""))
    }
}
