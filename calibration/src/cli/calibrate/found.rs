//! What a run found out, and how it names products.

use std::collections::BTreeMap;

use moead_model::calibration::Calibration;

use crate::calibrate::answers::Judgements;
use crate::calibrate::pictures::ProductName;
use crate::calibrate::product::Fitted;

/// A product without any name, in messages and tables.
pub(super) const COMMON: &str = "(any)";

/// What a run found out.
pub(super) struct Found {
    pub(super) judgements: Judgements,
    pub(super) fitted: BTreeMap<ProductName, Fitted>,
    /// As it is to be in the file.
    pub(super) calibration: Calibration,
    /// What judged the pictures.
    pub(super) engine: String,
}

/// A product's name for people.
pub(super) fn shown(name: &ProductName) -> &str {
    name.as_deref().unwrap_or(COMMON)
}
