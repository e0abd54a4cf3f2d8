//! Flags as they are typed; what they mean is decided elsewhere.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use moead_model::architecture::ImageSize;
use moead_model::manifest::{Moe, Precision};
use moead_terminal::flags::TerminalFlags;
use moead_terminal::integration::Integration;

use crate::resolve;

const EXAMPLES: &str = "\
Examples:
  moead-export ckpt.pth.tar                      writes ckpt.onnx beside it
  moead-export ckpt.safetensors -o bolt.onnx     another name
  moead-export ckpt.pth.tar --precision f16      half the file
  moead-export head.pth --backbone efficientnet-b4.pth
  moead-export inspect ckpt.pth.tar              what is inside, and what an export would hold

Exit status: 0 written, 1 an error (nothing was written), 2 a wrong command line.";

/// Turns a trained MoEAD checkpoint into one self-contained ONNX file.
///
/// Reads torch files (.pth.tar, .pth, .pt, old and new) and safetensors as data: nothing in them is ever executed. The
/// written file is compared with a plain evaluation of the checkpoint before it takes its place.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, after_long_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) export: ExportArguments,
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
    /// Show what is in a checkpoint: parts, parameters, bytes, MACs, and what will not be exported
    Inspect(InspectArguments),
    #[command(flatten)]
    Integration(Integration),
}

#[derive(Debug, Args)]
pub(super) struct ExportArguments {
    #[command(flatten)]
    pub(super) checkpoint: CheckpointArguments,
    /// Write here [default: the checkpoint's name with .onnx, beside it]
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// How weights are stored: `f16` halves the file, arithmetic stays 32-bit; `int8` is for the experts, which then also
    /// multiply in eight bits
    #[arg(long, value_enum, default_value_t = PrecisionArgument::F32)]
    pub(super) precision: PrecisionArgument,
    /// How experts are routed: `sparse` for CPUs, `dense` for providers without data-dependent shapes; `auto` is `sparse`
    #[arg(long, value_enum, default_value_t = MoeArgument::Auto)]
    pub(super) moe: MoeArgument,
    /// Compare the file with a plain evaluation of the checkpoint before it takes its place [default]
    #[arg(long, overrides_with = "no_check")]
    pub(super) check: bool,
    /// Write the file unchecked; it then holds no self-test either
    #[arg(long)]
    pub(super) no_check: bool,
    /// ONNX operator set of the file
    #[arg(long, default_value_t = 18, value_parser = parse_opset)]
    pub(super) opset: u8,
}

#[derive(Debug, Args)]
pub(super) struct InspectArguments {
    #[command(flatten)]
    pub(super) checkpoint: CheckpointArguments,
    /// Print JSON instead of a table
    #[arg(long)]
    pub(super) json: bool,
    /// List every tensor
    #[arg(long)]
    pub(super) tensors: bool,
}

/// What says how a checkpoint is to be read.
#[derive(Debug, Args)]
pub(super) struct CheckpointArguments {
    /// The checkpoint: a torch file or safetensors
    #[arg(value_name = "CKPT", required = true)]
    file: Option<PathBuf>,
    /// The network's class, when the file does not say
    #[arg(long, value_enum)]
    pub(super) variant: Option<VariantArgument>,
    /// The network's input, when the file does not say
    #[arg(long, value_name = "H,W")]
    pub(super) input_size: Option<ImageSize>,
    /// The backbone's weights, when the checkpoint has none
    #[arg(long, value_name = "FILE")]
    pub(super) backbone: Option<PathBuf>,
    /// Settings instead of the file's own `arch`: a JSON list of the entries backbone, neck, reconstruction
    #[arg(long, value_name = "FILE")]
    pub(super) arch: Option<PathBuf>,
}

impl CheckpointArguments {
    /// The checkpoint's path.
    pub(super) fn file(&self) -> &Path {
        // Required by the parser, but for a subcommand's sake it must be able to be absent from the type.
        self.file.as_deref().unwrap_or(Path::new(""))
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum PrecisionArgument {
    F32,
    F16,
    Int8,
}

impl From<PrecisionArgument> for Precision {
    fn from(argument: PrecisionArgument) -> Self {
        match argument {
            PrecisionArgument::F32 => Self::F32,
            PrecisionArgument::F16 => Self::F16,
            PrecisionArgument::Int8 => Self::Int8,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum MoeArgument {
    Auto,
    Sparse,
    Dense,
}

impl From<MoeArgument> for Moe {
    fn from(argument: MoeArgument) -> Self {
        match argument {
            // The engine inside every program of ours is a CPU engine.
            MoeArgument::Auto | MoeArgument::Sparse => Self::Sparse,
            MoeArgument::Dense => Self::Dense,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum VariantArgument {
    Moead,
    MoeadO,
    Uniad,
}

impl From<VariantArgument> for resolve::Variant {
    fn from(argument: VariantArgument) -> Self {
        match argument {
            VariantArgument::Moead => Self::Moead,
            VariantArgument::MoeadO => Self::MoeadO,
            VariantArgument::Uniad => Self::Uniad,
        }
    }
}

fn parse_opset(text: &str) -> Result<u8, String> {
    match text {
        "18" => Ok(18),
        _ => Err("expected 18, the only one that this version writes".into()),
    }
}
