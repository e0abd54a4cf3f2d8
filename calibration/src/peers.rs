//! Simpler detectors on the same features: where one of them wins, users must see it.

pub mod head;
pub mod padim;
