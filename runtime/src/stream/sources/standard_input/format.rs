//! The two formats of streams, told apart by their first bytes.

use crate::stream::sources::Corruption;

use super::jpegs::{self, Jpegs};
use super::yuv::{self, Header, Yuv};
use super::{StreamError, limits};

/// What a look at the bytes in hand gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A picture, from here to there. Everything up to its end is done with.
    Picture { start: usize, end: usize },
    /// A picture that is broken; everything up to here is done with.
    Broken { end: usize, problem: Corruption },
    /// So many bytes are done with.
    Skip(usize),
    /// So many bytes are done with, and from here on pictures are as this says.
    Header(usize, Header),
    /// More bytes are needed.
    More,
    /// There are no more pictures.
    End,
}

/// A format, and how far it has been read.
#[derive(Debug)]
pub(super) enum Format {
    Jpegs(Jpegs),
    Yuv(Yuv),
}

/// How the parts of `multipart/x-mixed-replace` begin, behind line ends.
const BOUNDARY: &[u8] = b"--";

/// What else people send here, by its first bytes.
const OTHERS: [(usize, &[u8], &str); 13] = [
    (0, &[0, 0, 0, 1], "H.264 or H.265"),
    (0, &[0, 0, 1], "H.264, H.265 or MPEG video"),
    (4, b"ftyp", "MP4"),
    (0, &[0x1a, 0x45, 0xdf, 0xa3], "Matroska or WebM"),
    (0, b"RIFF", "AVI"),
    (0, &[0x47, 0x40], "an MPEG transport stream"),
    (0, b"DKIF", "IVF"),
    (0, b"FLV", "Flash video"),
    (0, &[0x89, b'P', b'N', b'G'], "PNG"),
    (0, b"GIF8", "GIF"),
    (0, b"BM", "BMP"),
    (0, b"HTTP/", "an answer of HTTP with its headers"),
    (0, b"OggS", "Ogg"),
];

/// Which format begins like this. None: more bytes are needed.
///
/// # Errors
/// [`StreamError::Unrecognised`]
pub(super) fn recognise(window: &[u8], has_ended: bool) -> Result<Option<Format>, StreamError> {
    let lines = window.iter().take_while(|byte| b"\r\n".contains(byte)).count();
    let starts = |window: &[u8], wanted: &[u8]| window.iter().zip(wanted).all(|(a, b)| a == b);
    let candidates = [
        (starts(window, yuv::MAGIC), yuv::MAGIC.len()),
        (starts(window, &jpegs::START), jpegs::START.len()),
        // Line ends without end are no stream.
        (lines <= limits::SHOWN_BYTES && starts(&window[lines..], BOUNDARY), lines + BOUNDARY.len()),
    ];
    let format = candidates.iter().position(|&(fits, length)| fits && window.len() >= length);
    match format {
        Some(0) => return Ok(Some(Format::Yuv(Yuv::default()))),
        Some(_) => return Ok(Some(Format::Jpegs(Jpegs::default()))),
        None if candidates.iter().any(|&(fits, _)| fits) && !has_ended => return Ok(None),
        // The longest of the others' signs.
        None if window.len() < limits::SHOWN_BYTES && !has_ended => return Ok(None),
        None => {}
    }
    let is_there = |&(at, sign, _): &(usize, &[u8], _)| window.get(at..).is_some_and(|rest| rest.starts_with(sign));
    let likely = OTHERS.into_iter().find(is_there).map(|other| other.2);
    let first: Vec<_> = window.iter().take(limits::SHOWN_BYTES).map(|byte| format!("{byte:02x}")).collect();
    Err(StreamError::Unrecognised { likely, first_bytes: first.join(" ") })
}

impl Format {
    /// Looks at what has come; `has_ended`: nothing more will.
    ///
    /// # Errors
    /// [`StreamError`] for a stream that never was one of pictures.
    pub(super) fn scan(&mut self, window: &[u8], has_ended: bool) -> Result<Found, StreamError> {
        match self {
            Self::Jpegs(jpegs) => Ok(jpegs.scan(window, has_ended)),
            Self::Yuv(yuv) => yuv.scan(window, has_ended),
        }
    }
}
