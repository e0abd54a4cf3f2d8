//! What to do about an error: the only place where a typed error meets a flag's name.

use std::io;

use moead_calibration::calibrate::pictures::PicturesError;
use moead_calibration::collect::CollectError;
use moead_calibration::dataset::DatasetError;
use moead_exporter::checkpoint::{CheckpointError, TensorError};
use moead_exporter::resolve::ResolveError;
use moead_model::architecture::ArchitectureError;
use moead_model::outputs::Clash;
use moead_terminal::failure::find;

use super::features::Stopped;
use super::resumable::Resumable;
use crate::batches::TooFewPictures;
use crate::checkpoint::WriteError;
use crate::state::StateError;
use crate::statistics::StatisticsError;
use crate::trainer::NotFinite;

pub(super) fn hint(error: &anyhow::Error) -> Option<String> {
    if let Some(error) = find::<StateError>(error) {
        return state_hint(error);
    }
    if find::<Clash>(error).is_some() {
        let hint = "give `--output`, `--metrics` and `--report` files of their own; the run itself and its features are named after `--output`";
        return Some(hint.into());
    }
    let is_resumable = find::<Resumable>(error).is_some();
    if find::<Stopped>(error).is_some() {
        let hint = match is_resumable {
            true => "the run is as it was: the same command goes on with it",
            false => {
                "no step was made, so there is no run to go on with: the same command begins again, and reads the files of features that are whole"
            }
        };
        return Some(hint.into());
    }
    if find::<TooFewPictures>(error).is_some() {
        return Some("take more pictures: 50 to 200 of each product are a good start".into());
    }
    if find::<NotFinite>(error).is_some() {
        let hint = "the last good state was kept: look at these pictures' features, or begin anew with another `--seed` or `--features normalized`";
        return Some(hint.into());
    }
    if let Some(ArchitectureError::DistanceAxes { most, .. }) = find::<ArchitectureError>(error) {
        return Some(format!("`--distance position-cov:{most}` is the most that this backbone's features allow"));
    }
    match find::<StatisticsError>(error) {
        Some(StatisticsError::Read(_)) | None => {}
        Some(StatisticsError::Constant { .. }) => {
            let hint = "are they copies of one picture? Take pictures of parts that differ as good ones do: 50 to 200 are a good start";
            return Some(hint.into());
        }
        Some(StatisticsError::Indefinite { .. }) => {
            let hint = "there the pictures are the same, or too alike: take more that differ as good ones do, or `--distance l2`, which needs no \
                        statistics of residuals";
            return Some(hint.into());
        }
        Some(_) => return Some("`--distance l2` needs no statistics of residuals".into()),
    }
    if let Some(error) = find::<PicturesError>(error) {
        return pictures_hint(error);
    }
    if let Some(CollectError::TooManyUnjudged { .. }) = find::<CollectError>(error) {
        return Some("see what is wrong with them; `--max-unreadable N` trains without them".into());
    }
    if find::<ResolveError>(error).is_some()
        || find::<TensorError>(error).is_some()
        || find::<CheckpointError>(error).is_some()
    {
        let hint = "`--backbone FILE`: weights of EfficientNet-B0 to B6 or Lite0 in the names of lukemelas' package, of a ResNet as torchvision has \
                    them, or a MoEAD checkpoint";
        return Some(hint.into());
    }
    // It shows the error inside as itself, so that is no link of the chain.
    let written = match find::<WriteError>(error) {
        Some(WriteError::Write(error)) => Some(error),
        _ => None,
    };
    match written.or_else(|| find::<io::Error>(error)).map(io::Error::kind) {
        Some(io::ErrorKind::NotFound) => return Some("check the path".into()),
        Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
            let goes_on = if is_resumable { ", and `--resume` goes on with it" } else { "" };
            return Some(format!("free some space; what was complete before still is{goes_on}"));
        }
        _ => {}
    }
    moead_runtime::cli::hints::hint(error)
}

fn state_hint(error: &StateError) -> Option<String> {
    let hint = match error {
        StateError::Another { key, begun, .. } if key == "steps" => {
            return Some(format!("`--steps {begun}` goes on with it; without `--resume` a run begins anew"));
        }
        StateError::Another { .. } | StateError::Tensor { .. } => {
            "give the settings and pictures that the run was begun with, or begin anew without `--resume`"
        }
        StateError::Read(error) if error.kind() == io::ErrorKind::NotFound => {
            "no run was begun with this `--output`: leave `--resume` out"
        }
        StateError::Read(_) => return None,
        _ => "begin anew without `--resume`",
    };
    Some(hint.into())
}

fn pictures_hint(error: &PicturesError) -> Option<String> {
    let hint = match error {
        PicturesError::NoGood { .. } => "training needs good pictures alone: put them into a folder `good`",
        PicturesError::Dataset(DatasetError::Read { source, .. }) => match source.kind() {
            io::ErrorKind::NotFound => "check the path",
            io::ErrorKind::NotADirectory => "give the folder of the pictures",
            _ => return None,
        },
        PicturesError::Dataset(DatasetError::Unknown { .. }) => {
            "the simplest layout is a folder of good pictures; docs/reference/moead-eval.md shows the others"
        }
        PicturesError::Dataset(DatasetError::Empty { .. }) => "leave `--layout` out, or give another folder",
        _ => return None,
    };
    Some(hint.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_explained_whatever_was_written() {
        let plain: fn() -> anyhow::Error = || io::Error::from(io::ErrorKind::StorageFull).into();
        let written: fn() -> anyhow::Error = || WriteError::Write(io::Error::from(io::ErrorKind::StorageFull)).into();
        let expected = "free some space; what was complete before still is";
        let saved = "free some space; what was complete before still is, and `--resume` goes on with it";
        for error in [plain, written] {
            assert_eq!(hint(&error()).as_deref(), Some(expected));
            assert_eq!(hint(&Resumable::error(error())).as_deref(), Some(saved));
        }
    }

    #[test]
    fn pictures_that_are_too_alike_are_said_to_be() {
        let alike = anyhow::Error::new(StatisticsError::Indefinite { place: 3 });
        assert!(hint(&alike).is_some_and(|hint| hint.starts_with("there the pictures are the same, or too alike")));
        let same = anyhow::Error::new(StatisticsError::Constant { pictures: 18 });
        assert!(hint(&same).is_some_and(|hint| hint.starts_with("are they copies of one picture?")));
    }

    #[test]
    fn a_loss_that_is_no_number_is_explained() {
        let error = NotFinite { step: 7, loss: f64::NAN, norm: f64::INFINITY };
        assert_eq!(error.to_string(), "step 7: expected a finite loss and gradient, found loss NaN and gradient inf");
        assert!(hint(&anyhow::Error::new(error)).is_some_and(|hint| hint.starts_with("the last good state was kept")));
    }
}
