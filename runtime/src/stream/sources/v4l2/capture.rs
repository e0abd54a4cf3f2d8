//! A camera that streams: frames out of the driver's memory, one at a time.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::agreement::{self, Agreement, FrameFormat, is_gone};
use super::error::CameraError;
use super::node::{Frames, Layout, Node, Ready, Stamp};
use crate::stream::clock::{Clock, Monotonic};
use crate::stream::frame::{Arrival, Content};
use crate::stream::sources::{Corruption, Mode, Next, Order, Source, SourceError};

/// So many frames of a wrong size in a row are no accident.
const WRONG_SIZES: u32 = 10;
/// A stamp that lies further ahead is nonsense. vivid stamps the end of a frame that still lies ahead, at 1 frame per second
/// by 0.9 s.
const LONGEST_LEAD: Duration = Duration::from_secs(10);
/// A stamp of `CLOCK_MONOTONIC` that is older is nonsense: a buffer may have waited for a slow engine, but not that long.
const LONGEST_AGE: Duration = Duration::from_secs(60);
/// The same for a stamp of a clock that the driver does not name.
const LONGEST_UNKNOWN_AGE: Duration = Duration::from_secs(10);

/// A camera that streams.
pub(super) struct Camera {
    /// Stops when dropped, and so before the node is closed.
    frames: Box<dyn Frames>,
    node: Box<dyn Node>,
    path: PathBuf,
    agreed: FrameFormat,
    layout: Layout,
    mode: Mode,
    clock: Arc<dyn Clock>,
    /// Frames of a wrong size in a row.
    wrong: u32,
    /// Bytes of the frame before.
    last_used: Option<usize>,
    /// No frame came when one was waited for: a loopback's producer may have begun anew.
    was_quiet: bool,
    /// The first frame is not one.
    first: First,
}

/// What the first frame of a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    /// A frame like the others.
    Good,
    /// Bytes of a frame with the number 0 and the size of a whole buffer, whatever it really has: v4l2loopback 0.12.
    Unmarked,
}

impl First {
    /// As that driver does it.
    pub(super) fn of(driver: &str) -> Self {
        if driver == "v4l2 loopback" { Self::Unmarked } else { Self::Good }
    }
}

impl Camera {
    pub(super) fn new(
        path: PathBuf,
        node: Box<dyn Node>,
        frames: Box<dyn Frames>,
        agreement: Agreement,
        first: First,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let Agreement { layout, frames: agreed, mode } = agreement;
        Self { frames, node, path, agreed, layout, mode, clock, wrong: 0, last_used: None, was_quiet: false, first }
    }
}

fn failed(path: &Path, call: &'static str, source: io::Error) -> SourceError {
    let path = path.to_owned();
    SourceError::Camera(if is_gone(&source) {
        CameraError::Gone { path }
    } else {
        CameraError::Refused { path, call, source }
    })
}

/// Whether the driver still has the layout that was agreed. A driver that does not answer now is believed.
fn check_layout(node: &dyn Node, agreed: &Layout, path: &Path) -> Result<(), SourceError> {
    let Ok(now) = node.layout() else { return Ok(()) };
    if (now.format, now.size, now.stride) == (agreed.format, agreed.size, agreed.stride) {
        return Ok(());
    }
    let (agreed, mut found) = (agreement::words_of(agreed), agreement::words_of(&now));
    if agreed == found {
        found = format!("rows of {} bytes", now.stride);
    }
    Err(SourceError::Camera(CameraError::Changed { path: path.to_owned(), agreed, found }))
}

impl Source for Camera {
    fn mode(&self) -> &Mode {
        &self.mode
    }

    fn next(&mut self, patience: Duration, order: Order) -> Result<Next<'_>, SourceError> {
        match self.frames.wait(patience) {
            Ok(Ready::Something) => {}
            Ok(Ready::Nothing) => {
                self.was_quiet = true;
                return Ok(Next::Nothing);
            }
            Err(error) => return Err(failed(&self.path, "poll", error)),
        }
        if std::mem::take(&mut self.was_quiet) {
            check_layout(&*self.node, &self.layout, &self.path)?;
        }
        let path = &self.path;
        let taken = self.frames.next(order).map_err(|source| failed(path, "VIDIOC_DQBUF", source))?;
        if std::mem::replace(&mut self.first, First::Good) == First::Unmarked && taken.passed_over == 0 {
            return Ok(Next::Nothing);
        }
        let (sequence, passed_over) = (Some(taken.sequence), taken.passed_over);
        let corrupt = |problem| Ok(Next::Corrupt { sequence, passed_over, problem });
        if taken.is_flagged {
            return corrupt(Corruption::Flagged);
        }
        let content = match self.agreed {
            FrameFormat::Raw { format, bytes: expected } => {
                // Only a program behind a loopback changes its pictures' size without a word.
                if self.last_used.replace(taken.used).is_some_and(|last| last != taken.used) {
                    check_layout(&*self.node, &self.layout, &self.path)?;
                }
                match taken.bytes.get(..taken.used) {
                    Some(bytes) if bytes.len() >= expected => Ok(Content::Raw { format, bytes }),
                    _ => Err(expected),
                }
            }
            // What it shows and whether it is whole is for the decoder to say.
            FrameFormat::Jpeg => match taken.bytes.get(..taken.used) {
                Some(bytes) if !bytes.is_empty() => Ok(Content::Jpeg(bytes)),
                _ => Err(1),
            },
        };
        match content {
            Ok(content) => {
                self.wrong = 0;
                let captured = captured(taken.stamp, self.clock.monotonic());
                Ok(Next::Frame(Arrival { content, sequence, captured, passed_over, truth: None }))
            }
            Err(expected) => {
                self.wrong += 1;
                if self.wrong >= WRONG_SIZES {
                    let found = format!("frames of {} bytes, expected {expected}", taken.used);
                    let (path, agreed) = (self.path.clone(), self.mode.description.clone());
                    return Err(SourceError::Camera(CameraError::Changed { path, agreed, found }));
                }
                corrupt(Corruption::Short { expected, found: taken.used })
            }
        }
    }
}

/// When a frame was captured, if its stamp can be believed; never later than now.
fn captured(stamp: Stamp, now: Monotonic) -> Option<Monotonic> {
    let seconds = u64::try_from(stamp.seconds).ok()?;
    let microseconds = u32::try_from(stamp.microseconds).ok().filter(|&microseconds| microseconds < 1_000_000)?;
    if (seconds, microseconds) == (0, 0) {
        return None;
    }
    let moment = Monotonic::after(Duration::new(seconds, microseconds * 1000));
    let oldest = if stamp.is_monotonic { LONGEST_AGE } else { LONGEST_UNKNOWN_AGE };
    let is_believed = moment.since(now) <= LONGEST_LEAD && now.since(moment) <= oldest;
    is_believed.then_some(moment.min(now))
}
