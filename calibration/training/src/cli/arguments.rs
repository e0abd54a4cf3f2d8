//! Flags as they are typed; what they mean is decided elsewhere.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Parser, Subcommand, ValueEnum};
use moead_calibration::dataset::layout::Layout;
use moead_model::architecture::{Distance, FeatureForm, UnknownDistance};
use moead_runtime::cli::engine::{EngineArguments, parse_threads};
use moead_runtime::stream::uri::query;
use moead_terminal::flags::TerminalFlags;
use moead_terminal::integration::Integration;
use moead_terminal::values;

use crate::augmentation::{Augmentation, Change, UnknownChange};
use crate::presets::Preset;

/// More of the same picture teach nothing more.
const MOST_COPIES: usize = 100;

const EXAMPLES: &str = "\
Examples:
  moead-train bolts/ --backbone efficientnet-lite0.pth -o bolt.safetensors   good pictures in, a checkpoint out
  moead-train bolts/ --backbone lite0.pth -o bolt.safetensors --time-limit 10m
  moead-train bolts/ --backbone lite0.pth -o bolt.safetensors --resume       go on where a run was stopped
  moead-train MVTec-AD/ --backbone efficientnet-b4.pth -o all.safetensors --preset official
  moead-train parts/ --backbone lite0.pth -o parts.safetensors --balance-products --report parts.html
  moead-train bolts/ --backbone lite0.pth -o bolt.safetensors --augment shift,tilt,light

DATA is a folder of good pictures, or laid out as moead-eval takes it; only good pictures for training are used.
Then: `moead-export bolt.safetensors`, `moead-calibrate --model bolt.onnx MORE-GOOD-PICTURES/`.
Ctrl-C saves the run and ends it.

Exit status: 0 trained, or stopped and saved; 1 an error, or stopped before there was anything to save; 2 a wrong command line.";

/// Trains a MoEAD network on good pictures.
///
/// A frozen backbone turns each picture into features once; a decoder learns to rebuild them. What it cannot rebuild later is unusual.
/// A tenth of the pictures is held back: after each pass, drawn defects on these tell how good the network has become, and the best is kept.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, after_long_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) train: TrainArguments,
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
pub(super) struct TrainArguments {
    /// The folder of good pictures
    #[arg(value_name = "DATA", required = true)]
    data: Option<PathBuf>,
    /// Write the checkpoint here; NAME.last.safetensors beside it is the run itself, for `--resume`
    #[arg(short, long, value_name = "FILE", required = true)]
    output: Option<PathBuf>,
    /// The file with the backbone's weights: as published for EfficientNet or ResNet, or any MoEAD checkpoint
    #[arg(long, value_name = "FILE", required = true)]
    backbone: Option<PathBuf>,
    /// Settings that go together
    #[arg(long, value_enum, default_value = "small")]
    preset: PresetArgument,
    /// What is rebuilt [default: what the preset has]
    #[arg(long, value_enum, value_name = "WHAT")]
    features: Option<FeaturesArgument>,
    /// What makes a token's residual a distance: l2, position-std or position-cov:K with K axes [default: what the preset has]
    #[arg(long, value_name = "DISTANCE", value_parser = parse_distance)]
    distance: Option<Distance>,
    /// How many steps of 8 pictures [default: small 1000, tiny 300, official 1000 passes over all pictures]
    #[arg(long, value_name = "N", value_parser = values::at_least_one, conflicts_with = "time_limit")]
    pub(super) steps: Option<u64>,
    /// As many steps as this time allows, features included: 10m, 2h
    #[arg(long, value_name = "TIME", value_parser = parse_time, conflicts_with = "resume")]
    pub(super) time_limit: Option<Duration>,
    /// Of all random numbers
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
    /// How many threads compute [default: one for each processor]
    #[arg(long, value_name = "N", env = "MOEAD_THREADS", value_parser = parse_threads)]
    threads: Option<NonZeroUsize>,
    /// Learn from each product equally often, however many pictures it has
    #[arg(long)]
    pub(super) balance_products: bool,
    /// Learn from altered copies of the pictures too, for what varies on the line and hardly does among them: mirror, flip, turn (quarter turns),
    /// tilt (up to 5 degrees), shift (up to 5 %), light (up to 15 %)
    #[arg(long, value_name = "WHAT,…", value_delimiter = ',', value_parser = parse_change)]
    augment: Vec<Change>,
    /// How many copies of each picture `--augment` makes
    #[arg(long, value_name = "N", default_value = "3", requires = "augment", value_parser = parse_copies)]
    copies: NonZeroUsize,
    /// Leave out the detectors without a network, which are judged by the same drawn defects: what the network has to beat
    #[arg(long)]
    pub(super) no_model_free: bool,
    /// Go on with the run that was stopped, with the same settings and pictures
    #[arg(long)]
    pub(super) resume: bool,
    /// How the pictures lie in their folder [default: recognised]
    #[arg(long, value_name = "LAYOUT", value_parser = PossibleValuesParser::new(Layout::NAMES).try_map(|name| name.parse::<Layout>()))]
    pub(super) layout: Option<Layout>,
    /// How many pictures may be unreadable; more are an error
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = values::count)]
    pub(super) max_unreadable: usize,
    /// Write what each step found as JSON lines
    #[arg(long, value_name = "FILE")]
    pub(super) metrics: Option<PathBuf>,
    /// Write a page for a browser with the run's curves
    #[arg(short, long, value_name = "FILE")]
    pub(super) report: Option<PathBuf>,
    // Last: its flags for GPUs stand under a heading of their own.
    #[command(flatten)]
    pub(super) engine: EngineArguments,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PresetArgument {
    /// As published: 256 numbers a token, four rounds; for EfficientNet-B4
    Official,
    /// For processors without a GPU and models of a few MB: 128 numbers, two rounds; for EfficientNet-Lite0
    Small,
    /// For trying the way through: 32 numbers, one round, a quarter of the pixels
    Tiny,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FeaturesArgument {
    /// Features as the backbone gives them, as published
    Raw,
    /// Without the mean of their place, divided by the spread of their channel
    Normalized,
}

impl TrainArguments {
    /// The folder of good pictures.
    pub(super) fn data(&self) -> &Path {
        // Required by the parser, but for a subcommand's sake it must be able to be absent from the type.
        self.data.as_deref().unwrap_or(Path::new(""))
    }

    /// The checkpoint.
    pub(super) fn output(&self) -> &Path {
        self.output.as_deref().unwrap_or(Path::new(""))
    }

    /// The run itself, and files of features, beside the checkpoint.
    pub(super) fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.output().file_stem().unwrap_or_default().to_owned();
        name.push(".");
        name.push(ending);
        self.output().with_file_name(name)
    }

    /// The file with the backbone's weights.
    pub(super) fn backbone(&self) -> &Path {
        self.backbone.as_deref().unwrap_or(Path::new(""))
    }

    /// Settings that go together.
    pub(super) fn preset(&self) -> Preset {
        match self.preset {
            PresetArgument::Official => Preset::Official,
            PresetArgument::Small => Preset::Small,
            PresetArgument::Tiny => Preset::Tiny,
        }
    }

    /// What is rebuilt.
    pub(super) fn features(&self) -> FeatureForm {
        match self.features {
            None => self.preset().reconstruction().features,
            Some(FeaturesArgument::Raw) => FeatureForm::Raw,
            Some(FeaturesArgument::Normalized) => FeatureForm::Normalized,
        }
    }

    /// What makes residuals distances.
    pub(super) fn distance(&self) -> Distance {
        self.distance.unwrap_or_else(|| self.preset().reconstruction().distance)
    }

    /// Which copies are learnt from.
    pub(super) fn augmentation(&self) -> Option<Augmentation> {
        (!self.augment.is_empty()).then(|| Augmentation::new(&self.augment, self.copies.get()))
    }

    /// That compute.
    pub(super) fn threads(&self) -> NonZeroUsize {
        let processors = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        self.threads.unwrap_or_else(processors)
    }
}

fn parse_change(text: &str) -> Result<Change, UnknownChange> {
    text.parse()
}

fn parse_copies(text: &str) -> Result<NonZeroUsize, String> {
    let copies = text.parse().ok().filter(|copies: &NonZeroUsize| copies.get() <= MOST_COPIES);
    copies.ok_or_else(|| format!("expected a whole number, 1 to {MOST_COPIES}"))
}

fn parse_distance(text: &str) -> Result<Distance, UnknownDistance> {
    text.parse()
}

fn parse_time(text: &str) -> Result<Duration, String> {
    let time = query::duration(text).filter(|time| !time.is_zero());
    time.ok_or_else(|| "expected a time, as in 90s, 10m or 2h".to_owned())
}
