//! Everything that looks at the user's pictures: data sets, thresholds with a promise, honest metrics.
//!
//! * [`dataset`]: folders and lists become samples with their truth.
//! * [`metrics`]: AUROC, average precision, F1max, AUPRO, and how sure they are.
//! * [`threshold`]: from scores of good pictures to thresholds with a stated false-alarm rate.
//! * [`outliers`]: which "good" pictures should be looked at again.
//! * [`calibrate`]: from good pictures to what a model file says about them.
//! * [`products`], [`drift`]: statistics of embeddings: which product a picture shows, and whether the camera changes.
//! * [`peers`]: simpler detectors on the same features, for comparison.
//! * [`collect`]: runs an engine over a data set. [`evaluation`]: how well a model does on it. [`report`]: a page about that.
//! * `cli`: the programs `moead-calibrate` and `moead-eval` (feature `cli`).
#![forbid(unsafe_code)]

pub mod calibrate;
#[cfg(feature = "cli")]
pub mod cli;
pub mod collect;
pub mod dataset;
pub mod drift;
pub mod evaluation;
pub mod metrics;
pub mod outliers;
pub mod peers;
pub mod products;
pub mod report;
pub mod threshold;
