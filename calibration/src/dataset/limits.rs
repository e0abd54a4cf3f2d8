//! How large a data set may be. Each constant: the attack it stops, and what honest data need.

/// A list, in bytes. Stops: reading an endless file. Honest: 200 bytes a line, so a million pictures are 200 MB.
pub const LIST_BYTES: u64 = 1 << 30;

/// A table, in bytes. Stops: as for a list, and a quote that is never closed, which makes all that follows one field in memory. Honest: VisA's
/// has 1.5 MB.
pub const TABLE_BYTES: u64 = 64 << 20;

/// A line of a list, in bytes. Stops: a list without line breaks, all in memory. Honest: two paths of at most 4096 bytes.
pub const LINE_BYTES: usize = 64 << 10;

/// A list of pictures that are not to be used, in bytes. Stops: reading an endless file. Honest: 200 bytes a line, and as many lines as somebody looks at.
pub const VETO_BYTES: u64 = 16 << 20;

/// Pictures of a data set. Stops: a folder tree, or a list, that fills memory with names. Honest: 160,000 in the largest public set.
pub const SAMPLES: usize = 4_000_000;

/// Folders below each other. Stops: trees that only a program makes. Honest: five.
pub const DEPTH: usize = 32;
