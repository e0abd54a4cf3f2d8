//! What to do about an error: the only place where a typed error meets a flag's name.

use std::io;

use moead_model::architecture::ArchitectureError;
use moead_model::outputs::Clash;
use moead_terminal::failure::find;

use crate::checkpoint::{CheckpointError, TensorError};
use crate::export::ExportError;
use crate::graph::GraphError;
use crate::resolve::{Origin, ResolveError};

pub(super) fn hint(error: &anyhow::Error) -> Option<String> {
    if find::<Clash>(error).is_some() {
        return Some("give another `--output FILE`".into());
    }
    if let Some(error) = find::<ResolveError>(error) {
        return resolve_hint(error);
    }
    if let Some(error) = find::<CheckpointError>(error) {
        return checkpoint_hint(error);
    }
    // These show the error inside as themselves, so it is no link of the chain.
    match find::<ExportError>(error) {
        Some(ExportError::Tensor(error) | ExportError::Graph(GraphError::Tensor(error))) => return tensor_hint(error),
        Some(ExportError::Graph(GraphError::HalfOverflow { .. })) => return Some(FULL_PRECISION.into()),
        Some(ExportError::Graph(GraphError::NoSparseExperts { .. })) => {
            return Some(
                "`--precision int8` is for MoEAD with `--moe sparse`; `--precision f16` halves any file".into(),
            );
        }
        Some(ExportError::Write(error)) => return write_hint(error),
        Some(ExportError::Unacceptable(_) | ExportError::Envelope(_)) => return Some(OUR_FAULT.into()),
        Some(ExportError::Damaged) => return Some("write elsewhere with `--output FILE`, and check the disk".into()),
        None => {}
    }
    if let Some(error) = find::<TensorError>(error) {
        return tensor_hint(error);
    }
    #[cfg(feature = "check")]
    match find::<crate::check::CheckError>(error) {
        Some(crate::check::CheckError::Tensor(error)) => return tensor_hint(error),
        Some(crate::check::CheckError::Overflow { .. }) => return Some(DIVERGED.into()),
        Some(_) => return Some(OUR_FAULT.into()),
        None => {}
    }
    match find::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::NotFound) => Some("check the path".into()),
        _ => None,
    }
}

const FULL_PRECISION: &str = "export with `--precision f32`";
const OUR_FAULT: &str =
    "this is a fault of moead-export: please report it with the checkpoint's `moead-export inspect --json`";
const DIVERGED: &str = "training diverged, or the file is damaged: take an earlier checkpoint, or fetch the file again";
const SETTINGS: &str = "correct the settings with `--arch FILE.json`; `moead-export inspect --json` prints their form";

fn write_hint(error: &io::Error) -> Option<String> {
    let hint = match error.kind() {
        io::ErrorKind::NotFound => "make the folder first, or write elsewhere with `--output FILE`",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free some space, or write elsewhere with `--output FILE`; nothing was left behind"
        }
        io::ErrorKind::FileTooLarge => {
            "the file system or `ulimit -f` limits the size of files: write elsewhere with `--output FILE`"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => "write elsewhere with `--output FILE`",
        io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidInput => {
            "name a file in a folder with `--output FILE`"
        }
        _ => return None,
    };
    Some(hint.into())
}

/// Whether a file may begin so that holds the message `ModelProto` (onnx.proto3): its first field, the version in one byte, and as a rule the
/// second, the name of a program.
fn is_onnx(head: &[u8]) -> bool {
    matches!(head, [0x08, 1..=0x7f, 0x12, ..])
}

fn checkpoint_hint(error: &CheckpointError) -> Option<String> {
    let hint = match error {
        CheckpointError::Read(error) if error.kind() == io::ErrorKind::NotFound => "check the path",
        CheckpointError::Unrecognised { head, .. } if is_onnx(head) => {
            "if it is an ONNX model, it is exported already: `moead-edge --model FILE` runs it"
        }
        CheckpointError::NotAFile { .. } | CheckpointError::Unrecognised { .. } | CheckpointError::NoTensors { .. } => {
            "give a file that `torch.save` or safetensors wrote: .pth.tar, .pth, .pt, .safetensors"
        }
        CheckpointError::NotACheckpoint { .. } => {
            "weights lie under `state_dict` or alone: `torch.save({\"state_dict\": model.state_dict()}, FILE)`"
        }
        CheckpointError::Zip { .. }
        | CheckpointError::Legacy { .. }
        | CheckpointError::Safetensors { .. }
        | CheckpointError::Tensor { .. } => "fetch the file again, and check that it is the checkpoint",
        CheckpointError::Pickle { .. } => {
            "nothing in the file was executed; save the weights alone: `torch.save(model.state_dict(), FILE)`"
        }
        _ => return None,
    };
    Some(hint.into())
}

fn resolve_hint(error: &ResolveError) -> Option<String> {
    let hint = match error {
        ResolveError::Conflict { first_origin, second_origin, .. } => {
            if [first_origin, second_origin].contains(&&Origin::Caller) {
                "drop the flag, or override the file's settings with `--arch FILE.json`"
            } else {
                SETTINGS
            }
        }
        ResolveError::NoBackbone { .. } => "give the backbone's weights with `--backbone FILE`",
        ResolveError::TwoBackbones { .. } => "drop `--backbone`",
        ResolveError::Architecture { source: ArchitectureError::InputSize { .. }, .. } => {
            "choose another `--input-size H,W`; the network was trained for one size"
        }
        ResolveError::Architecture { source: ArchitectureError::Attention { .. }, .. } => {
            "a smaller input, a larger stride of the neck or fewer heads: such a network has to be trained anew"
        }
        ResolveError::TooLarge { .. } => "the file is damaged, or `arch` describes another network",
        ResolveError::Arch { .. }
        | ResolveError::UnknownBackbone { .. }
        | ResolveError::Layers { .. }
        | ResolveError::Architecture { .. } => SETTINGS,
        ResolveError::UnknownGrid { .. } => "give the input's size with `--input-size H,W`",
        ResolveError::NotOurs { .. } => {
            "a backbone alone goes to `--backbone FILE`, beside a checkpoint; where something else stands in front of \
             `reconstruction.`, save the network's own `state_dict()`"
        }
        ResolveError::Missing { .. } => "the file is incomplete, or `arch` describes another network",
        ResolveError::Surplus { .. } => "`arch` describes another network, or the file was mixed from several",
        ResolveError::Tensor(error) => return tensor_hint(error),
    };
    Some(hint.into())
}

fn tensor_hint(error: &TensorError) -> Option<String> {
    let hint = match error {
        TensorError::Shape { .. } | TensorError::Rank { .. } => SETTINGS,
        TensorError::HalfOverflow { .. } => FULL_PRECISION,
        TensorError::NotFinite { .. } | TensorError::NegativeVariance { .. } | TensorError::NotPositive { .. } => {
            DIVERGED
        }
        _ => return None,
    };
    Some(hint.into())
}
