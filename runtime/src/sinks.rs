//! Where results go.
#![forbid(unsafe_code)]

pub mod drawings;
pub mod heatmap;
pub mod json_lines;
pub mod lines;
pub mod maps;
pub mod text;
