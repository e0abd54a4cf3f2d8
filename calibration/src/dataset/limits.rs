//! How large a data set may be. Each constant: the attack it stops, and what honest data need.

/// A list, in bytes. Stops: reading an endless file. Honest: 200 bytes a line, so a million pictures are 200 MB.
pub const LIST_BYTES: u64 = 1 << 30;

/// A table, in bytes. Stops: as for a list, and a quote that is never closed, which makes all that follows one field in memory. Honest: VisA's
/// has 1.5 MB.
pub const TABLE_BYTES: u64 = 64 << 20;

/// A line of a list, in bytes. Stops: a list without line breaks, all in memory. Honest: two paths of at most 4096 bytes.
pub const LINE_BYTES: usize = 64 << 10;

/// Pictures of a data set. Stops: a folder tree, or a list, that fills memory with names. Honest: 160,000 in the largest public set.
pub const SAMPLES: usize = 4_000_000;

/// Folders below each other. Stops: trees that only a program makes. Honest: five.
pub const DEPTH: usize = 32;

/// A mask's file, in bytes. Stops: a disk image named as a mask. Honest: an uncompressed mask of 100 megapixels.
pub const MASK_BYTES: u64 = 256 << 20;

/// A mask's sides, in pixels. Stops: a header that asks for rows of gigabytes. Honest: as for pictures.
pub const MASK_SIDE: u32 = 32 << 10;

/// Memory for a decoded mask, in bytes. Stops: kilobytes of compressed zeros that become gigabytes. Honest: 100 megapixels of 16-bit RGBA.
pub const MASK_DECODED_BYTES: u64 = 1 << 30;
