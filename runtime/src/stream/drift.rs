//! Slow changes: light that fades, a lens that gets dirty, a camera that was moved. Told before they become false alarms.
//!
//! For each source and product, the mean embedding of the latest pictures is held against that of the good ones
//! ([`crate::score::drift`]). No verdict depends on it. Memory is taken when a source shows a product for the first time, never again,
//! and never more than a window of each product for each source.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::score::drift::Window;
use crate::score::standards::Watched;

/// From here on something has changed, in units of what windows of good pictures reach.
const BEGINS: f64 = 1.0;
/// Below, it is as before again. Lower than [`BEGINS`], since successive windows differ by one picture and a measure at the limit would
/// be told again and again.
const ENDS: f64 = 0.8;

/// How far the latest pictures of a product lie, as a whole, from its good ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    /// None: of pictures of no named product.
    pub product: Option<Arc<str>>,
    /// Pictures of the window.
    pub window: usize,
    /// In units of what windows of good pictures reach: from 1 on, something has changed.
    pub measure: f64,
    /// What follows from it.
    pub course: Course,
    /// Whether the last picture has changed the course.
    pub has_turned: bool,
}

/// Whether something has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// The pictures are as the good ones.
    Steady,
    /// The measure reached 1, and has not come back below 0.8 since.
    Drifting,
}

impl Course {
    /// As in status lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::Drifting => "drift",
        }
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the latest {} pictures", self.window)?;
        if let Some(product) = &self.product {
            write!(f, " of {product}")?;
        }
        let is = match self.course {
            Course::Steady => " are as the good ones again: together",
            Course::Drifting => " have moved away from the good ones: together",
        };
        write!(f, "{is} at {:.2} times the distance that good ones reach", self.measure)
    }
}

/// Watches all sources of a run.
#[derive(Debug, Default)]
pub(super) struct DriftWatch {
    /// By source and product.
    seen: BTreeMap<(usize, usize), (Window, Course)>,
}

impl DriftWatch {
    /// Takes a judged picture in. None until there are as many as a window has.
    pub(super) fn add(&mut self, source: usize, watched: Watched<'_>, embedding: &[f32]) -> Option<Drift> {
        let Watched { place, product, good, drift } = watched;
        let begin = || (Window::new(drift.window, good.mean.len()), Course::Steady);
        let (window, course) = self.seen.entry((source, place)).or_insert_with(begin);
        window.add(embedding);
        let measure = window.drift(good, drift.limit)?;
        let before = *course;
        *course = match before {
            Course::Steady if measure >= BEGINS => Course::Drifting,
            Course::Drifting if measure < ENDS => Course::Steady,
            same => same,
        };
        let has_turned = *course != before;
        Some(Drift { product: product.clone(), window: drift.window, measure, course: *course, has_turned })
    }
}

#[cfg(test)]
mod tests {
    use moead_model::calibration::{self, Embedding};

    use super::*;

    #[test]
    fn it_is_told_once_when_it_begins_and_once_when_it_ends() {
        let good = Embedding { mean: vec![0.0], std: vec![2.0], refusal: 3.0, ..Embedding::default() };
        let drift: calibration::Drift = serde_json::from_str(r#"{"window": 2, "limit": 0.5}"#).unwrap();
        let name = Some(Arc::from("bolt"));
        let mut watch = DriftWatch::default();
        let mut add = |source, value: f32| {
            let watched = Watched { place: 0, product: &name, good: &good, drift: &drift };
            let drift = watch.add(source, watched, &[value])?;
            Some((drift.measure, drift.course, drift.has_turned.then(|| drift.to_string())))
        };
        // In units of std and limit, values are measures.
        assert_eq!(add(0, 0.5), None);
        let (measure, course, told) = add(0, 1.4).unwrap();
        assert!((measure - 0.95).abs() < 1e-6, "{measure}");
        assert_eq!((course, told), (Course::Steady, None));
        let text = "the latest 2 pictures of bolt have moved away from the good ones: together at 1.10 times the distance that good ones reach";
        let (measure, course, told) = add(0, 0.8).unwrap();
        assert!((measure - 1.1).abs() < 1e-6, "{measure}");
        assert_eq!((course, told.as_deref()), (Course::Drifting, Some(text)));
        // Between the two limits nothing is told, from either side.
        for value in [1.0, 0.7, 1.3] {
            let (measure, course, told) = add(0, value).unwrap();
            assert!((0.8..1.1).contains(&measure));
            assert_eq!((course, told), (Course::Drifting, None));
        }
        let text = "the latest 2 pictures of bolt are as the good ones again: together at 0.75 times the distance that good ones reach";
        assert_eq!(add(0, 0.2).unwrap().2.as_deref(), Some(text));
        assert_eq!(add(0, 1.5).unwrap().2, None);
        // Another source is another camera.
        assert_eq!((add(1, 9.0), add(1, 9.0).map(|drift| drift.1)), (None, Some(Course::Drifting)));
    }
}
