//! `moead-edge bench`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use crate::cli::engine::{EngineArguments, ThreadsArgument, parse_threads};

const BENCH_EXAMPLES: &str = "\
Examples:
  moead-edge bench --model bolt.onnx
  moead-edge bench --model bolt.onnx --model bolt-f16.onnx --threads 1,2,4
  moead-edge bench --model bolt.onnx --profile
  moead-edge bench --model bolt.onnx --engine ort --provider cuda --rounds 100 --json";

#[derive(Debug, Args)]
#[command(after_long_help = BENCH_EXAMPLES)]
pub(in crate::cli) struct BenchArguments {
    /// The model file that moead-export wrote. May be repeated
    #[arg(short, long, value_name = "FILE", required = true, env = "MOEAD_MODEL")]
    pub(in crate::cli) model: Vec<PathBuf>,
    /// How many threads compute a picture; several numbers are compared
    #[arg(long, value_name = "N", default_value = "1", value_delimiter = ',', env = "MOEAD_THREADS", value_parser = parse_threads)]
    pub(in crate::cli) threads: Vec<NonZeroUsize>,
    /// Pictures that every engine judges, in turn with the others
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub(in crate::cli) rounds: u32,
    /// Rounds before that do not count
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(in crate::cli) warm_up: u32,
    /// Look node by node where a picture's time goes, when all rounds are over
    #[arg(long)]
    pub(in crate::cli) profile: bool,
    /// Print one JSON document
    #[arg(long)]
    pub(in crate::cli) json: bool,
    // Last: its flags for GPUs stand under a heading of their own.
    #[command(flatten)]
    pub(in crate::cli) engine: EngineArguments,
}

/// What `bench` starts itself with.
#[derive(Debug, Args)]
pub(in crate::cli) struct ContenderArguments {
    #[arg(long)]
    pub(in crate::cli) model: PathBuf,
    #[command(flatten)]
    pub(in crate::cli) engine: EngineArguments,
    #[command(flatten)]
    pub(in crate::cli) threads: ThreadsArgument,
}
