//! The program `moead-board` as its users meet it: status, stdout, stderr, and which files are there afterwards.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its case has failed")]

mod build;
mod deb;
mod desk;
mod first_boot;
mod flash;
mod image;
mod inspect;
mod install;
mod key;
mod oci;
mod profiles;
mod program;
mod usage;

/// The smallest model file, as the model's own tests make it.
#[path = "../../../runtime/model/tests/onnx/small_model.rs"]
#[expect(dead_code, reason = "the model's tests need more of it")]
mod small_model;
