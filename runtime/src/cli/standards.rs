//! What a run's pictures are held against: the model file's calibration, `--threshold`, `--product`; and what is said about it.

use moead_model::calibration::{Calibration, Product};
use moead_model::manifest::Precision;
use moead_model::onnx::model_file::ModelFile;
use moead_terminal::failure::At as _;
use moead_terminal::printer::Printer;

use super::arguments::RunArguments;
use crate::engine::choice::Candidate;
use crate::score::standards::Standards;
use crate::verify::self_test::SelfTestResult;

mod products;

/// Errors of severity from here on are told: a twentieth of the way from the median of good pictures to the threshold.
const NOTICEABLE: f64 = 0.05;
/// Products that are listed; more are counted.
const LISTED: usize = 8;

/// A product was named, and nothing is known of any.
#[derive(Debug, thiserror::Error)]
#[error("expected a calibration with the product `{0}`, found none in the model file")]
pub(super) struct NotCalibrated(String);

/// What the flags and the model file say, and where it comes from.
pub(super) struct Basis {
    pub(super) standards: Standards,
    calibration: Option<Calibration>,
}

impl Basis {
    /// `sources`: their names.
    pub(super) fn of(arguments: &RunArguments, model: &ModelFile, sources: &[&str]) -> anyhow::Result<Self> {
        let path = || arguments.model().display();
        let Some(value) = &model.manifest().calibration else {
            if let Some(name) = arguments.product.first() {
                return Err(NotCalibrated(name.clone())).at(path());
            }
            return Ok(Self { standards: arguments.threshold.into(), calibration: None });
        };
        let calibration = Calibration::parse(value).at(path())?;
        let products = products::of_sources(&arguments.product, sources, &calibration)?;
        let names: Vec<Option<&str>> = products.iter().map(Option::as_deref).collect();
        let features = model.traits().features;
        let standards = Standards::calibrated(&calibration, features, arguments.threshold, &names).at(path())?;
        Ok(Self { standards, calibration: Some(calibration) })
    }

    /// Whether anything says from which score on a picture is defective.
    pub(super) fn has_verdicts(&self) -> bool {
        self.calibration.is_some() || self.standards.threshold().is_some()
    }

    /// Says which thresholds hold, and what they promise.
    pub(super) fn tell(&self, printer: &Printer) {
        let Some(calibration) = &self.calibration else {
            if self.standards.threshold().is_none() {
                printer.warning(
                    "no verdicts: nothing says from which score on a picture is defective; look at the scores of good \
                     pictures and give `--threshold SCORE`, or have `moead-calibrate` find one",
                );
            }
            return;
        };
        match self.standards.threshold() {
            Some(threshold) => printer
                .note(format_args!("threshold {}, as given, in place of those of the calibration", threshold.value())),
            None => printer.note(thresholds(calibration)),
        }
        if self.standards.recognises() {
            let far = match (self.standards.threshold(), &calibration.common) {
                (None, None) => "has no verdict",
                (None, Some(_)) => "is held against the threshold for others",
                (Some(_), _) => "is held against the threshold all the same",
            };
            printer.note(format_args!(
                "products are recognised; a picture that is far from all of them {far}, and `--product` names one"
            ));
        }
        let missed: Vec<_> = self.standards.unrecognisable().map(|name| format!("`{name}`")).collect();
        if !missed.is_empty() {
            printer.warning(format_args!(
                "never recognised, since the calibration has no statistics of their embeddings: {}; `--product \
                 [SOURCE=]NAME` names a product",
                shortened(&missed)
            ));
        }
    }

    /// Warns when nothing shows that scores are those that the calibration is made of.
    ///
    /// The self-test belongs to the graph, so it says how far another engine is off and nothing about another precision.
    pub(super) fn compare(
        &self,
        candidate: Candidate,
        precision: Precision,
        self_test: Option<SelfTestResult>,
        printer: &Printer,
    ) {
        let Some(calibration) = &self.calibration else { return };
        let found = precision.name();
        if let Some(made) = calibration.precision.as_deref().filter(|&made| made != found) {
            printer.warning(format_args!(
                "the calibration was made with the precision {made}, and the model has {found}: its thresholds are for \
                 other scores; `moead-calibrate` makes new ones"
            ));
        }
        let found = candidate.to_string();
        let Some(made) = calibration.engine.as_deref().filter(|&made| made != found) else { return };
        match self_test.map(|result| (result, self.standards.severity_error(result.score_error))) {
            None => printer.warning(format_args!(
                "the calibration was made with {made}, and without the self-test nothing shows that {found} gives the same \
                 scores"
            )),
            Some((result, Some(error))) if error > NOTICEABLE => printer.warning(format_args!(
                "the calibration was made with {made}; the scores of {found} are off by {:.1e}, which moves the severity at \
                 the threshold by {error:.2}",
                result.score_error
            )),
            Some((_, error)) => {
                let error = error.unwrap_or(0.0);
                printer.detail(format_args!(
                    "the calibration was made with {made}; with {found} the severity at the threshold is off by {error:.1e}"
                ));
            }
        }
    }
}

/// `thresholds of the calibration: `bolt` 4.5, others 9; promised: at most 1 % false alarms, at 95 % confidence`.
fn thresholds(calibration: &Calibration) -> String {
    let is_promised = |product: &&Product| !matches!(product.method.as_deref(), Some("f1" | "recall"));
    let entry = |name: String, product: &Product| match &product.method {
        Some(method) if !is_promised(&product) => format!("{name} {} (by {method}, no promise)", product.threshold),
        _ => format!("{name} {}", product.threshold),
    };
    let products = calibration.products.iter().map(|(name, product)| entry(format!("`{name}`"), product));
    let others = if calibration.products.is_empty() { "all pictures" } else { "others" };
    let common = calibration.common.iter().map(|product| entry(others.to_owned(), product));
    let entries: Vec<_> = products.chain(common).collect();
    let mut text = format!("thresholds of the calibration: {}", shortened(&entries));
    if calibration.products.values().chain(&calibration.common).any(|product| is_promised(&product)) {
        let [alarms, confidence] = [calibration.target.false_alarms, calibration.target.confidence].map(per_hundred);
        text.push_str(&format!("; promised: at most {alarms} % false alarms, at {confidence} % confidence"));
    }
    text
}

fn shortened(entries: &[String]) -> String {
    let (listed, rest) = entries.split_at(entries.len().min(LISTED));
    let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
    format!("{}{more}", listed.join(", "))
}

/// Without digits that only come from the way in which fractions are stored.
fn per_hundred(share: f64) -> f64 {
    (share * 1e9).round() / 1e7
}

#[cfg(test)]
mod tests;
