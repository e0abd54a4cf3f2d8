//! What becomes of a picture before the network sees it, against Pillow's answers.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its case has failed")]

mod allocations;
mod convert;
mod decode;
mod motion_jpeg;
mod resize;

/// Fowler, Noll, Vo: short to write in both languages.
fn fnv1a64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
