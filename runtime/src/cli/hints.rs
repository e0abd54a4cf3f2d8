//! What to do about an error: the only place where a typed error meets a flag's name.

use std::io;
use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use moead_model::manifest::ManifestError;
use moead_model::onnx::model_file::ModelFileError;
use moead_terminal::failure::find;

use super::standards::NotCalibrated;
use crate::doctor::root::RootError;
use crate::engine::EngineError;
use crate::engine::choice::ChoiceError;
use crate::score::standards::StandardsError;
use crate::sinks::drawings::FolderError;
use crate::stream::sources::SourceError;
use crate::stream::sources::files::ListError;
use crate::stream::sources::standard_input::StreamError;
use crate::verify::self_test::SelfTestError;

#[cfg(feature = "camera")]
pub(super) mod camera;
mod config;
pub(super) mod engine;
#[cfg(feature = "update")]
mod update;

/// The advice of `moead-edge` itself.
pub(super) fn hint_of_run(error: &anyhow::Error) -> Option<String> {
    find::<clap::Error>(error).map_or_else(|| hint(error), stray_path)
}

/// What to do with a path that stands alone: whoever writes it means the pictures.
fn stray_path(error: &clap::Error) -> Option<String> {
    let is_of_word =
        matches!(error.kind(), ErrorKind::ArgumentConflict | ErrorKind::InvalidSubcommand | ErrorKind::UnknownArgument);
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text),
        _ => None,
    };
    let stray = text(ContextKind::InvalidSubcommand).or_else(|| text(ContextKind::InvalidArg))?;
    (is_of_word && Path::new(stray).exists())
        .then(|| format!("pictures and cameras are given with a flag: `--source {stray}`"))
}

/// The advice for an error that this crate knows, if there is any.
pub fn hint(error: &anyhow::Error) -> Option<String> {
    #[cfg(feature = "update")]
    if let Some(hint) = update::hint(error) {
        return Some(hint);
    }
    if let Some(hint) = config::hint(error) {
        return Some(hint);
    }
    if let Some(error) = find::<FolderError>(error) {
        return Some(match error {
            FolderError::Missing(path) => format!("make it first: `mkdir -p {}`", path.display()),
            FolderError::NotAFolder(_) | FolderError::Read { .. } => "give another folder".into(),
        });
    }
    if find::<RootError>(error).is_some() {
        return Some("give the folder that `record.sh FOLDER` wrote on the other machine as `--root`".into());
    }
    if let Some(error) = find::<ListError>(error) {
        return match error {
            ListError::Read { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                Some("this user may not read it".into())
            }
            ListError::Read { .. } => Some("check the path".into()),
            ListError::Empty { .. } => Some("a file with another ending can be named itself: `--source FILE`".into()),
            ListError::Kind { .. } | ListError::Uri(_) => Some("give files, folders or patterns as `--source`".into()),
        };
    }
    if let Some(SourceError::Stream(error)) = find::<SourceError>(error) {
        return stream_hint(error);
    }
    #[cfg(feature = "camera")]
    if let Some(SourceError::Camera(error)) = find::<SourceError>(error) {
        return camera::hint(error);
    }
    if let Some(error) = find::<ModelFileError>(error) {
        return match error {
            ModelFileError::Read(error) if error.kind() == io::ErrorKind::NotFound => {
                Some("check the path given as `--model`; `moead-export CKPT` writes a model file".into())
            }
            ModelFileError::Read(error)
                if [io::ErrorKind::IsADirectory, io::ErrorKind::InvalidInput].contains(&error.kind()) =>
            {
                Some("give the model file itself as `--model`".into())
            }
            ModelFileError::Read(_) => None,
            _ => Some("write the model file anew with `moead-export CKPT`".into()),
        };
    }
    // In a model file, one that is not read with the file itself can only be the calibration's.
    if find::<ManifestError>(error).is_some() || find::<NotCalibrated>(error).is_some() {
        return Some(CALIBRATE.into());
    }
    if let Some(error) = find::<StandardsError>(error) {
        return Some(match error {
            StandardsError::UnknownProduct { products, .. } if !products.is_empty() => {
                "give one of them as `--product [SOURCE=]NAME`, or leave it out to have products recognised".into()
            }
            StandardsError::Unrecognisable { .. } => {
                "say which product each source shows: `--product [SOURCE=]NAME`".into()
            }
            _ => CALIBRATE.into(),
        });
    }
    if let Some(error) = find::<ChoiceError>(error) {
        return engine::hint(error);
    }
    match find::<SelfTestError>(error) {
        Some(SelfTestError::Absent) => {
            return Some("write the model file anew with `moead-export CKPT`, without `--no-check`".into());
        }
        Some(SelfTestError::Failed(_)) => {
            return Some(
                "the model file is damaged (fetch it again, or write it anew with `moead-export CKPT`), or the engine or this \
                 machine is at fault: `moead-edge verify --model FILE` tries every engine; `--no-verify` judges with wrong numbers"
                    .into(),
            );
        }
        _ => {}
    }
    if find::<EngineError>(error).is_some() {
        return Some("write the model file anew with `moead-export CKPT`, which checks it on this engine".into());
    }
    match find::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
            Some("free some space; what was written before is whole".into())
        }
        Some(io::ErrorKind::FileTooLarge) => {
            Some("the file system or `ulimit -f` limits the size of files; what was written before is whole".into())
        }
        Some(io::ErrorKind::AlreadyExists) => Some("name a file that is not there yet".into()),
        Some(io::ErrorKind::NotFound) => Some("check the path".into()),
        _ => None,
    }
}

/// For calibrations that are missing or cannot be used.
const CALIBRATE: &str = "`moead-calibrate --model FILE GOOD/` writes a new calibration from good pictures";

/// Pipes that work, for a standard input that does not.
fn stream_hint(error: &StreamError) -> Option<String> {
    match error {
        StreamError::Unrecognised { first_bytes, .. } if first_bytes.is_empty() => {
            Some("look at what the program in front of the pipe says: it wrote nothing".into())
        }
        StreamError::Terminal | StreamError::Unrecognised { .. } => Some(
            "a Raspberry Pi's camera: `rpicam-vid -t 0 --codec mjpeg -o - | moead-edge --source - …`\n\
             GStreamer: `gst-launch-1.0 -q … ! jpegenc ! fdsink fd=3 3>&1 1>&2 | moead-edge --source - …`\n\
             everything else: `ffmpeg -loglevel error -i … -f yuv4mpegpipe -pix_fmt yuv420p - | moead-edge --source - …`"
                .into(),
        ),
        StreamError::Colours(_) => Some("have them converted: `ffmpeg … -pix_fmt yuv420p -f yuv4mpegpipe -`".into()),
        StreamError::Matrix => Some("leave `matrix=` out".into()),
        StreamError::CutHeader | StreamError::Endless | StreamError::Field { .. } | StreamError::Count { .. } => {
            Some("look at what the program in front of the pipe says".into())
        }
        _ => None,
    }
}
