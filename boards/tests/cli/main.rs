//! The program `moead-board` as its users meet it: status, stdout, stderr, and which files are there afterwards.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its case has failed")]

mod desk;
mod profiles;
