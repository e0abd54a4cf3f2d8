//! What to do about an error: the only place of this program where a typed error meets a flag's name.

use moead_model::manifest::ManifestError;
use moead_model::onnx::model_file::ModelFileError;
use moead_model::outputs::Clash;
use moead_terminal::failure::find;

use super::from_stream::{NoFrames, NotEmpty};
use super::job::Changed;
use super::show::NotCalibrated;
use crate::calibrate::merge::MergeError;
use crate::calibrate::pictures::PicturesError;
use crate::calibrate::product::ProductError;
use crate::calibrate::vetoes::ListError;
use crate::cli::hints;
use crate::collect::CollectError;
use crate::dataset::DatasetError;
use crate::threshold::ThresholdError;

pub(super) fn hint(error: &anyhow::Error) -> Option<String> {
    let threshold = find::<ThresholdError>(error).copied();
    let threshold = threshold.or_else(|| match find::<ProductError>(error) {
        Some(ProductError::Threshold(error)) => Some(*error),
        _ => None,
    });
    if let Some(threshold) = threshold {
        return threshold_hint(threshold);
    }
    if let Some(error) = find::<PicturesError>(error) {
        match error {
            PicturesError::Dataset(DatasetError::Unknown { .. }) => {
                return Some(
                    "the simplest layout is a folder of good pictures; docs/reference/moead-eval.md shows the others"
                        .into(),
                );
            }
            PicturesError::Dataset(error) => return hints::dataset_hint(error),
            PicturesError::NoGood { .. } => {
                return Some("give folders of good pictures; defective ones as `--defects FOLDER`".into());
            }
            PicturesError::Twice { .. } => return Some("give each picture once, as good or as defective".into()),
            PicturesError::SeveralProducts { .. } => {
                return Some("leave `--product` out, or give the folder of one product".into());
            }
            PicturesError::UnknownProduct { .. } => {
                return Some("name the product with `--product NAME`, or give its good pictures, too".into());
            }
            PicturesError::Veto { .. } => {
                return Some("write the end of a picture's path: its name, or its folder and name".into());
            }
        }
    }
    if let Some(ListError::Kind(_) | ListError::TooLarge | ListError::Encoding) = find::<ListError>(error) {
        return Some("`--veto FILE` is a text in a file of its own: the end of a picture's path in each line".into());
    }
    if find::<Clash>(error).is_some() {
        return Some(
            "give another `--output FILE` or `--report PATH`; calibration.json is written beside the page".into(),
        );
    }
    if find::<MergeError>(error).is_some() {
        return Some("calibrate them again in the same way, or forget them with `--replace`".into());
    }
    if find::<NotCalibrated>(error).is_some() {
        return Some("`moead-calibrate --model FILE FOLDER` writes one from good pictures".into());
    }
    if find::<NotEmpty>(error).is_some() {
        return Some(
            "give a new folder, or calibrate with the pictures that are there: `moead-calibrate --model FILE FOLDER`"
                .into(),
        );
    }
    if find::<NoFrames>(error).is_some() {
        return Some("`moead-edge --source URI` shows what arrives, and why it cannot be used".into());
    }
    match find::<Changed>(error) {
        Some(Changed::Model) => return Some("run it again with the new model".into()),
        Some(Changed::Calibration) => return Some("run it again: what the file says of other products is kept".into()),
        None => {}
    }
    if find::<ManifestError>(error).is_some() {
        return Some("`--replace` writes a new calibration in its place".into());
    }
    if let Some(ModelFileError::NoManifest) = find::<ModelFileError>(error) {
        let hint = "a calibration lives in the manifest, which only files of `moead-export` have; `moead-eval --normalize …` measures others";
        return Some(hint.into());
    }
    match find::<CollectError>(error) {
        Some(CollectError::TooManyUnjudged { .. }) => {
            Some("see what is wrong with them; `--max-unreadable N` goes on without them".into())
        }
        Some(CollectError::Answer { .. }) => Some("write the model file anew with `moead-export CKPT`".into()),
        _ => hints::hint(error),
    }
}

fn threshold_hint(error: ThresholdError) -> Option<String> {
    let hint = match error {
        ThresholdError::TooFew { .. } => {
            "take more pictures, or promise less: a larger `--false-alarms`, a smaller `--confidence`; with defective pictures, `--defects FOLDER`"
        }
        ThresholdError::NoTail { .. } => "are they the same picture again and again? Take more that differ",
        ThresholdError::OutOfRange { .. } => {
            "the model's scores are too large to be compared: export it again, and look at `moead-edge verify`"
        }
        // Of a call, not of the pictures.
        ThresholdError::Number { .. } => return None,
    };
    Some(hint.into())
}
