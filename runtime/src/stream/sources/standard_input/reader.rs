//! From bytes to pictures, as many as have come, without waiting longer than one may.

use std::time::Duration;

use crate::preprocess::raw::{ColourSpace, Matrix, PixelFormat, Range, RawFormat};
use crate::stream::frame::{Arrival, Content};
use crate::stream::sources::{Corruption, Mode, Next, Order};

use super::buffer::Buffer;
use super::feed::{Fed, Feed};
use super::format::{Format, Found, recognise};
use super::yuv::{Header, Scan};
use super::{StreamError, StreamRequest, limits};

/// Everything that is known about a stream.
pub(super) struct Reader {
    request: StreamRequest,
    feed: Box<dyn Feed>,
    buffer: Buffer,
    has_ended: bool,
    /// None: too little has come.
    format: Option<Format>,
    /// Of YUV4MPEG2.
    raw: Option<RawFormat>,
    mode: Mode,
    /// So many bytes at the front belong to the picture that was lent.
    lent: usize,
    /// A broken picture behind the one that was lent.
    told_next: Option<Corruption>,
}

impl Reader {
    pub(super) fn new(request: StreamRequest, feed: Box<dyn Feed>) -> Self {
        let mode = Mode { description: "standard input, of which nothing has come yet".to_owned(), ..Mode::default() };
        Self {
            request,
            feed,
            buffer: Buffer::default(),
            has_ended: false,
            format: None,
            raw: None,
            mode,
            lent: 0,
            told_next: None,
        }
    }

    /// What pictures are, as far as that is known.
    pub(super) fn mode(&self) -> &Mode {
        &self.mode
    }

    /// Reads once, if it is unknown yet what pictures are. Says whether it is known.
    ///
    /// # Errors
    /// [`StreamError`] when it can never be known.
    pub(super) fn recognise(&mut self, patience: Duration) -> Result<bool, StreamError> {
        if !self.is_known()? {
            if self.feed.is_terminal() {
                return Err(StreamError::Terminal);
            }
            self.fill(patience)?;
        }
        self.is_known()
    }

    /// Whether it is known what pictures are, from what has come.
    fn is_known(&mut self) -> Result<bool, StreamError> {
        if self.format.is_none() {
            let format = recognise(self.buffer.window(), self.has_ended)?;
            if matches!(format, Some(Format::Jpegs(_))) {
                if self.request.matrix.is_some() {
                    return Err(StreamError::Matrix);
                }
                "Motion JPEG on standard input".clone_into(&mut self.mode.description);
                self.mode.interval = self.request.interval;
            }
            self.format = format;
        }
        if let (Some(format @ Format::Yuv(_)), None) = (&mut self.format, self.raw)
            && let Found::Header(end, header) = format.scan(self.buffer.window(), self.has_ended)?
        {
            self.buffer.drop_front(end);
            self.agree(header);
        }
        Ok(self.has_mode())
    }

    /// Whether the mode says what pictures are.
    fn has_mode(&self) -> bool {
        matches!(self.format, Some(Format::Jpegs(_))) || self.raw.is_some()
    }

    /// From here on, frames are as this says.
    fn agree(&mut self, header: Header) {
        let colour = ColourSpace { matrix: self.request.matrix.unwrap_or(Matrix::Bt601), range: header.range };
        let (width, height) = (header.size.width, header.size.height);
        self.raw = Some(RawFormat { pixels: header.pixels, size: header.size, stride: width, colour });
        let kind = match header.pixels {
            PixelFormat::Yuv422p => "4:2:2",
            PixelFormat::Yuv444p => "4:4:4",
            PixelFormat::Grey => "mono",
            _ => "4:2:0",
        };
        let range = if header.range == Range::Full { ", full range" } else { "" };
        let rate = |interval: Duration| (100.0 / interval.as_secs_f64()).round() / 100.0;
        let interval = self.request.interval.or(header.interval);
        let fps = interval.map_or(String::new(), |interval| format!(" at {} fps", rate(interval)));
        self.mode = Mode {
            size: Some(header.size),
            interval,
            description: format!("YUV4MPEG2 {kind} {width}x{height}{fps}{range} on standard input"),
            differences: Vec::new(),
        };
        if let (Some(asked), Some(found)) = (self.request.interval, header.interval)
            && asked.abs_diff(found) > found / 100
        {
            let (asked, found) = (rate(asked), rate(found));
            self.mode.differences.push(format!("the stream says {found} fps, {asked} fps were asked for and count"));
        }
        if header.scan == Scan::Interlaced {
            self.mode.differences.push("the stream is interlaced: what moves has combed edges".to_owned());
        }
    }

    fn fill(&mut self, patience: Duration) -> Result<Fed, StreamError> {
        if self.has_ended {
            return Ok(Fed::End);
        }
        let fed = self.buffer.fill(&mut *self.feed, patience)?;
        self.has_ended = fed == Fed::End;
        Ok(fed)
    }

    /// The next picture. Waits once for `patience`, then takes what is there. Nothing, too, when it has become known what pictures
    /// are: whoever asks is to look at the mode first.
    ///
    /// # Errors
    /// [`StreamError`]
    pub(super) fn next(&mut self, patience: Duration, order: Order) -> Result<Next<'_>, StreamError> {
        self.buffer.drop_front(std::mem::take(&mut self.lent));
        if let Some(problem) = self.told_next.take() {
            return Ok(Next::Corrupt { sequence: None, passed_over: 0, problem });
        }
        let (mut patience, mut readings) = (patience, limits::READS);
        // The newest picture so far, and up to where the window was looked at.
        let (mut picture, mut done, mut passed_over) = (None, 0, 0);
        let mut was_known = self.has_mode();
        loop {
            let is_known = self.is_known()?;
            if std::mem::replace(&mut was_known, is_known) != is_known {
                return Ok(Next::Nothing);
            }
            let found = if is_known { self.look(done)? } else { Found::More };
            let end = match found {
                Found::Picture { start, end } => {
                    passed_over += u64::from(picture.is_some());
                    self.buffer.drop_front(done);
                    (picture, done) = (Some(start..end), end);
                    if order == Order::Oldest {
                        break;
                    }
                    continue;
                }
                Found::Broken { end, problem } => {
                    if picture.is_none() {
                        self.buffer.drop_front(done + end);
                        return Ok(Next::Corrupt { sequence: None, passed_over: 0, problem });
                    }
                    self.told_next = Some(problem);
                    done += end;
                    break;
                }
                Found::Skip(end) => end,
                // What is in hand is still as the header before says; this one is read again.
                Found::Header(..) if picture.is_some() => break,
                Found::Header(end, header) => {
                    self.buffer.drop_front(done + end);
                    self.agree(header);
                    return Ok(Next::Nothing);
                }
                Found::More if readings > 0 => {
                    readings -= 1;
                    let wait = if picture.is_some() { Duration::ZERO } else { patience };
                    if self.fill(wait)? == Fed::Nothing {
                        break;
                    }
                    patience = Duration::ZERO;
                    continue;
                }
                Found::More => break,
                Found::End if picture.is_none() => return Ok(Next::End),
                Found::End => break,
            };
            done += end;
            if picture.is_none() {
                self.buffer.drop_front(std::mem::take(&mut done));
            }
        }
        self.lent = done;
        let Some(picture) = picture else { return Ok(Next::Nothing) };
        let bytes = &self.buffer.window()[picture];
        let content = self.raw.map_or(Content::Jpeg(bytes), |format| Content::Raw { format, bytes });
        Ok(Next::Frame(Arrival { content, sequence: None, captured: None, passed_over, truth: None }))
    }

    /// Looks at the window from `done` on.
    fn look(&mut self, done: usize) -> Result<Found, StreamError> {
        let window = self.buffer.window().get(done..).unwrap_or_default();
        self.format.as_mut().map_or(Ok(Found::More), |format| format.scan(window, self.has_ended))
    }
}
