//! Bundles as they are written, and as they should never be: each is refused with a reason, and nothing of it is unpacked.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its case has failed")]

mod damaged;
mod forged;
mod round_trip;
mod sample;
