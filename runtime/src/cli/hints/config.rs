//! What to do about a file of flags.

use std::io;

use moead_terminal::failure::find;

use crate::cli::config::{ConfigError, FileError, ReadError};

pub(super) fn hint(error: &anyhow::Error) -> Option<String> {
    let ConfigError { error, .. } = find::<ConfigError>(error)?;
    match error {
        FileError::Unknown { closest: Some(closest), .. } => Some(format!("did you mean `{closest}`?")),
        FileError::Unknown { closest: None, .. } => Some(
            "keys are the flags of `moead-edge --help` without their dashes, and the tables [[source]] and [[sink]]"
                .into(),
        ),
        FileError::Twice { .. } => {
            Some("a list has several values: `product = [\"line1=bolt\", \"line2=nut\"]`".into())
        }
        FileError::Read(ReadError::File(error)) => match error.kind() {
            io::ErrorKind::NotFound => Some("check the path given as `--config` or MOEAD_CONFIG".into()),
            _ => None,
        },
        FileError::Read(ReadError::TooLong) => Some("is it the model? that is `--model`".into()),
        FileError::Read(_) | FileError::Type { .. } | FileError::Value { .. } => {
            Some("`moead-edge --help` and docs/reference/config.md say what each key takes".into())
        }
    }
}
