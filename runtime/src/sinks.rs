//! Where results go.

#[cfg(feature = "cli")]
pub mod heatmap;
pub mod maps;
