//! `moead-edge verify`.

use std::path::PathBuf;

use clap::Args;

use super::parse_threshold;
use crate::cli::engine::{EngineArguments, ThreadsArgument};
use crate::score::verdict::Threshold;

const VERIFY_EXAMPLES: &str = "\
Examples:
  moead-edge verify --model bolt.onnx
  moead-edge verify --model bolt.onnx --engine ort --provider cuda
  moead-edge verify --model bolt.onnx --against bolts/ --threshold 4.5
  moead-edge verify --model bolt.onnx --model bolt-f16.onnx --against bolts/ --threshold 4.5

Exit status: 0 all numbers are right, 1 an engine is further off than the model file allows, or an error, 2 a wrong command
line. Two models may differ as far as they like.";

#[derive(Debug, Args)]
#[command(after_long_help = VERIFY_EXAMPLES)]
pub(in crate::cli) struct VerifyArguments {
    /// The model file that moead-export wrote; two of them to compare with --against
    #[arg(short, long, value_name = "FILE", required = true, env = "MOEAD_MODEL")]
    pub(in crate::cli) model: Vec<PathBuf>,
    /// Compare two engines, or two models, on the pictures of this folder
    #[arg(long, value_name = "FOLDER")]
    pub(in crate::cli) against: Option<PathBuf>,
    /// The score from which on a picture is defective: to see which verdicts change
    #[arg(short, long, value_name = "SCORE", env = "MOEAD_THRESHOLD", value_parser = parse_threshold, allow_hyphen_values = true, requires = "against")]
    pub(in crate::cli) threshold: Option<Threshold>,
    #[command(flatten)]
    pub(in crate::cli) threads: ThreadsArgument,
    /// Print one JSON document
    #[arg(long)]
    pub(in crate::cli) json: bool,
    // Last: its flags for GPUs stand under a heading of their own.
    #[command(flatten)]
    pub(in crate::cli) engine: EngineArguments,
}
