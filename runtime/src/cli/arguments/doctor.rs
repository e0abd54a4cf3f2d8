//! `moead-edge doctor`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::engine::EngineArguments;

const DOCTOR_EXAMPLES: &str = "\
Examples:
  moead-edge doctor
  moead-edge doctor /var/lib/moead/results
  moead-edge doctor --json | jq '.findings[] | select(.state != \"ok\")'
  moead-edge doctor --ort-lib /opt/onnxruntime/lib/libonnxruntime.so
  moead-edge doctor --root recorded/

It needs no model and no network, changes nothing, and needs no rights; what a user may not read is left out.

Exit status: 0 nothing is wrong, or there are notes and warnings only; 1 a problem was found, or an error; 2 a wrong command
line.";

#[derive(Debug, Args)]
#[command(after_long_help = DOCTOR_EXAMPLES)]
pub(in crate::cli) struct DoctorArguments {
    /// Folders that results go to: is there room? [default: the current one]
    #[arg(value_name = "FOLDER", conflicts_with = "root")]
    pub(in crate::cli) folders: Vec<PathBuf>,
    /// Read a recorded tree in place of this machine: runtime/tests/machines/record.sh writes one
    #[arg(long, value_name = "FOLDER")]
    pub(in crate::cli) root: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    pub(in crate::cli) json: bool,
    // Last: its flags for GPUs stand under a heading of their own.
    #[command(flatten)]
    pub(in crate::cli) engine: EngineArguments,
}
