//! Where results go.

pub mod drawings;
pub mod heatmap;
#[cfg(feature = "http")]
pub mod http;
pub mod json_lines;
pub mod lines;
pub mod maps;
pub mod text;
