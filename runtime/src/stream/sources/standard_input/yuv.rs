//! YUV4MPEG2: a line that says what all frames are, then for each frame a line and its samples.
//!
//! As the manual page `yuv4mpeg(5)` of mjpegtools has it, with what ffmpeg adds: `XCOLORRANGE=FULL` or `LIMITED`. Samples of
//! 8 bits; where nothing is said, 4:2:0 of limited range.

use std::time::Duration;

use moead_model::architecture::ImageSize;

use crate::preprocess::raw::{PixelFormat, Range};
use crate::stream::sources::Corruption;

use super::format::Found;
use super::{StreamError, limits};

/// How a stream begins.
pub(super) const MAGIC: &[u8] = b"YUV4MPEG2 ";

/// How a frame begins.
const FRAME: &[u8] = b"FRAME";

/// What a stream's first line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) size: ImageSize,
    pub(super) pixels: PixelFormat,
    pub(super) range: Range,
    /// From one frame to the next. None: unknown.
    pub(super) interval: Option<Duration>,
    pub(super) scan: Scan,
}

/// In which order a frame's lines were taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scan {
    /// All at once, or nobody says.
    Progressive,
    /// Every other line at another time.
    Interlaced,
}

/// Kinds of samples by their names. The first three differ in where colour samples lie, by less than a pixel.
const KINDS: [(&[u8], PixelFormat); 7] = [
    (b"420jpeg", PixelFormat::Yu12),
    (b"420mpeg2", PixelFormat::Yu12),
    (b"420paldv", PixelFormat::Yu12),
    (b"420", PixelFormat::Yu12),
    (b"422", PixelFormat::Yuv422p),
    (b"444", PixelFormat::Yuv444p),
    (b"mono", PixelFormat::Grey),
];

impl Header {
    /// Reads a line, without its end.
    fn parse(line: &[u8]) -> Result<Self, StreamError> {
        let fields =
            line.get(MAGIC.len()..).unwrap_or_default().split(|&byte| byte == b' ').filter(|field| !field.is_empty());
        let mut seen = Fields::default();
        for field in fields {
            // No field is empty.
            let (&letter, value) = field.split_first().unwrap_or((&0, &[]));
            let refused = |expected| StreamError::Field { field: shown(field), expected };
            match letter {
                b'W' => seen.width.push(side(value).ok_or_else(|| refused("a width in pixels"))?),
                b'H' => seen.height.push(side(value).ok_or_else(|| refused("a height in pixels"))?),
                b'F' => seen.interval.push(rate(value).ok_or_else(|| refused("a rate, as in F30000:1001"))?),
                b'C' => {
                    let kind = KINDS.iter().find(|kind| kind.0 == value);
                    seen.pixels.push(kind.ok_or_else(|| StreamError::Colours(shown(value)))?.1);
                }
                b'I' => seen.scan.push(match value {
                    b"p" | b"?" => Scan::Progressive,
                    b"t" | b"b" | b"m" => Scan::Interlaced,
                    _ => return Err(refused("Ip, It, Ib, Im or I?")),
                }),
                b'X' => match value {
                    b"COLORRANGE=FULL" => seen.range.push(Range::Full),
                    b"COLORRANGE=LIMITED" => seen.range.push(Range::Limited),
                    value if value.starts_with(b"COLORRANGE=") => return Err(refused("FULL or LIMITED")),
                    // Comments of the program that wrote it.
                    _ => {}
                },
                // The shape of pixels has no say in what they show, and other letters are to be passed over.
                _ => {}
            }
        }
        let size = ImageSize { width: one('W', &seen.width)?, height: one('H', &seen.height)? };
        Ok(Self {
            size,
            pixels: at_most_one('C', &seen.pixels)?.unwrap_or(PixelFormat::Yu12),
            range: at_most_one('X', &seen.range)?.unwrap_or(Range::Limited),
            interval: at_most_one('F', &seen.interval)?.flatten(),
            scan: at_most_one('I', &seen.scan)?.unwrap_or(Scan::Progressive),
        })
    }

    /// How many bytes a frame has. None: more than any picture may have.
    fn bytes(&self) -> Option<usize> {
        let ImageSize { width, height } = self.size;
        let all = crate::preprocess::limits::PIXELS;
        let side = crate::preprocess::limits::SIDE as usize;
        if width > side || height > side || (width * height) as u64 > all {
            return None;
        }
        let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
        Some(match self.pixels {
            PixelFormat::Yuv422p => width * height + 2 * half_width * height,
            PixelFormat::Yuv444p => 3 * width * height,
            PixelFormat::Grey => width * height,
            _ => width * height + 2 * half_width * half_height,
        })
    }
}

/// The fields of a header, as often as they stand there.
#[derive(Default)]
struct Fields {
    width: Vec<usize>,
    height: Vec<usize>,
    pixels: Vec<PixelFormat>,
    range: Vec<Range>,
    interval: Vec<Option<Duration>>,
    scan: Vec<Scan>,
}

fn at_most_one<T: Copy>(field: char, values: &[T]) -> Result<Option<T>, StreamError> {
    if values.len() > 1 { Err(StreamError::Count { field, count: values.len() }) } else { Ok(values.first().copied()) }
}

fn one<T: Copy>(field: char, values: &[T]) -> Result<T, StreamError> {
    at_most_one(field, values)?.ok_or(StreamError::Count { field, count: 0 })
}

fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
}

fn side(text: &[u8]) -> Option<usize> {
    usize::try_from(number(text)?).ok().filter(|&side| side > 0)
}

/// Frames per second as a fraction, to the time between two. `0:0` and the like: unknown.
fn rate(text: &[u8]) -> Option<Option<Duration>> {
    let colon = text.iter().position(|&byte| byte == b':')?;
    let (frames, seconds) = (number(&text[..colon])?, number(&text[colon + 1..])?);
    let nanoseconds = (u128::from(seconds) * 1_000_000_000).checked_div(frames.into()).unwrap_or(0);
    Some(u64::try_from(nanoseconds).ok().filter(|&nanoseconds| nanoseconds > 0).map(Duration::from_nanos))
}

/// Bytes for a message, at most 40 of them.
fn shown(bytes: &[u8]) -> String {
    bytes[..bytes.len().min(40)].escape_ascii().to_string()
}

/// Finds frames in a window of bytes that grows at its end.
#[derive(Debug, Default)]
pub(super) struct Yuv {
    /// What the first line said, and the bytes of a frame. None: it has not come.
    header: Option<(Header, usize)>,
    /// Whether the next line's place is unknown.
    is_lost: bool,
    /// Whether frames must prove that they are as long as they should be, by what follows them: after one that was not.
    /// Streams of some versions of GStreamer have padded rows, of which their header says nothing.
    is_suspect: bool,
}

/// How a window begins.
enum Line {
    /// Like this, and so many bytes later the line's end.
    Ends(usize),
    /// Like this, and the line's end has not come.
    Open,
    /// Too short to say.
    Short,
    /// The line's end should have come.
    Endless,
    /// Otherwise.
    Other,
}

/// Whether a line with that beginning stands at the front, at most so long.
fn line(window: &[u8], beginning: &[u8], limit: usize) -> Line {
    if !window.iter().zip(beginning).all(|(a, b)| a == b) {
        return Line::Other;
    }
    if window.len() < beginning.len() {
        return Line::Short;
    }
    match window.iter().take(limit).position(|&byte| byte == b'\n') {
        Some(end) => Line::Ends(end),
        None if window.len() >= limit => Line::Endless,
        None => Line::Open,
    }
}

impl Yuv {
    /// Looks at what has come; `has_ended`: nothing more will.
    ///
    /// # Errors
    /// [`StreamError`] for a first line that makes no sense. Later ones are skipped.
    pub(super) fn scan(&mut self, window: &[u8], has_ended: bool) -> Result<Found, StreamError> {
        let Some((_, bytes)) = self.header else { return self.first(window, has_ended) };
        if self.is_lost {
            return Ok(self.search(window, has_ended));
        }
        if window.is_empty() {
            return Ok(if has_ended { Found::End } else { Found::More });
        }
        match line(window, FRAME, limits::FRAME_LINE) {
            // Behind the word stands the line's end, or a field.
            Line::Ends(end) if end == FRAME.len() || window[FRAME.len()] == b' ' => {
                let found = window.len() - (end + 1);
                if let Some(rest) = window.get(end + 1 + bytes..) {
                    return Ok(self.frame(end + 1, bytes, rest, has_ended));
                }
                if !has_ended {
                    return Ok(Found::More);
                }
                Ok(Found::Broken { end: window.len(), problem: Corruption::Short { expected: bytes, found } })
            }
            Line::Open | Line::Short if !has_ended => Ok(Found::More),
            // Two streams, one after the other.
            Line::Other => match line(window, MAGIC, limits::HEADER) {
                Line::Open | Line::Short if !has_ended => Ok(Found::More),
                Line::Ends(end) => match sized(&window[..end]) {
                    Ok(next) => {
                        self.header = Some(next);
                        Ok(Found::Header(end + 1, next.0))
                    }
                    Err(_) => Ok(self.lose()),
                },
                _ => Ok(self.lose()),
            },
            _ => Ok(self.lose()),
        }
    }

    fn first(&mut self, window: &[u8], has_ended: bool) -> Result<Found, StreamError> {
        match line(window, MAGIC, limits::HEADER) {
            Line::Ends(end) => {
                let header = sized(&window[..end])?;
                self.header = Some(header);
                Ok(Found::Header(end + 1, header.0))
            }
            Line::Open | Line::Short if !has_ended => Ok(Found::More),
            Line::Endless => Err(StreamError::Endless),
            _ => Err(StreamError::CutHeader),
        }
    }

    /// A frame that has come whole, if what follows it does not say otherwise.
    fn frame(&mut self, start: usize, bytes: usize, rest: &[u8], has_ended: bool) -> Found {
        let end = start + bytes;
        let follows = |sign: &[u8]| rest.iter().zip(sign).all(|(a, b)| a == b);
        if self.is_suspect {
            if !follows(FRAME) && !follows(MAGIC) {
                self.is_lost = true;
                return Found::Broken { end, problem: Corruption::Senseless };
            }
            // The beginning of a sign may still become something else.
            let is_whole = |sign: &[u8]| rest.len() >= sign.len() && follows(sign);
            if !is_whole(FRAME) && !is_whole(MAGIC) && !has_ended {
                return Found::More;
            }
            self.is_suspect = false;
        }
        Found::Picture { start, end }
    }

    /// The line that should stand here does not.
    fn lose(&mut self) -> Found {
        (self.is_lost, self.is_suspect) = (true, true);
        Found::Broken { end: 0, problem: Corruption::Foreign }
    }

    /// Looks for the next frame's line, or for another stream's.
    fn search(&mut self, window: &[u8], has_ended: bool) -> Found {
        let signs: [&[u8]; 3] = [b"FRAME\n", b"FRAME ", MAGIC];
        // Not at the front: that is what made no sense.
        let rest = window.get(1..).unwrap_or_default();
        let place = (0..rest.len()).find(|&at| signs.iter().any(|sign| rest[at..].starts_with(sign)));
        match place {
            Some(at) => {
                self.is_lost = false;
                Found::Skip(1 + at)
            }
            None if has_ended && window.is_empty() => Found::End,
            None if has_ended => Found::Skip(window.len()),
            None => match window.len().saturating_sub(MAGIC.len()) {
                0 => Found::More,
                useless => Found::Skip(useless),
            },
        }
    }
}

/// A header, and how many bytes its frames have.
fn sized(line: &[u8]) -> Result<(Header, usize), StreamError> {
    let header = Header::parse(line)?;
    let bytes = header.bytes().ok_or(StreamError::Size(header.size))?;
    Ok((header, bytes))
}
