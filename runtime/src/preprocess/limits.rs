//! How large a picture may be. Each constant: the attack it stops, and what honest pictures need.

use moead_model::architecture::ImageSize;

/// A file, in bytes. Stops: reading a disk image or an endless file into memory. Honest: an uncompressed 16-bit colour
/// TIFF of 40 megapixels is 240 MB.
pub const FILE_BYTES: u64 = 256 << 20;

/// Either side, in pixels. Stops: a header of a hundred bytes that asks for rows of gigabytes. Honest: line-scan cameras
/// deliver 16384 columns.
pub const SIDE: u32 = 32 << 10;

/// Height times width. Stops: a few kilobytes of compressed zeros that become gigabytes of pixels. Honest: 65 megapixels
/// for the largest area sensors in use.
pub const PIXELS: u64 = 100_000_000;

/// Whether a picture has pixels, and no more than [`SIDE`] and [`PIXELS`] allow.
pub(super) fn picture(size: ImageSize) -> bool {
    let side = 1..=SIDE as usize;
    // Two sides of 15 bits.
    side.contains(&size.height) && side.contains(&size.width) && (size.height * size.width) as u64 <= PIXELS
}

/// Memory for the decoded pixels and, where the decoder counts it, for decoding, in bytes. Stops: tables and rows that are
/// large where the picture is small. Honest: 800 MB for 16-bit RGBA at [`PIXELS`]. The decoders of JPEG and WebP do not
/// count what they take beside the pixels; [`PIXELS`] bounds it, to 600 MB more for a progressive JPEG.
pub const DECODING_BYTES: u64 = 1 << 30;

/// Scans of a JPEG. Stops: a small progressive file that walks over all its coefficients a hundred times. Honest: about
/// 10, and 20 from encoders that search for the smallest file.
pub const JPEG_SCANS: usize = 32;

/// Tables of the JPEGs inside of a TIFF, in bytes; they stand in front of each. Stops: many small parts behind tables of megabytes. Honest:
/// 600 bytes.
pub const JPEG_TABLES_BYTES: usize = 16 << 10;

/// Bytes of an unrecognised file that its error shows. Stops: error messages of megabytes.
pub const SHOWN_BYTES: usize = 8;

/// Characters of a decoder's own message that an error repeats. Stops: as [`SHOWN_BYTES`].
pub const MESSAGE_CHARACTERS: usize = 200;
