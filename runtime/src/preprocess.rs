//! From the bytes of a picture to the network's input.

pub mod picture;
