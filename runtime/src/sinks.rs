//! Where results go.

pub mod heatmap;
pub mod json_lines;
pub mod maps;
pub mod text;
