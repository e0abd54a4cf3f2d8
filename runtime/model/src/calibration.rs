//! What `moead-calibrate` found out about good pictures: the manifest's `calibration`, data only.
//!
//! Field names and meanings are the specification. Unknown keys are kept at every level, as in the rest of the manifest.
//!
//! ```json
//! {"images": 320, "created": "2026-01-02T03:04:05Z", "created_by": "moead-calibrate 0.1.0", "engine": "tract", "precision": "f32",
//!  "target": {"false_alarms": 0.01, "confidence": 0.95},
//!  "products": {"bolt": {
//!    "images": 320, "threshold": 4.5, "method": "order-statistic", "pixel_threshold": 5.1,
//!    "score": {"median": 2.1, "mad": 0.3, "quantiles": {"0.5": 2.1, "0.99": 4.1}},
//!    "embedding": {"mean": [0.1], "std": [0.2], "refusal": 2.5},
//!    "drift": {"window": 64, "limit": 0.4},
//!    "defects": null, "excluded": ["bolts/good/017.png"]}},
//!  "common": null}
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::manifest::ManifestError;

mod place;

/// The whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Good pictures in all.
    pub images: u64,
    /// By name.
    #[serde(default)]
    pub products: BTreeMap<String, Product>,
    /// For pictures of no named product: where the good pictures had none.
    #[serde(default)]
    pub common: Option<Product>,
    /// What was to be promised.
    pub target: Target,
    /// When, RFC 3339.
    pub created: String,
    /// Program and version.
    #[serde(default)]
    pub created_by: Option<String>,
    /// The engine that scored the pictures.
    #[serde(default)]
    pub engine: Option<String>,
    /// The graph's precision then.
    #[serde(default)]
    pub precision: Option<String>,
    /// Keys of newer versions, kept as they are.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// What was to be promised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// Share of good pictures that may be called defective, above 0 and below 1.
    pub false_alarms: f64,
    /// How often that holds, above 0 and below 1.
    pub confidence: f64,
    /// Keys of newer versions, kept as they are.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Of one product.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Product {
    /// Good pictures of it. 0 where an older program did not write it.
    #[serde(default)]
    pub images: u64,
    /// `score >= threshold` is a defect. Finite, above 0.
    pub threshold: f32,
    /// How the threshold was found: `order-statistic`, `tail`, `f1` or `recall`.
    #[serde(default)]
    pub method: Option<String>,
    /// Map values from here on belong to regions. Finite, above 0.
    #[serde(default)]
    pub pixel_threshold: Option<f32>,
    /// Of good pictures.
    pub score: ScoreScale,
    /// Of good pictures; without it the product is never recognised by itself.
    #[serde(default)]
    pub embedding: Option<Embedding>,
    /// Without it drift is not watched.
    #[serde(default)]
    pub drift: Option<Drift>,
    /// What the threshold did on the pictures that it was chosen on, where defective ones were among them.
    #[serde(default)]
    pub defects: Option<Defects>,
    /// Good pictures that were left out, on request: paths as given.
    #[serde(default)]
    pub excluded: Vec<String>,
    /// Keys of newer versions, kept as they are.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Scores of good pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoreScale {
    /// Severity 0.
    pub median: f64,
    /// Median absolute deviation.
    pub mad: f64,
    /// Score by share of good pictures below it, such as `"0.99"`.
    #[serde(default)]
    pub quantiles: BTreeMap<String, f64>,
    /// Keys of newer versions, kept as they are.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Embeddings of good pictures.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Embedding {
    /// By feature.
    pub mean: Vec<f32>,
    /// By feature, above 0.
    pub std: Vec<f32>,
    /// Pictures whose root-mean-square difference to `mean`, in units of `std`, is larger are not of this product. Above 0.
    #[serde(default)]
    pub refusal: f64,
    /// Keys of newer versions, kept as they are.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// How slow changes are watched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// Pictures whose mean embedding is compared.
    pub window: usize,
    /// Root-mean-square difference of that mean, in units of `std`, from which on the camera has changed. Above 0.
    pub limit: f64,
    /// Keys of newer versions, kept as they are.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Error rates of a threshold that was chosen with defective pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Defects {
    /// The share of defective pictures that was to be found; none for the best F1.
    #[serde(default)]
    pub recall: Option<f64>,
    /// Good pictures called defective.
    pub false_alarms: ErrorRate,
    /// Defective pictures called good.
    pub misses: ErrorRate,
    /// Keys of newer versions, kept as they are.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Pictures judged wrongly, and between which rates the truth lies at the target's confidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorRate {
    /// Pictures judged wrongly.
    pub errors: u64,
    /// Pictures.
    pub images: u64,
    /// Lower end, a share.
    pub low: f64,
    /// Upper end, a share.
    pub high: f64,
}

impl Calibration {
    /// Pictures of a drift window, at most: an honest one has a few hundred, and each is kept in memory.
    pub const MAX_WINDOW: usize = 100_000;

    /// Reads the manifest's `calibration`.
    ///
    /// # Errors
    /// [`ManifestError`] names the field.
    pub fn parse(value: &Value) -> Result<Self, ManifestError> {
        let misplaced = |error| ManifestError::Calibration { place: place::of_error::<Self>(value), error };
        let calibration = Self::deserialize(value).map_err(misplaced)?;
        calibration.validate()?;
        Ok(calibration)
    }

    /// For the manifest.
    pub fn to_value(&self) -> Value {
        serde_json::to_value(self).expect("a calibration has string keys only")
    }

    fn validate(&self) -> Result<(), ManifestError> {
        let share = "above 0, below 1";
        let inside = |value: f64| value > 0.0 && value < 1.0;
        check("calibration.target.false_alarms", share, self.target.false_alarms, inside)?;
        check("calibration.target.confidence", share, self.target.confidence, inside)?;
        self.products.values().chain(&self.common).try_for_each(Product::validate)
    }
}

impl Product {
    fn validate(&self) -> Result<(), ManifestError> {
        let positive = |value: f64| value.is_finite() && value > 0.0;
        let expected = "a finite number above 0";
        check("calibration.threshold", expected, self.threshold.into(), positive)?;
        if let Some(threshold) = self.pixel_threshold {
            check("calibration.pixel_threshold", expected, threshold.into(), positive)?;
        }
        check("calibration.score.median", "a finite number", self.score.median, f64::is_finite)?;
        if let Some(Embedding { mean, std, refusal, .. }) = &self.embedding {
            let lengths = (mean.len(), std.len());
            if lengths.0 != lengths.1 || lengths.0 == 0 {
                let found = format!("{} means and {} deviations", lengths.0, lengths.1);
                let expected = "as many means as deviations, at least one";
                return Err(ManifestError::Value { field: "calibration.embedding", expected, found });
            }
            for value in mean {
                check("calibration.embedding.mean", "finite numbers", (*value).into(), f64::is_finite)?;
            }
            for value in std {
                check("calibration.embedding.std", "finite numbers above 0", (*value).into(), positive)?;
            }
            check("calibration.embedding.refusal", expected, *refusal, positive)?;
        }
        if let Some(Drift { window, limit, .. }) = &self.drift {
            let fits = |window: f64| window >= 1.0 && window <= Calibration::MAX_WINDOW as f64;
            check("calibration.drift.window", "1 to 100000", *window as f64, fits)?;
            check("calibration.drift.limit", expected, *limit, positive)?;
        }
        if let Some(Defects { recall, false_alarms, misses, .. }) = &self.defects {
            let share = |value: f64| (0.0..=1.0).contains(&value);
            let ends = [false_alarms.low, false_alarms.high, misses.low, misses.high];
            for value in ends.into_iter().chain(*recall) {
                check("calibration.defects", "shares from 0 to 1", value, share)?;
            }
        }
        Ok(())
    }
}

fn check(
    field: &'static str,
    expected: &'static str,
    found: f64,
    good: impl FnOnce(f64) -> bool,
) -> Result<(), ManifestError> {
    if good(found) { Ok(()) } else { Err(ManifestError::Value { field, expected, found: found.to_string() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the module's documentation.
    fn example() -> Value {
        let source = include_str!("calibration.rs");
        let text = source.split("```").nth(1).expect("an example").trim_start_matches("json");
        let text: String = text.lines().map(|line| line.trim_start_matches("//!")).collect();
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn the_example_survives_a_rewrite_with_unknown_keys() {
        let mut value = example();
        value["products"]["bolt"]["embedding"]["rank"] = 3.into();
        let rate = serde_json::json!({"errors": 1, "images": 20, "low": 0.001, "high": 0.249});
        value["products"]["bolt"]["defects"] =
            serde_json::json!({"recall": null, "false_alarms": rate, "misses": rate});
        value["future"] = "kept".into();
        let calibration = Calibration::parse(&value).unwrap();
        assert_eq!(calibration.products["bolt"].drift.as_ref().map(|drift| drift.window), Some(64));
        let again = calibration.to_value();
        assert_eq!(again["products"]["bolt"]["embedding"]["rank"], 3);
        assert_eq!(again["future"], "kept");
        assert_eq!(Calibration::parse(&again).unwrap(), calibration);
    }

    #[test]
    fn the_least_that_the_interface_asks_for_is_enough() {
        let value = serde_json::json!({"images": 120, "created": "2026-01-02T03:04:05Z",
            "target": {"false_alarms": 0.01, "confidence": 0.95},
            "products": {"bolt": {"threshold": 1.5, "score": {"median": 1.0, "mad": 0.1}}}});
        assert!(Calibration::parse(&value).is_ok());
    }

    #[test]
    fn values_that_make_no_sense_are_named() {
        for (pointer, wrong, message) in [
            (
                "/products/bolt/threshold",
                0.0,
                "manifest: calibration.threshold: expected a finite number above 0, found 0",
            ),
            ("/target/confidence", 1.0, "manifest: calibration.target.confidence: expected above 0, below 1, found 1"),
            (
                "/products/bolt/embedding/std/0",
                -1.0,
                "manifest: calibration.embedding.std: expected finite numbers above 0, found -1",
            ),
            (
                "/products/bolt/embedding/refusal",
                0.0,
                "manifest: calibration.embedding.refusal: expected a finite number above 0, found 0",
            ),
            (
                "/products/bolt/drift/limit",
                0.0,
                "manifest: calibration.drift.limit: expected a finite number above 0, found 0",
            ),
        ] {
            let mut value = example();
            *value.pointer_mut(pointer).unwrap() = wrong.into();
            assert_eq!(Calibration::parse(&value).unwrap_err().to_string(), message);
        }
        let mut value = example();
        let rate = serde_json::json!({"errors": 1, "images": 20, "low": 0.001, "high": 2.0});
        value["products"]["bolt"]["defects"] = serde_json::json!({"false_alarms": rate, "misses": rate});
        let error = Calibration::parse(&value).unwrap_err().to_string();
        assert_eq!(error, "manifest: calibration.defects: expected shares from 0 to 1, found 2");
        let mut value = example();
        value["products"]["bolt"]["embedding"]["std"] = serde_json::json!([]);
        let error = Calibration::parse(&value).unwrap_err().to_string();
        assert!(
            error.ends_with("expected as many means as deviations, at least one, found 1 means and 0 deviations"),
            "{error}"
        );
    }
}
