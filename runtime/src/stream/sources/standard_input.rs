//! A stream on standard input: Motion JPEG or YUV4MPEG2, as `rpicam-vid`, GStreamer and ffmpeg write them.
//!
//! Which of both it is, its first bytes say. Bytes come in pieces of any length; what lies between pictures is skipped, and
//! after bytes that make no sense the next whole picture goes on. A stream that ends is no loss, it is over.
//!
//! `docs/guide/cameras.md` has the pipes for users.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moead_model::architecture::ImageSize;

use super::{Mode, Next, Opener, Order, Source, SourceError};
use crate::preprocess::raw::Matrix;
use crate::stream::interrupt::Interrupt;
use crate::stream::uri::UriError;
use crate::stream::uri::query::Query;

pub mod feed;
pub mod limits;

mod buffer;
mod format;
mod jpegs;
mod reader;
mod yuv;

use feed::{Feed, StandardInput};
use reader::Reader;

/// What is asked of the stream.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StreamRequest {
    /// From one picture to the next, where the stream does not say it, or says it wrong.
    pub interval: Option<Duration>,
    /// What YCbCr means, which YUV4MPEG2 does not say. None: BT.601.
    pub matrix: Option<Matrix>,
}

impl StreamRequest {
    /// Reads the settings behind `-?`.
    ///
    /// # Errors
    /// [`UriError`]
    pub fn parse(query: &mut Query) -> Result<Self, UriError> {
        let rate = query.take_rate("fps")?;
        let matrix = query.take_with("matrix", "bt601 or bt709", |text| match text {
            "bt601" => Some(Matrix::Bt601),
            "bt709" => Some(Matrix::Bt709),
            _ => None,
        })?;
        Ok(Self { interval: rate.map(|rate| Duration::from_secs_f64(1.0 / rate)), matrix })
    }
}

/// Why standard input delivers no pictures.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// Somebody would have to type pictures.
    #[error("standard input: expected a stream of pictures, found a terminal")]
    Terminal,
    /// Neither of the formats.
    #[error("standard input: expected Motion JPEG or YUV4MPEG2, found {}", found(.likely, .first_bytes))]
    Unrecognised {
        /// What it looks like.
        likely: Option<&'static str>,
        /// At most [`limits::SHOWN_BYTES`] in hexadecimal; nothing when there are none.
        first_bytes: String,
    },
    /// A YUV4MPEG2 header with a field that makes no sense.
    #[error("standard input: the YUV4MPEG2 header has `{field}`, expected {expected}")]
    Field {
        /// As it stands there, cut short.
        field: String,
        /// What it could be.
        expected: &'static str,
    },
    /// A YUV4MPEG2 header without a field that it must have, or with one twice.
    #[error("standard input: the YUV4MPEG2 header has {count} `{field}`, expected one")]
    Count {
        /// Its letter.
        field: char,
        /// How many there are.
        count: usize,
    },
    /// A YUV4MPEG2 header that does not end.
    #[error("standard input: the YUV4MPEG2 header has no end after {} bytes", limits::HEADER)]
    Endless,
    /// A YUV4MPEG2 header that breaks off.
    #[error("standard input: the stream ends within the YUV4MPEG2 header")]
    CutHeader,
    /// Samples that are not read.
    #[error("standard input: expected 8-bit 4:2:0, 4:2:2, 4:4:4 or mono, found YUV4MPEG2 of kind {0}")]
    Colours(String),
    /// A picture beyond [`crate::preprocess::limits`].
    #[error("standard input: pictures of {}x{} are too large", .0.width, .0.height)]
    Size(ImageSize),
    /// [`StreamRequest::matrix`] for a format that needs none.
    #[error("standard input: the stream is Motion JPEG, which is always BT.601")]
    Matrix,
    /// Somebody else reads it: a thread that does not come back.
    #[error("standard input: it is still being read")]
    InUse,
    /// It cannot be read.
    #[error("standard input: {0}")]
    Read(#[from] io::Error),
}

impl StreamError {
    /// Whether what has come says for good that there are no pictures: what was read does not come again.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Terminal
            | Self::Unrecognised { .. }
            | Self::Field { .. }
            | Self::Count { .. }
            | Self::Endless
            | Self::CutHeader
            | Self::Colours(_)
            | Self::Size(_)
            | Self::Matrix => true,
            Self::InUse | Self::Read(_) => false,
        }
    }
}

fn found(likely: &Option<&'static str>, first_bytes: &str) -> String {
    match likely {
        _ if first_bytes.is_empty() => "nothing".to_owned(),
        Some(likely) => format!("{likely} (begins with {first_bytes})"),
        None => format!("bytes that begin with {first_bytes}"),
    }
}

/// How long opening waits for the first bytes, in readings of [`READING`]. A camera needs a second or two to begin; one that
/// begins later is waited for when its pictures are.
const READINGS: usize = 50;

/// How long one reading waits.
const READING: Duration = Duration::from_millis(100);

/// Opens the stream. Opening it again goes on where it was left.
pub struct StreamOpener {
    /// None while it is open.
    reader: Arc<Mutex<Option<Reader>>>,
    interrupt: Interrupt,
}

impl StreamOpener {
    /// Reads this program's standard input. Waiting for the first bytes ends early when `interrupt` is requested.
    pub fn new(request: StreamRequest, interrupt: Interrupt) -> Self {
        Self::over(request, Box::new(StandardInput), interrupt)
    }

    /// Reads bytes from somewhere else.
    pub fn over(request: StreamRequest, feed: Box<dyn Feed>, interrupt: Interrupt) -> Self {
        Self { reader: Arc::new(Mutex::new(Some(Reader::new(request, feed)))), interrupt }
    }
}

impl Opener for StreamOpener {
    fn open(&self) -> Result<Box<dyn Source>, SourceError> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner).take().ok_or(StreamError::InUse)?;
        // From here on, it goes back whatever happens.
        let mut stream = OpenStream { reader: Some(reader), home: Arc::clone(&self.reader) };
        if let Some(reader) = &mut stream.reader {
            for _ in 0..READINGS {
                if reader.recognise(READING)? || self.interrupt.is_requested() {
                    break;
                }
            }
        }
        Ok(Box::new(stream))
    }
}

/// The stream, while it is open.
struct OpenStream {
    /// None only while this is dropped.
    reader: Option<Reader>,
    home: Arc<Mutex<Option<Reader>>>,
}

impl Source for OpenStream {
    fn mode(&self) -> &Mode {
        static NONE: Mode = Mode { size: None, interval: None, description: String::new(), differences: Vec::new() };
        self.reader.as_ref().map_or(&NONE, Reader::mode)
    }

    fn next(&mut self, patience: Duration, order: Order) -> Result<Next<'_>, SourceError> {
        match &mut self.reader {
            Some(reader) => Ok(reader.next(patience, order)?),
            None => Ok(Next::End),
        }
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        *self.home.lock().unwrap_or_else(PoisonError::into_inner) = self.reader.take();
    }
}

#[cfg(test)]
mod tests;
