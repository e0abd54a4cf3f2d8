//! The stream from outside.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its case has failed")]

mod allocation;
