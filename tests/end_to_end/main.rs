//! Both programs together: `moead-export` writes a model, `moead-edge` judges pictures with it, as users do.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its case has failed")]

mod bad_models;
mod bad_pictures;
mod bundles;
mod calibrated;
mod calibration;
mod desk;
mod drawings;
mod early_ends;
mod engines;
mod evaluation;
mod pages;
mod results;
mod streams;
mod ten_minutes;
mod verification;
