//! What to do about an error: the only place of this program where a typed error meets a flag's name.

use moead_model::onnx::fields::FieldsError;
use moead_model::onnx::foreign::ForeignModelError;
use moead_model::onnx::model_file::ModelFileError;
use moead_model::outputs::Clash;
use moead_terminal::failure::find;

use crate::cli::hints;
use crate::collect::CollectError;
use crate::evaluation::NothingToTest;
use crate::evaluation::baseline::BaselineError;
use crate::peers::padim::PadimError;

pub(super) fn hint(error: &anyhow::Error) -> Option<String> {
    if find::<NothingToTest>(error).is_some() {
        return Some("for testing are PRODUCT/test in MVTec-AD's layout, or folders `good` and `defect`".into());
    }
    if find::<Clash>(error).is_some() {
        return Some("give another `--report PATH`; metrics.json is written beside the page".into());
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
    hints::hint(error)
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
