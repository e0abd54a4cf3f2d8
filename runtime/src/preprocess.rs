//! From the bytes of a picture to the network's input.
//!
//! * [`decode`]: a file's bytes to [`picture::Picture`], within [`limits`].
//! * [`raw`], [`motion_jpeg`]: what cameras deliver; [`convert`]: from there to pixels of the network's size in one go.
//! * [`resize`]: to the size the network was trained for.
//! * [`normalize`]: to the network's input.
#![forbid(unsafe_code)]

mod colour;
pub mod convert;
pub mod decode;
mod entropy;
pub mod limits;
mod markers;
pub mod motion_jpeg;
pub mod normalize;
pub mod picture;
pub mod raw;
pub mod resize;
mod whole;
