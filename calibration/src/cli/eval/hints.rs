//! What to do about an error: the only place of this program where a typed error meets a flag's name.

use std::io;

use moead_model::onnx::fields::FieldsError;
use moead_model::onnx::foreign::ForeignModelError;
use moead_model::onnx::model_file::ModelFileError;
use moead_runtime::verify::self_test::SelfTestError;
use moead_terminal::failure::find;

use super::output::NoPlace;
use crate::collect::CollectError;
use crate::dataset::DatasetError;
use crate::evaluation::NothingToTest;
use crate::evaluation::baseline::BaselineError;
use crate::peers::padim::PadimError;

pub(super) fn hint(error: &anyhow::Error) -> Option<String> {
    if let Some(error) = find::<DatasetError>(error) {
        return dataset_hint(error);
    }
    if find::<NothingToTest>(error).is_some() {
        return Some("for testing are PRODUCT/test in MVTec-AD's layout, or folders `good` and `defect`".into());
    }
    match find::<BaselineError>(error) {
        Some(BaselineError::NothingToTrainOn { .. }) => {
            let hint = "PaDiM is fitted to PRODUCT/train/good in MVTec-AD's layout, or to what a list says is for training; folders `good` and `defect` are \
                        for testing: leave `--baseline` out";
            return Some(hint.into());
        }
        Some(BaselineError::Padim { error: PadimError::TooLarge { .. }, .. }) => {
            return Some("`--baseline-features N` draws N of them at random, as PaDiM's paper does".into());
        }
        _ => {}
    }
    if find::<NoPlace>(error).is_some() {
        return Some("`--report PATH`: a file that ends in .html, or a folder; the folder must exist".into());
    }
    let of_baseline = || match find::<BaselineError>(error) {
        Some(BaselineError::Collect(error)) => Some(error),
        _ => None,
    };
    match find::<CollectError>(error).or_else(of_baseline) {
        Some(CollectError::TooManyUnjudged { .. }) => {
            return Some("see what is wrong with them; `--max-unreadable N` measures without them".into());
        }
        Some(CollectError::Answer { .. }) => return Some("write the model file anew with `moead-export CKPT`".into()),
        _ => {}
    }
    if let Some(ModelFileError::NoManifest) = find::<ModelFileError>(error) {
        let hint = "a MoEAD model: write the file anew with `moead-export CKPT`\n\
                    a model of somebody else, with outputs anomaly_map and pred_score: `--normalize imagenet|none`, and `--input-size H,W` where \
                    the file leaves it open";
        return Some(hint.into());
    }
    match find::<ForeignModelError>(error) {
        Some(ForeignModelError::AnySize) => return Some("say so with `--input-size H,W`".into()),
        Some(ForeignModelError::Size { .. }) => return Some("leave `--input-size` out".into()),
        Some(ForeignModelError::MissingOutput { .. }) => {
            return Some("export the model with these names, as anomalib does".into());
        }
        Some(ForeignModelError::Fields(FieldsError::Refused { field, .. })) => {
            return match *field {
                "external_data" | "data_location" => Some("save the model with its weights inside of the file".into()),
                "g" | "graphs" => Some("export the model without If, Loop and Scan".into()),
                _ => None,
            };
        }
        Some(_) => return None,
        None => {}
    }
    if let Some(SelfTestError::Failed(_)) = find::<SelfTestError>(error) {
        let hint = "it is the engine or this machine that is at fault, not the pictures: `moead-edge verify --model FILE` tries every engine";
        return Some(hint.into());
    }
    moead_runtime::cli::hints::hint(error)
}

fn dataset_hint(error: &DatasetError) -> Option<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_of_somebody_else_may_not_have_is_explained() {
        let of = |field| {
            let error = FieldsError::Refused { message: "attribute", at: 7, field };
            hint(&anyhow::Error::new(ForeignModelError::Fields(error)))
        };
        assert_eq!(of("data_location").unwrap(), "save the model with its weights inside of the file");
        assert_eq!(of("g").unwrap(), "export the model without If, Loop and Scan");
        assert_eq!(of("type_protos"), None);
    }

    #[test]
    fn too_many_features_are_drawn_from() {
        let error = PadimError::TooLarge { features: 3840, places: 196 };
        let error = anyhow::Error::new(BaselineError::Padim { product: "bolt".into(), error });
        let expected = "bolt: covariances of 3840 features at 196 places take 11033 MB, at most 1024 MB are allowed";
        assert_eq!(error.to_string(), expected);
        assert_eq!(hint(&error).unwrap(), "`--baseline-features N` draws N of them at random, as PaDiM's paper does");
    }
}
