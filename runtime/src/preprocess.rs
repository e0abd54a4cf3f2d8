//! From the bytes of a picture to the network's input.
//!
//! * [`decode`]: a file's bytes to [`picture::Picture`], within [`limits`].
//! * [`resize`]: to the size the network was trained for.
//! * [`normalize`]: to the network's input.

pub mod convert;
pub mod decode;
mod entropy;
pub mod limits;
pub mod motion_jpeg;
pub mod normalize;
pub mod picture;
pub mod raw;
pub mod resize;
mod whole;
