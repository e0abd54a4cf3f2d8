//! Whether a model file is one that a board's engine takes.

use moead_model::manifest::{Manifest, Moe};

use crate::profile::Profile;

/// How well it fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// It is the form that the profile names first.
    Best,
    /// It runs, and another form would be faster.
    Slower {
        /// That form.
        better: Moe,
    },
}

/// The engine would refuse it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("experts are {}, expected {}", name(*.found), name(*.expected))]
pub struct WrongForm {
    /// What the profile's engine takes.
    pub expected: Moe,
    /// Of the model file.
    pub found: Moe,
}

/// Compares a model file's form with what the profile's engine takes.
///
/// # Errors
/// [`WrongForm`]
pub fn check(manifest: &Manifest, profile: &Profile) -> Result<Fit, WrongForm> {
    let found = manifest.moe;
    let taken = &profile.engine.moe;
    match taken.first() {
        Some(&best) if best == found => Ok(Fit::Best),
        Some(&better) if taken.contains(&found) => Ok(Fit::Slower { better }),
        Some(&expected) => Err(WrongForm { expected, found }),
        None => Ok(Fit::Best),
    }
}

/// As moead-export's flag names it.
#[must_use]
pub fn name(moe: Moe) -> &'static str {
    match moe {
        Moe::Sparse => "sparse",
        Moe::Dense => "dense",
    }
}
