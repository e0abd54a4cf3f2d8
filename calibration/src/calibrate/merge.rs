//! One run's products beside those that a model file has already.

use std::collections::BTreeMap;

use moead_model::calibration::{Calibration, Product, Target};
use serde_json::Map;

use super::pictures::ProductName;

/// What one run found out.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// By name; the one without a name is for pictures of no named product.
    pub products: BTreeMap<ProductName, Product>,
    /// What was to be promised.
    pub target: Target,
    /// RFC 3339.
    pub created: String,
    /// Program and version.
    pub created_by: String,
    /// The engine, and what it computed on.
    pub engine: String,
    /// The graph's precision.
    pub precision: String,
}

/// Products that the file has and this run does not have cannot stand beside this run's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the file's calibration of {products} has another {field}: {old}, and this one {new}", products = .products.join(", "))]
pub struct MergeError {
    /// Of the file, and not of this run.
    pub products: Vec<String>,
    /// What differs.
    pub field: &'static str,
    /// In the file.
    pub old: String,
    /// Of this run.
    pub new: String,
}

impl Run {
    /// This run's calibration alone.
    pub fn alone(self) -> Calibration {
        let Self { mut products, target, created, created_by, engine, precision } = self;
        let common = products.remove(&None);
        let products: BTreeMap<_, _> =
            products.into_iter().filter_map(|(name, product)| Some((name?, product))).collect();
        let images = products.values().chain(&common).map(|product| product.images).sum();
        Calibration {
            images,
            products,
            common,
            target,
            created,
            created_by: Some(created_by),
            engine: Some(engine),
            precision: Some(precision),
            extra: Map::new(),
        }
    }

    /// This run's products in the place of those of the same names, the others as they were.
    ///
    /// # Errors
    /// [`MergeError`] when others are left that promise something else, or were judged by something else.
    pub fn merged(self, old: &Calibration) -> Result<Calibration, MergeError> {
        let mut new = self.alone();
        let others: BTreeMap<_, _> =
            old.products.iter().filter(|(name, _)| !new.products.contains_key(*name)).collect();
        let common = old.common.as_ref().filter(|_| new.common.is_none());
        let unnamed = common.map(|_| "no named product".to_owned());
        let names: Vec<String> = others.keys().map(|name| (*name).clone()).chain(unnamed).collect();
        if !names.is_empty() {
            let target = |target: &Target| format!("{} at {}", target.false_alarms, target.confidence);
            let word = |word: &Option<String>| word.clone().unwrap_or_else(|| "unknown".to_owned());
            for (field, old, new) in [
                ("target", target(&old.target), target(&new.target)),
                ("engine", word(&old.engine), word(&new.engine)),
                ("precision", word(&old.precision), word(&new.precision)),
            ] {
                if old != new {
                    return Err(MergeError { products: names, field, old, new });
                }
            }
        }
        new.common = new.common.or(common.cloned());
        new.products.extend(others.into_iter().map(|(name, product)| (name.clone(), product.clone())));
        new.images = new.products.values().chain(&new.common).map(|product| product.images).sum();
        new.extra = old.extra.clone();
        Ok(new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(images: u64) -> Product {
        let value = serde_json::json!({"images": images, "threshold": 2.0, "score": {"median": 1.0, "mad": 0.1}});
        serde_json::from_value(value).unwrap()
    }

    fn run(products: &[(Option<&str>, u64)]) -> Run {
        let products = products.iter().map(|(name, images)| (name.map(str::to_owned), product(*images)));
        Run {
            products: products.collect(),
            target: serde_json::from_str(r#"{"false_alarms": 0.01, "confidence": 0.95}"#).unwrap(),
            created: "2026-01-02T03:04:05Z".into(),
            created_by: "moead-calibrate 0.1.0".into(),
            engine: "tract".into(),
            precision: "f32".into(),
        }
    }

    #[test]
    fn other_products_stay_and_the_same_one_is_replaced() {
        let mut old = run(&[(None, 1), (Some("bolt"), 10), (Some("nut"), 20)]).alone();
        old.extra.insert("future".into(), true.into());
        let new = run(&[(Some("nut"), 300)]).merged(&old).unwrap();
        assert_eq!((new.images, new.products["nut"].images, new.products["bolt"].images), (311, 300, 10));
        assert_eq!((new.common, new.extra), (old.common, old.extra));
    }

    #[test]
    fn what_was_promised_otherwise_cannot_stay_beside() {
        let old = run(&[(None, 1), (Some("bolt"), 10)]).alone();
        let mut other = run(&[(Some("bolt"), 10)]);
        other.target.false_alarms = 0.02;
        let error = other.clone().merged(&old).unwrap_err().to_string();
        assert_eq!(
            error,
            "the file's calibration of no named product has another target: 0.01 at 0.95, and this one 0.02 at 0.95"
        );
        // Nothing is left of the old one.
        other.products.insert(None, product(5));
        assert_eq!(other.merged(&old).unwrap().images, 15);
    }
}
