//! The markers of a JPEG, one after the other (ISO/IEC 10918-1, B.1.1).

use super::whole::Fault;

pub(super) const HUFFMAN_TABLES: u8 = 0xc4;
pub(super) const RESTARTS: std::ops::RangeInclusive<u8> = 0xd0..=0xd7;
pub(super) const START_OF_IMAGE: u8 = 0xd8;
pub(super) const END_OF_IMAGE: u8 = 0xd9;
pub(super) const START_OF_SCAN: u8 = 0xda;
pub(super) const RESTART_INTERVAL: u8 = 0xdd;

/// Walks from marker to marker; between segments, anything up to the next 0xff is skipped: that is the picture's data, too.
#[derive(Debug, Clone)]
pub(super) struct Markers<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Markers<'a> {
    /// Begins behind the start of the image, which is not looked at.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 2 }
    }

    /// What follows the last marker and its segment.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Leaves out so many bytes of the rest.
    pub(super) fn skip(&mut self, count: usize) {
        self.at += count;
    }

    /// The second byte of the next marker that has a meaning, and where its first 0xff is.
    pub(super) fn next(&mut self) -> Result<(u8, usize), Fault> {
        loop {
            let rest = self.rest();
            let first = memchr::memchr(0xff, rest).ok_or(Fault::CutShort)?;
            // Any number of further 0xff may precede the marker's code.
            let fills = rest[first..].iter().position(|&byte| byte != 0xff).ok_or(Fault::CutShort)?;
            let code = rest[first + fills];
            let at = self.at + first;
            self.at = at + fills + 1;
            // A stuffed 0xff of the data, and a marker without meaning.
            if code > 1 {
                return Ok((code, at));
            }
        }
    }

    /// What belongs to the marker `code`, which was next, without its length. Only restarts, the start and the end of the
    /// image have no segment.
    pub(super) fn segment(&mut self, code: u8) -> Result<&'a [u8], Fault> {
        let rest = self.rest();
        let length = usize::from(u16::from_be_bytes(*rest.first_chunk().ok_or(Fault::CutShort)?));
        if length < 2 {
            return Err(Fault::SegmentLength(code));
        }
        let segment = rest.get(2..length).ok_or(Fault::CutShort)?;
        self.at += length;
        Ok(segment)
    }
}
