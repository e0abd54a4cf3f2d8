//! Whether a file is there to its end, for the formats whose decoders make do with less.
//!
//! The decoders behind the crate `image` paint the rest of a cut JPEG grey, without an error, and let a WebP lack its last
//! bytes. A half-grey picture would be judged as if somebody had photographed it, so the containers are walked here first.
//! So are the pictures inside of a TIFF that are JPEGs themselves. PNG, BMP and other TIFFs need no such look: their decoders report missing
//! bytes.

use std::io::Cursor;

use tiff::decoder::Decoder;
use tiff::tags::{CompressionMethod, Tag};

use super::entropy::Sequential;
use super::limits;
use super::markers::{END_OF_IMAGE, HUFFMAN_TABLES, Markers, RESTART_INTERVAL, RESTARTS, START_OF_SCAN};

/// What is wrong with the container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    /// The bytes stop before the picture does.
    #[error("the file is cut short")]
    CutShort,
    /// A segment whose length does not count itself.
    #[error("segment {0:#04x} without a length")]
    SegmentLength(u8),
    /// A marker where only picture data may be. The decoder would stop there and paint the rest grey.
    #[error("marker {0:#04x} amid the picture")]
    Marker(u8),
    /// Bits that begin no code. The decoder would stop there, too.
    #[error("picture data without a meaning")]
    Code,
    /// The end before any picture data.
    #[error("no picture data")]
    Empty,
    /// More than [`limits::JPEG_SCANS`].
    #[error("more than {} scans", limits::JPEG_SCANS)]
    Scans,
    /// More than [`limits::JPEG_TABLES_BYTES`], which each part of a TIFF would begin with.
    #[error("more than {} bytes of tables for the JPEGs inside", limits::JPEG_TABLES_BYTES)]
    Tables,
}

/// Follows the markers of a JPEG up to the end of the image. Bytes after it are allowed: cameras put previews there.
pub(super) fn jpeg(bytes: &[u8]) -> Result<(), Fault> {
    let mut scans = 0;
    let mut sequential = Sequential::default();
    let mut markers = Markers::new(bytes);
    loop {
        let (code, _) = markers.next()?;
        match code {
            _ if RESTARTS.contains(&code) => continue,
            END_OF_IMAGE if scans == 0 => return Err(Fault::Empty),
            END_OF_IMAGE => return Ok(()),
            // After the first scan: tables, comments, application data, further scans.
            START_OF_SCAN | HUFFMAN_TABLES | 0xdb | RESTART_INTERVAL | 0xe0..=0xef | 0xfe => {}
            _ if scans > 0 => return Err(Fault::Marker(code)),
            _ => {}
        }
        if code == START_OF_SCAN {
            scans += 1;
            if scans > limits::JPEG_SCANS {
                return Err(Fault::Scans);
            }
        }
        let segment = markers.segment(code)?;
        if code == START_OF_SCAN {
            markers.skip(sequential.scan(segment, markers.rest())?);
        } else {
            sequential.segment(code, segment);
        }
    }
}

/// Compares the length of a WebP with what its RIFF header says, as libwebp does.
pub(super) fn webp(bytes: &[u8]) -> Result<(), Fault> {
    let size = bytes.get(4..).and_then(|bytes| bytes.first_chunk()).ok_or(Fault::CutShort)?;
    let after_header = (bytes.len() - 8) as u64;
    if u64::from(u32::from_le_bytes(*size)) > after_header { Err(Fault::CutShort) } else { Ok(()) }
}

/// A TIFF's number for complete JPEGs inside.
const MODERN_JPEG: u16 = CompressionMethod::ModernJPEG.to_u16();
/// What a JPEG begins and ends with.
const START: &[u8; 2] = &[0xff, 0xd8];
const END: &[u8; 2] = &[0xff, END_OF_IMAGE];

/// Follows the JPEGs that a TIFF's first picture is made of, if it is: complete ones each, whose tables may stand in a place of their own
/// (TIFF Technical Note 2).
pub(super) fn tiff(bytes: &[u8]) -> Result<(), Fault> {
    // What is wrong with the directory is said by who decodes.
    let Ok(mut decoder) = Decoder::new(Cursor::new(bytes)) else { return Ok(()) };
    let compression: Option<u16> = decoder.find_tag_unsigned(Tag::Compression).ok().flatten();
    if compression != Some(MODERN_JPEG) {
        return Ok(());
    }
    let tables = decoder.get_tag_u8_vec(Tag::JPEGTables).unwrap_or_default();
    if tables.len() > limits::JPEG_TABLES_BYTES {
        return Err(Fault::Tables);
    }
    let mut numbers = |tag| decoder.find_tag_unsigned_vec::<usize>(tag).ok().flatten().unwrap_or_default();
    let [offsets, lengths] = match numbers(Tag::StripOffsets) {
        offsets if offsets.is_empty() => [numbers(Tag::TileOffsets), numbers(Tag::TileByteCounts)],
        offsets => [offsets, numbers(Tag::StripByteCounts)],
    };
    // Of parts that overlap, a small file could have any number of large ones.
    if lengths.iter().fold(0, |sum: usize, &length| sum.saturating_add(length)) > bytes.len() {
        return Err(Fault::CutShort);
    }
    for (&offset, &length) in offsets.iter().zip(&lengths) {
        let part = bytes.get(offset..).and_then(|rest| rest.get(..length)).ok_or(Fault::CutShort)?;
        match (tables.split_last_chunk(), part.split_first_chunk()) {
            // The end of the one and the start of the other fall away, and what is left is one file.
            (Some((tables, END)), Some((START, part))) => jpeg(&[tables, part].concat())?,
            _ => jpeg(part)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Start, a comment with an end marker inside, a scan with a stuffed byte and a restart, fill bytes, the end.
    const JPEG: &[u8] =
        &[0xff, 0xd8, 0xff, 0xfe, 0, 4, 0xff, 0xd9, 0xff, 0xda, 0, 2, 1, 0xff, 0, 2, 0xff, 0xd3, 7, 0xff, 0xff, 0xd9];

    #[test]
    fn a_jpeg_ends_with_its_end_marker_only() {
        assert_eq!(jpeg(JPEG), Ok(()));
        assert_eq!(jpeg(&[JPEG, b"preview"].concat()), Ok(()));
        for length in 0..JPEG.len() {
            assert_eq!(jpeg(&JPEG[..length]), Err(Fault::CutShort), "{length}");
        }
    }

    #[test]
    fn other_faults_of_a_jpeg() {
        assert_eq!(jpeg(&[0xff, 0xd8, 0xff, 0xd9]), Err(Fault::Empty));
        assert_eq!(jpeg(&[0xff, 0xd8, 0xff, 0xdb, 0, 1]), Err(Fault::SegmentLength(0xdb)));
        assert_eq!(jpeg(&[0xff, 0xd8, 0xff, 0xda, 0, 2, 1, 0xff, 0xd8]), Err(Fault::Marker(0xd8)));
        let scans = [0xff, 0xda, 0, 2].repeat(limits::JPEG_SCANS + 1);
        assert_eq!(jpeg(&[&[0xff, 0xd8], scans.as_slice()].concat()), Err(Fault::Scans));
    }

    #[test]
    fn a_webp_has_the_length_it_says() {
        let whole = b"RIFF\x06\0\0\0WEBPxx";
        assert_eq!(webp(whole), Ok(()));
        for length in 0..whole.len() {
            assert_eq!(webp(&whole[..length]), Err(Fault::CutShort), "{length}");
        }
    }
}
