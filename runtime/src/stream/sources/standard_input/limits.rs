//! How much of a stream is kept in memory. Each constant: the attack it stops, and what honest streams need.

/// A JPEG picture, in bytes. Stops: a picture without an end that fills the memory. Honest: 20 MB for the best quality at 64
/// megapixels.
pub const JPEG_BYTES: usize = 32 << 20;

/// The first line of a YUV4MPEG2 stream, in bytes. Stops: a line without an end. Honest: ffmpeg's have fewer than 100; the
/// programs that defined the format read at most 256.
pub const HEADER: usize = 1024;

/// The line in front of each frame of a YUV4MPEG2 stream, in bytes. Stops and honest: as [`HEADER`].
pub const FRAME_LINE: usize = 256;

/// Bytes other than 0 between two JPEG pictures. Stops: damage to a stream that nobody counts. Honest: the header of a part
/// of `multipart/x-mixed-replace` has 60 to 300.
pub const BETWEEN: usize = 4096;

/// Bytes that are read at once, at most. Honest: a pipe holds 64 KiB, and 1 MiB at most without privileges.
pub const READ: usize = 256 << 10;

/// Readings of [`READ`] before a caller that waits for a picture gets the word again. Stops: a stream that comes faster than
/// it is read, and is passed over for ever to find its newest picture. Honest: 12 MB for a frame of 4:4:4 at 4 megapixels.
pub const READS: usize = 64;

/// Bytes of something else that an error shows. Stops: error messages of megabytes.
pub const SHOWN_BYTES: usize = 8;
