//! JPEG pictures one after the other, with or without something between them.
//!
//! A picture is followed from marker to marker (ISO/IEC 10918-1, B.1.1): an end marker inside of an application's segment,
//! where cameras put previews, ends nothing. What stands between pictures, such as the headers of
//! `multipart/x-mixed-replace`, is skipped.

use crate::stream::sources::Corruption;

use super::format::Found;
use super::limits;

/// How every picture begins: its start, and the next marker's first byte.
pub(super) const START: [u8; 3] = [0xff, 0xd8, 0xff];

/// Finds pictures in a window of bytes that grows at its end.
#[derive(Debug, Default)]
pub(super) struct Jpegs {
    state: State,
    /// Up to where the window was looked at. May lie behind its end: then so much is to be skipped.
    at: usize,
    /// Where the last segment begins.
    segment: usize,
    /// Bytes other than 0 since the last picture.
    between: usize,
    /// Whether it was said that something is wrong with them.
    is_told: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Looking for a picture.
    #[default]
    Between,
    /// In a picture, which begins at the window's front; `at` is where a marker must be.
    Segments,
    /// In a picture's data.
    Data,
}

/// What a marker means here.
enum Marker {
    Start,
    End,
    /// Has a length.
    Segment,
    Scan,
    /// Stands alone.
    Alone,
    /// Is none.
    None,
}

impl Marker {
    fn of(code: u8) -> Self {
        match code {
            0xd8 => Self::Start,
            0xd9 => Self::End,
            0xda => Self::Scan,
            0x01 | 0xd0..=0xd7 => Self::Alone,
            0xc0..=0xcf | 0xdb..=0xef | 0xfe => Self::Segment,
            _ => Self::None,
        }
    }
}

impl Jpegs {
    /// Looks at what has come; `has_ended`: nothing more will.
    pub(super) fn scan(&mut self, window: &[u8], has_ended: bool) -> Found {
        loop {
            let found = match self.state {
                State::Between => self.between(window, has_ended),
                State::Segments => self.segment(window),
                State::Data => self.data(window),
            };
            match found {
                None => {}
                Some(Found::More) if self.state != State::Between && window.len() > limits::JPEG_BYTES => {
                    return self.broken(window.len(), Corruption::Cut);
                }
                Some(Found::More) if self.state != State::Between && has_ended => {
                    // The segment's length may be what is wrong, and there may be pictures where it says there are none.
                    let end = if self.state == State::Segments { self.resumption(window) } else { window.len() };
                    return self.broken(end, Corruption::Cut);
                }
                Some(found) => return found,
            }
        }
    }

    fn between(&mut self, window: &[u8], has_ended: bool) -> Option<Found> {
        let start = start(window);
        let useless = start.unwrap_or_else(|| if has_ended { window.len() } else { window.len() - begun(window) });
        if useless > 0 {
            self.between += window[..useless].iter().filter(|&&byte| byte != 0).count();
            if self.between > limits::BETWEEN && !self.is_told {
                self.is_told = true;
                return Some(Found::Broken { end: useless, problem: Corruption::Foreign });
            }
            return Some(Found::Skip(useless));
        }
        if start.is_none() {
            return Some(if has_ended { Found::End } else { Found::More });
        }
        (self.state, self.at, self.segment) = (State::Segments, 2, 0);
        None
    }

    /// Follows one marker in front of or between scans. None: go on.
    fn segment(&mut self, window: &[u8]) -> Option<Found> {
        let Some(rest) = window.get(self.at..) else { return Some(Found::More) };
        let fill = rest.iter().take_while(|&&byte| byte == 0xff).count();
        let Some(&code) = rest.get(fill) else { return Some(Found::More) };
        let marker = if fill == 0 { Marker::None } else { Marker::of(code) };
        let after = self.at + fill + 1;
        match marker {
            Marker::Alone => self.at = after,
            Marker::End => return Some(self.picture(after)),
            Marker::Start => return Some(self.broken(after - 2, Corruption::Cut)),
            Marker::Segment | Marker::Scan => {
                let Some(length) = rest.get(fill + 1..).and_then(|bytes| bytes.first_chunk()) else {
                    return Some(Found::More);
                };
                let length = usize::from(u16::from_be_bytes(*length));
                if length < 2 {
                    return Some(self.broken(self.resumption(window), Corruption::Senseless));
                }
                self.segment = self.at;
                if !holds_previews(code) {
                    // No table holds the start of a picture, so one that seems to was cut before its end. Two bytes behind
                    // it are needed to tell.
                    let Some(segment) = window.get(self.at..after + length + 2) else { return Some(Found::More) };
                    if let Some(start) = start(segment) {
                        return Some(self.broken(self.at + start, Corruption::Cut));
                    }
                }
                self.at = after + length;
                if matches!(marker, Marker::Scan) {
                    self.state = State::Data;
                }
            }
            Marker::None => return Some(self.broken(self.resumption(window), Corruption::Senseless)),
        }
        None
    }

    /// Follows a scan's data up to its end. None: go on.
    fn data(&mut self, window: &[u8]) -> Option<Found> {
        loop {
            let Some(rest) = window.get(self.at..) else { return Some(Found::More) };
            let Some(marker) = rest.iter().position(|&byte| byte == 0xff) else {
                self.at = window.len();
                return Some(Found::More);
            };
            self.at += marker;
            let (code, next) = (rest.get(marker + 1), rest.get(marker + 2));
            match (code, next) {
                (Some(0xd9), _) => return Some(self.picture(self.at + 2)),
                // The last bytes of the window need company.
                (None, _) | (_, None) => return Some(Found::More),
                (Some(0xd8), Some(0xff)) => return Some(self.broken(self.at, Corruption::Cut)),
                // Tables, comments and further scans.
                (Some(0xc4 | 0xda..=0xdd | 0xe0..=0xef | 0xfe), _) => {
                    self.state = State::Segments;
                    return None;
                }
                (Some(0xff), _) => self.at += 1,
                _ => self.at += 2,
            }
        }
    }

    /// Where to look for the next picture when a picture makes no sense: behind the last segment, if it is an application's,
    /// which may hold previews; else within it, since its length may be what is wrong.
    fn resumption(&self, window: &[u8]) -> usize {
        let code = window.get(self.segment..).and_then(|rest| rest.iter().find(|&&byte| byte != 0xff));
        match code {
            Some(&code) if holds_previews(code) => self.at.min(window.len()),
            _ => (self.segment + 2).min(window.len()),
        }
    }

    fn picture(&mut self, end: usize) -> Found {
        if end > limits::JPEG_BYTES {
            return self.broken(end, Corruption::Cut);
        }
        *self = Self::default();
        Found::Picture { start: 0, end }
    }

    /// Gives the picture up. How much of one that is too large has come makes no difference.
    fn broken(&mut self, end: usize, problem: Corruption) -> Found {
        // Whatever is left of it was told of with this.
        *self = Self { is_told: true, ..Self::default() };
        if end > limits::JPEG_BYTES {
            return Found::Broken { end: limits::JPEG_BYTES, problem: Corruption::Large { limit: limits::JPEG_BYTES } };
        }
        Found::Broken { end, problem }
    }
}

/// Whether a segment is an application's or a comment.
fn holds_previews(code: u8) -> bool {
    matches!(code, 0xe0..=0xef | 0xfe)
}

/// Where the first picture begins.
fn start(bytes: &[u8]) -> Option<usize> {
    bytes.windows(START.len()).position(|bytes| bytes == START)
}

/// How many bytes at the end may be the beginning of a picture.
fn begun(window: &[u8]) -> usize {
    (1..START.len()).rev().find(|&length| window.ends_with(&START[..length])).unwrap_or(0)
}
