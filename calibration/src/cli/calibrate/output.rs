//! What a run says: remarks, one JSON document, a page.

use std::path::Path;

use moead_model::architecture::ImageSize;
use moead_terminal::printer::Printer;
use serde_json::{Map, Value, json};

use super::found::{Found, shown};
use crate::calibrate::promise::Promise;
use crate::outliers::Standing;
use crate::report::calibration::{self, Subject};

/// Tells what people should know before they rely on it.
pub(super) fn tell(found: &Found, printer: &Printer) {
    let mut outliers = 0;
    for (name, fitted) in &found.fitted {
        let name = shown(name);
        for missing in &fitted.missing {
            printer.warning(format_args!("{name}: {missing}"));
        }
        for (path, suspect) in fitted.suspects.iter().filter(|(_, suspect)| suspect.standing == Standing::Outlier) {
            let is_out = fitted.product.excluded.iter().any(|file| *file == path.display().to_string());
            outliers += usize::from(!is_out);
            let left = if is_out { ", left out" } else { "" };
            printer.warning(format_args!(
                "{name}: {} stands apart: score {:.4}, {:.1} deviations from the others{left}",
                path.display(),
                suspect.score,
                suspect.distance
            ));
        }
        let promise = Promise { product: &fitted.product, target: &found.calibration.target };
        printer.note(format_args!("{name}: {promise}"));
    }
    if outliers > 0 {
        printer.note("a defect among good pictures ruins the threshold: look at those that stand apart, and leave them out with `--exclude-outliers` or `--veto FILE`");
    }
}

/// ```text
/// {"schema": 1, "model": "bolt.onnx", "written": "bolt.onnx", "calibration": {…as in the file…},
///  "products": {"bolt": {"promise": "…", "suspects": [{"file": "…", "score": 9.1, "distance": 14.2, "outlier": true}],
///    "missing": ["…"], "copies": 0}},
///  "unreadable": [{"file": "…", "error": "…"}]}
/// ```
///
/// Of this run's products; the one without a name goes by an empty one. `copies`: pictures that were left aside because another has the same bytes.
/// `written` is null when nothing was.
pub(super) fn document(found: &Found, model: &Path, written: Option<&Path>) -> Value {
    let products: Map<String, Value> = found
        .fitted
        .iter()
        .map(|(name, fitted)| {
            let suspect = |(path, suspect): &(std::path::PathBuf, crate::outliers::Suspect)| {
                json!({
                    "file": path.display().to_string(),
                    "score": suspect.score,
                    // JSON has no infinity: all others are equal.
                    "distance": suspect.distance.is_finite().then_some(suspect.distance),
                    "outlier": suspect.standing == Standing::Outlier,
                })
            };
            let value = json!({
                "promise": Promise { product: &fitted.product, target: &found.calibration.target }.to_string(),
                "suspects": fitted.suspects.iter().map(suspect).collect::<Vec<_>>(),
                "missing": fitted.missing.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "copies": found.judgements.products.get(name).map_or(0, |answers| answers.copies.found),
            });
            (name.clone().unwrap_or_default(), value)
        })
        .collect();
    let unreadable =
        |(path, error): &(std::path::PathBuf, String)| json!({"file": path.display().to_string(), "error": error});
    json!({
        "schema": 1,
        "model": model.display().to_string(),
        "written": written.map(|path| path.display().to_string()),
        "calibration": found.calibration.to_value(),
        "products": products,
        "unreadable": found.judgements.unjudged.iter().map(unreadable).collect::<Vec<_>>(),
    })
}

/// The page.
pub(super) fn page(found: &Found, model: &Path, size: ImageSize) -> String {
    let subject = Subject {
        model: model.display().to_string(),
        engine: found.engine.clone(),
        size,
        calibration: &found.calibration,
        unjudged: &found.judgements.unjudged,
    };
    let products = found.fitted.iter().filter_map(|(name, fitted)| {
        let answers = found.judgements.products.get(name)?;
        Some((shown(name), answers, fitted))
    });
    calibration::page(&subject, products)
}
