//! Where results go.
#![forbid(unsafe_code)]

#[cfg(feature = "camera")]
pub mod cameras;
pub mod drawings;
pub mod findings;
pub mod heatmap;
#[cfg(feature = "http")]
pub mod http;
mod json;
pub mod json_lines;
pub mod lines;
pub mod maps;
#[cfg(feature = "update")]
pub mod service_state;
pub mod text;
