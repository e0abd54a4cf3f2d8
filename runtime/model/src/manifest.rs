//! The manifest: JSON under the metadata key `moead.manifest` of a model file.
//!
//! [`Manifest`] is schema 1 as written today; its fields are documented here, which is the specification. Unknown keys are
//! kept in `extra` at every level, so that a tool that rewrites a file loses nothing that a newer one wrote.
//!
//! ```json
//! {"schema": 1, "name": "bolt", "created_by": "moead-export 0.1.0",
//!  "source": {"file": "bolt.pth.tar", "sha256": "…"},
//!  "architecture": [{"name": "backbone", "…": "…"}, {"name": "neck"}, {"name": "reconstruction"}],
//!  "precision": "f32", "moe": "sparse",
//!  "input": {"height": 224, "width": 224, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225],
//!            "resize": "pil-bilinear"},
//!  "self_test": {"seed": 1, "pred_score": 3.2, "anomaly_grid": [1.0], "tolerance": 1e-4, "worst_relative_error": 2e-6},
//!  "calibration": null}
//! ```

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::architecture::{ImageSize, Normalization};

/// The metadata key in the ONNX file.
pub const KEY: &str = "moead.manifest";
/// The schema that this version writes, and the newest that it reads.
pub const SCHEMA: u64 = 1;
/// A calibrated model of a thousand products stays below this; a larger manifest is not one of ours.
pub const MAX_BYTES: usize = 16 << 20;

/// What a model file says about itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Grows when a field changes its meaning.
    pub schema: u64,
    /// For people; by default the checkpoint's file name without its endings.
    pub name: String,
    /// Program and version that wrote the graph.
    pub created_by: String,
    /// Where the weights came from.
    pub source: Source,
    /// The three net entries (backbone, neck, reconstruction) of the published configuration, all defaults filled in.
    pub architecture: Value,
    /// How weights are stored.
    pub precision: Precision,
    /// How experts are routed.
    pub moe: Moe,
    /// What the network wants to be fed.
    pub input: Input,
    /// What the network must answer to the self-test picture; null when the file was written without a check.
    pub self_test: Option<SelfTest>,
    /// Thresholds and statistics of good pictures; null until calibrated.
    pub calibration: Option<Value>,
    /// Keys of newer versions, kept as they are.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Its name, without folders.
    pub file: String,
    /// Of the whole file, lower-case hexadecimal.
    pub sha256: String,
    /// Keys of newer versions, kept as they are.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// How weights are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32-bit floats.
    F32,
    /// Weights rounded to 16-bit floats; arithmetic stays 32-bit.
    F16,
    /// The experts' weights and what they are multiplied with in eight-bit integers, a step for each column of weights and each
    /// token; everything else 32-bit floats.
    Int8,
}

impl Precision {
    /// As in the manifest.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Int8 => "int8",
        }
    }
}

/// How experts are routed in the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Moe {
    /// Tokens are gathered per expert: none visits an expert that it did not choose. Data-dependent shapes.
    Sparse,
    /// Every token visits every expert, unchosen ones with weight zero. Static shapes.
    Dense,
}

/// What the network wants to be fed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// Pixels.
    pub height: usize,
    /// Pixels.
    pub width: usize,
    /// Subtracted from `pixel / 255`: red, green, blue.
    pub mean: [f32; 3],
    /// Divided by afterwards.
    pub std: [f32; 3],
    /// How pictures reach that size.
    pub resize: Resize,
    /// Keys of newer versions, kept as they are.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Input {
    /// Height and width.
    pub fn size(&self) -> ImageSize {
        ImageSize { height: self.height, width: self.width }
    }

    /// Mean and deviation.
    pub fn normalization(&self) -> Normalization {
        Normalization { mean: self.mean, std: self.std }
    }
}

/// How pictures reach the input's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Resize {
    /// Pillow's antialiased `BILINEAR`, bit for bit; the aspect ratio is not kept.
    #[serde(rename = "pil-bilinear")]
    PilBilinear,
}

/// What the network must answer to [`crate::self_test::picture`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SelfTest {
    /// Of the picture.
    pub seed: u64,
    /// Expected score.
    pub pred_score: f32,
    /// Expected grid, row-major, h * w values.
    pub anomaly_grid: Vec<f32>,
    /// Largest allowed difference relative to the largest value of the grid.
    pub tolerance: f64,
    /// Worst relative error that the exporter's own check met, over all outputs; none where nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst_relative_error: Option<f64>,
    /// Keys of newer versions, kept as they are.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// Larger than any honest one.
    #[error("manifest: {found} bytes, expected at most {MAX_BYTES}")]
    TooLarge {
        /// Bytes.
        found: usize,
    },
    /// No `schema`, or one from the future.
    #[error("manifest: schema {found}, expected 1 to {SCHEMA}")]
    Schema {
        /// As written in the file.
        found: String,
    },
    /// Not the JSON that the schema asks for.
    #[error("manifest: {0}")]
    Json(#[from] serde_json::Error),
    /// A calibration that is not what the schema asks for.
    #[error("manifest: calibration{place}: {error}")]
    Calibration {
        /// Keys from there, with a point before each.
        place: String,
        /// What is wrong there.
        error: serde_json::Error,
    },
    /// A value outside its range.
    #[error("manifest: {field}: expected {expected}, found {found}")]
    Value {
        /// Path of the key.
        field: &'static str,
        /// In words.
        expected: &'static str,
        /// As written in the file.
        found: String,
    },
}

impl Manifest {
    /// Reads the JSON text.
    ///
    /// # Errors
    /// [`ManifestError`] names the field, or line and column.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        if text.len() > MAX_BYTES {
            return Err(ManifestError::TooLarge { found: text.len() });
        }
        let value: Value = serde_json::from_str(text)?;
        match value.get("schema").map(|schema| (schema, schema.as_u64())) {
            Some((_, Some(1..=SCHEMA))) => {}
            Some((found, _)) => return Err(ManifestError::Schema { found: found.to_string() }),
            None => return Err(ManifestError::Schema { found: "none".into() }),
        }
        let manifest: Self = serde_json::from_value(value)?;
        manifest.validate()?;
        Ok(manifest)
    }

    /// The JSON text.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a manifest has string keys only")
    }

    fn validate(&self) -> Result<(), ManifestError> {
        let side = |field, found: usize| {
            let expected = "1 to 4096";
            let inside = (1..=crate::architecture::Architecture::MAX_SIDE).contains(&found);
            if inside { Ok(()) } else { Err(ManifestError::Value { field, expected, found: found.to_string() }) }
        };
        side("input.height", self.input.height)?;
        side("input.width", self.input.width)?;
        let finite = |field, values: [f32; 3], positive: bool| {
            let good = values.iter().all(|v| v.is_finite() && (!positive || *v > 0.0));
            let expected = if positive { "three positive numbers" } else { "three finite numbers" };
            if good { Ok(()) } else { Err(ManifestError::Value { field, expected, found: format!("{values:?}") }) }
        };
        finite("input.mean", self.input.mean, false)?;
        finite("input.std", self.input.std, true)?;
        if let Some(test) = &self.self_test {
            let good = test.tolerance > 0.0 && test.tolerance <= 1.0;
            if !good {
                let found = test.tolerance.to_string();
                return Err(ManifestError::Value {
                    field: "self_test.tolerance",
                    expected: "above 0, at most 1",
                    found,
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"schema":1,"name":"bolt","created_by":"moead-export 0.1.0",
        "source":{"file":"bolt.pth.tar","sha256":"00","size":7},"architecture":[],"precision":"f16","moe":"sparse",
        "input":{"height":224,"width":192,"mean":[0.485,0.456,0.406],"std":[0.229,0.224,0.225],"resize":"pil-bilinear"},
        "self_test":null,"calibration":null,"future":{"a":[1,2]}}"#;

    #[test]
    fn unknown_keys_survive_a_rewrite() {
        let manifest = Manifest::parse(TEXT).unwrap();
        let again: Value = serde_json::from_str(&manifest.to_json()).unwrap();
        assert_eq!(again["future"]["a"][1], 2);
        assert_eq!(again["source"]["size"], 7);
        assert_eq!(again, serde_json::from_str::<Value>(TEXT).unwrap());
    }

    #[test]
    fn a_schema_from_the_future_is_refused_before_anything_else_is_read() {
        let error = Manifest::parse(r#"{"schema": 2}"#).unwrap_err();
        assert_eq!(error.to_string(), "manifest: schema 2, expected 1 to 1");
        assert!(matches!(Manifest::parse("{}"), Err(ManifestError::Schema { .. })));
    }

    #[test]
    fn values_that_make_no_picture_are_refused() {
        for (from, to) in [("224,\"width", "0,\"width"), ("0.229", "0.0"), ("192", "99999")] {
            assert!(matches!(Manifest::parse(&TEXT.replace(from, to)), Err(ManifestError::Value { .. })), "{from}");
        }
    }
}
