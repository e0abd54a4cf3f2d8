//! An evaluation as JSON, schema 1: what `--json` prints and what `metrics.json` holds.
//!
//! ```text
//! {"schema": 1, "model": "bolt.onnx", "engine": "tract", "data": "bolts/", "layout": "mvtec",
//!  "products": {"bolt": {"images": {"good": 12, "defect": 30}, "image_auroc": 0.97, "image_ap": …, "image_f1max": …,
//!    "pixel_auroc": …, "pixel_ap": …, "pixel_f1max": …, "aupro": …, "image_auroc_interval": [0.91, 0.99], "image_threshold": 4.2}},
//!  "mean": {…the seven figures…},
//!  "unreadable": [{"file": "bolts/test/good/003.png", "error": "…"}],
//!  "notes": [{"product": "bolt", "figures": ["aupro"], "text": "the data set has no masks"}]}
//! ```
//!
//! Figures are fractions; one that cannot be had is null, and a note says why. `image_auroc_interval` has a confidence of 95 %;
//! `image_threshold` is the score from which on F1 over pictures is largest. A note whose `product` is null is about the mean. A comparison
//! is `{"schema": 1, "models": [two of the above], "difference": {"confidence": 0.95, "products": {…}, "mean": {…}}}`, where each figure
//! is the second model's minus the first's, and `image_auroc_interval` is that of the difference.
//!
//! With a baseline the document of the model has one more field, whose difference is the model's figures minus the baseline's:
//!
//! ```text
//!  "baseline": {"method": "padim", "regularization": 0.01, "fits": {"bolt": {"images": 209, "features": 272, "places": 196}},
//!    "products": {…}, "mean": {…}, "notes": [those that are not the model's too],
//!    "difference": {"confidence": 0.95, "products": {…}, "mean": {…}}}
//! ```

use moead_model::architecture::ImageSize;
use serde_json::{Map, Value, json};

use super::baseline::Baseline;
use super::comparison::{Comparison, ProductDifference};
use super::figures::{Figure, Figures};
use super::notes::{self, Note, notes};
use super::{Evaluation, Product};
use crate::metrics::interval::{Confidence, Interval};
use crate::metrics::ranking::Truth;
use crate::peers::padim::REGULARIZATION;

/// What was measured, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The model file, as given.
    pub model: String,
    /// What ran it.
    pub engine: String,
    /// The data set, as given.
    pub data: String,
    /// Its layout.
    pub layout: String,
    /// The network's input.
    pub size: ImageSize,
}

/// The document.
pub fn document(subject: &Subject, evaluation: &Evaluation) -> Value {
    let unreadable =
        |(path, error): &(std::path::PathBuf, String)| json!({"file": path.display().to_string(), "error": error});
    json!({
        "schema": 1,
        "model": subject.model,
        "engine": subject.engine,
        "data": subject.data,
        "layout": subject.layout,
        "products": of_products(evaluation),
        "mean": of_figures(&evaluation.mean()),
        "unreadable": evaluation.unjudged.iter().map(unreadable).collect::<Vec<_>>(),
        "notes": of_notes(notes(evaluation, subject.size)),
    })
}

/// The document of a model, with a baseline and the model's difference to it.
pub fn with_baseline(
    subject: &Subject,
    evaluation: &Evaluation,
    baseline: &Baseline,
    comparison: &Comparison,
) -> Value {
    let of_fit = |fit: &super::baseline::Fit| {
        (fit.product.clone(), json!({"images": fit.images, "features": fit.features, "places": fit.places}))
    };
    let mut value = document(subject, evaluation);
    value["baseline"] = json!({
        "method": "padim",
        "regularization": REGULARIZATION,
        "fits": baseline.fits.iter().map(of_fit).collect::<Map<String, Value>>(),
        "products": of_products(&baseline.evaluation),
        "mean": of_figures(&baseline.evaluation.mean()),
        "notes": of_notes(notes::of_baseline(&baseline.evaluation, evaluation, subject.size)),
        "difference": of_comparison(comparison),
    });
    value
}

/// The document of two models and their difference.
pub fn comparison(models: [(&Subject, &Evaluation); 2], comparison: &Comparison) -> Value {
    json!({
        "schema": 1,
        "models": models.map(|(subject, evaluation)| document(subject, evaluation)),
        "difference": of_comparison(comparison),
    })
}

fn of_comparison(comparison: &Comparison) -> Value {
    let products: Map<String, Value> = comparison
        .products
        .iter()
        .map(|product| (product.name.clone().unwrap_or_default(), of_difference(product)))
        .collect();
    json!({"confidence": Confidence::USUAL.value(), "products": products, "mean": of_difference(&comparison.mean)})
}

fn of_notes(notes: Vec<Note>) -> Value {
    let of_note = |note: Note| {
        let figures: Vec<_> = note.figures.iter().map(|figure| figure.key()).collect();
        json!({"product": note.product, "figures": figures, "text": note.text})
    };
    notes.into_iter().map(of_note).collect()
}

fn of_products(evaluation: &Evaluation) -> Value {
    evaluation.products.iter().map(|product| (product.name.clone(), of_product(product))).collect()
}

fn of_product(product: &Product) -> Value {
    let mut value = json!({"images": {"good": product.count(Truth::Good), "defect": product.count(Truth::Defective)}});
    extend(&mut value, of_figures(&product.figures));
    value["image_auroc_interval"] = product.auroc_interval.map_or(Value::Null, ends);
    value["image_threshold"] = product.threshold.map_or(Value::Null, |threshold| json!(threshold));
    value
}

fn of_difference(difference: &ProductDifference) -> Value {
    let mut value = of_figures(&difference.figures);
    value["image_auroc_interval"] = difference.auroc.map_or(Value::Null, |auroc| ends(auroc.interval));
    value
}

fn of_figures(figures: &Figures) -> Value {
    Figure::ALL.into_iter().map(|figure| (figure.key().to_owned(), json!(figures.get(figure).as_ref().ok()))).collect()
}

fn ends(Interval { low, high }: Interval) -> Value {
    json!([low, high])
}

fn extend(value: &mut Value, more: Value) {
    if let (Value::Object(all), Value::Object(more)) = (value, more) {
        all.extend(more);
    }
}
