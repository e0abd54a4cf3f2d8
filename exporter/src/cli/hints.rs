//! What to do about an error: the only place where a typed error meets a flag's name.

use std::io;

use moead_model::architecture::ArchitectureError;
use moead_terminal::failure::find;

use crate::checkpoint::TensorError;
use crate::graph::GraphError;
use crate::resolve::{Origin, ResolveError};

pub(super) fn hint(error: &anyhow::Error) -> Option<String> {
    if let Some(error) = find::<ResolveError>(error) {
        return resolve_hint(error);
    }
    if let Some(GraphError::HalfOverflow { .. }) = find::<GraphError>(error) {
        return Some("export with `--precision f32`".into());
    }
    if let Some(error) = find::<TensorError>(error) {
        return tensor_hint(error);
    }
    #[cfg(feature = "check")]
    if find::<crate::check::CheckError>(error).is_some() {
        return Some(
            "this is a fault of moead-export: please report it with the checkpoint's `moead-export inspect --json`"
                .into(),
        );
    }
    match find::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::NotFound) => Some("check the path; the folder of `--output` must exist".into()),
        Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
            Some("free some space, or write elsewhere with `--output FILE`; nothing was left behind".into())
        }
        Some(io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) => {
            Some("write elsewhere with `--output FILE`".into())
        }
        Some(io::ErrorKind::IsADirectory) => Some("name a file, not a folder".into()),
        _ => None,
    }
}

fn resolve_hint(error: &ResolveError) -> Option<String> {
    Some(match error {
        ResolveError::Conflict { first_origin, second_origin, .. } => {
            if [first_origin, second_origin].contains(&&Origin::Caller) {
                "drop the flag, or override the file's settings with `--arch FILE.json`".into()
            } else {
                "correct the settings with `--arch FILE.json`; `moead-export inspect --json` prints their form".into()
            }
        }
        ResolveError::NoBackbone { .. } => "give the backbone's weights with `--backbone FILE`".into(),
        ResolveError::TwoBackbones { .. } => "drop `--backbone`".into(),
        ResolveError::Architecture { source: ArchitectureError::InputSize { .. }, .. } => {
            "choose another `--input-size H,W`; the network was trained for one size".into()
        }
        ResolveError::Arch { .. }
        | ResolveError::UnknownBackbone { .. }
        | ResolveError::Layers { .. }
        | ResolveError::Architecture { .. } => "say how the network is built with `--arch FILE.json`".into(),
        ResolveError::UnknownGrid { .. } => "give the input's size with `--input-size H,W`".into(),
        ResolveError::NotOurs { .. } => "expected a checkpoint that the MoEAD or UniAD code saved".into(),
        ResolveError::Missing { .. } => "the file is incomplete, or `arch` describes another network".into(),
        ResolveError::Surplus { .. } => "`arch` describes another network, or the file was mixed from several".into(),
        ResolveError::Tensor(error) => return tensor_hint(error),
    })
}

fn tensor_hint(error: &TensorError) -> Option<String> {
    match error {
        TensorError::Shape { .. } | TensorError::Rank { .. } => Some(
            "`moead-export inspect` lists what the file's own settings choose; `--arch FILE.json` overrides them"
                .into(),
        ),
        _ => None,
    }
}
