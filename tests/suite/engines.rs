//! Who answers a model file. Each engine is asked for outputs by name, inner ones too.

pub(crate) mod onnxruntime;
pub(crate) mod ort;
pub(crate) mod tract;

use std::collections::BTreeMap;

/// Outputs by name, widened to f64.
pub(crate) type Answer = BTreeMap<String, Vec<f64>>;

/// The outputs that every model file has.
pub(crate) const OUTPUTS: [&str; 4] = ["anomaly_map", "pred_score", "anomaly_grid", "embedding"];
