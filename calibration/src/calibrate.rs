//! Good pictures become a calibration: what `moead-calibrate` writes into a model file.
//!
//! * [`pictures`]: which pictures of which data sets are taken, and for which product.
//! * [`vetoes`]: which of them are not to be used. [`copies`]: which are others again.
//! * [`answers`]: what a model says about them.
//! * [`product`]: thresholds and statistics of one product.
//! * [`merge`]: one run's products beside those that the file has already.
//! * [`promise`]: what was promised, in words.

pub mod answers;
pub mod copies;
pub mod merge;
pub mod pictures;
pub mod product;
pub mod promise;
pub mod vetoes;
