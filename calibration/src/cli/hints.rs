//! What to do about an error that more than one of these programs meets; each asks its own hints first.

use std::io;

use moead_runtime::verify::self_test::SelfTestError;
use moead_terminal::failure::find;

use super::report_files::NoPlace;
use crate::dataset::DatasetError;

/// The advice for an error, if there is any.
pub(super) fn hint(error: &anyhow::Error) -> Option<String> {
    if let Some(error) = find::<DatasetError>(error) {
        return dataset_hint(error);
    }
    if find::<NoPlace>(error).is_some() {
        return Some("`--report PATH`: a file that ends in .html, or a folder; the folder must exist".into());
    }
    if let Some(SelfTestError::Failed(_)) = find::<SelfTestError>(error) {
        let hint = "it is the engine or this machine that is at fault, not the pictures: `moead-edge verify --model FILE` tries every engine";
        return Some(hint.into());
    }
    moead_runtime::cli::hints::hint(error)
}

/// The advice for folders that are no data set.
pub(super) fn dataset_hint(error: &DatasetError) -> Option<String> {
    let hint = match error {
        DatasetError::Read { source, .. } => match source.kind() {
            io::ErrorKind::NotFound => "check the path",
            io::ErrorKind::NotADirectory => "give the data set's folder",
            _ => return None,
        },
        DatasetError::Unknown { .. } => {
            "docs/reference/moead-eval.md shows the layouts; the simplest: folders `good` and `defect`, and `masks` if there are any"
        }
        DatasetError::Empty { .. } => "leave `--layout` out, or give another folder",
        DatasetError::SimilarProducts { .. } => "rename one of them, or put both together",
        DatasetError::Twice { .. } => {
            "a picture is for training or for testing, and good or defective: remove one of the two"
        }
        _ => return None,
    };
    Some(hint.into())
}
