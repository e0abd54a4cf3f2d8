//! What to do about an error: the only place of this program where a typed error meets a flag's name.

use moead_model::onnx::foreign::ForeignModelError;
use moead_model::onnx::model_file::ModelFileError;
use moead_terminal::failure::find;

use crate::cli::hints;
use crate::collect::CollectError;
use crate::evaluation::NothingToTest;

pub(super) fn hint(error: &anyhow::Error) -> Option<String> {
    if find::<NothingToTest>(error).is_some() {
        return Some("for testing are PRODUCT/test in MVTec-AD's layout, or folders `good` and `defect`".into());
    }
    match find::<CollectError>(error) {
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
        Some(_) => return None,
        None => {}
    }
    hints::hint(error)
}
