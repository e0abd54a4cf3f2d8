//! What is agreed with a camera before it streams: asked, answered, and compared with what was asked.

use std::io;
use std::path::Path;
use std::time::Duration;

use moead_model::architecture::ImageSize;
use rustix::io::Errno;

use super::colour;
use super::controls;
use super::encoding::Encoding;
use super::error::CameraError;
use super::machine::{self, Machine};
use super::modes::{self, Choice, NotOffered, Wish};
use super::node::{FormatDescription, Interval, Layout, LayoutRequest, Node, Pixels, Rate};
use super::request::CameraRequest;
use crate::preprocess::raw::RawFormat;
use crate::stream::sources::Mode;

/// Rates that differ by less are the same.
const SAME_RATE: f64 = 0.01;

/// `V4L2_FIELD_…`: how the rows of one frame were taken.
mod field {
    pub(super) const ANY: u32 = 0;
    pub(super) const NONE: u32 = 1;
    pub(super) const INTERLACED: u32 = 4;
    pub(super) const INTERLACED_TOP: u32 = 8;
    pub(super) const INTERLACED_BOTTOM: u32 = 9;
}

/// What was agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Agreement {
    pub(super) layout: Layout,
    pub(super) frames: FrameFormat,
    pub(super) mode: Mode,
}

/// How the frames that will come are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameFormat {
    Raw {
        format: RawFormat,
        /// Bytes of a whole frame.
        bytes: usize,
    },
    Jpeg,
}

/// An open camera while something is agreed with it.
pub(super) struct Negotiation<'a> {
    pub(super) machine: &'a dyn Machine,
    pub(super) path: &'a Path,
    pub(super) node: &'a dyn Node,
}

impl Negotiation<'_> {
    /// Chooses a mode, sets it and the controls, and takes what the driver made of them.
    ///
    /// # Errors
    /// [`CameraError`]
    pub(super) fn agree(
        &self,
        formats: &[FormatDescription],
        request: &CameraRequest,
        least: ImageSize,
    ) -> Result<Agreement, CameraError> {
        let choice = self.choose(formats, request, least)?;
        let wish = LayoutRequest { format: choice.format, size: choice.size, stride: request.stride };
        self.node.set_layout(&wish).map_err(self.refused("VIDIOC_S_FMT"))?;
        let interval = self.set_interval(choice.interval)?;
        let path = self.path;
        let mut differences = controls::set(self.node, &request.controls)
            .map_err(|problem| CameraError::Control { path: path.into(), problem })?;
        // A control may have turned the picture, or changed its colours.
        let layout = self.node.layout().map_err(self.refused("VIDIOC_G_FMT"))?;
        let frames = self.frames(&layout, request, &mut differences)?;
        let (asked, found) = (words(choice.encoding, choice.size), words_of(&layout));
        if asked != found {
            differences.insert(0, format!("asked for {asked}, the camera set {found}"));
        }
        if let Some(words) = rate_difference(&choice, request, interval) {
            differences.push(words);
        }
        let rate = interval.map_or_else(String::new, |interval| format!(" at {interval}"));
        let mode = Mode {
            size: Some(layout.size),
            interval: interval.map(Interval::duration).filter(|interval| *interval > Duration::ZERO),
            description: format!("{found}{rate}"),
            differences,
        };
        Ok(Agreement { layout, frames, mode })
    }

    fn choose(
        &self,
        formats: &[FormatDescription],
        request: &CameraRequest,
        least: ImageSize,
    ) -> Result<Choice, CameraError> {
        let codes = || formats.iter().map(|format| format.format);
        if codes().all(|code| Encoding::of(code).is_none()) {
            return Err(CameraError::NoFormat { path: self.path.into(), formats: codes().collect() });
        }
        let not_offered = |not_offered| CameraError::NotOffered { path: self.path.into(), not_offered };
        let wish = Wish { encoding: request.encoding, size: request.size, rate: request.rate, least };
        let candidates = modes::candidates(self.node, formats, &wish);
        if let (true, Some(encoding)) = (candidates.is_empty(), request.encoding) {
            let offered = codes().filter_map(Encoding::of).map(|encoding| encoding.to_string()).collect();
            return Err(not_offered(NotOffered { asked: encoding.to_string(), offered }));
        }
        modes::choose(&candidates, &wish).map_err(not_offered)
    }

    /// Sets the frame interval where the driver keeps one, and says which it is.
    fn set_interval(&self, wish: Option<Interval>) -> Result<Option<Interval>, CameraError> {
        let answer = wish.map(|wish| self.node.set_interval(wish));
        match answer {
            Some(Ok(interval)) => Ok(interval),
            Some(Err(error)) if is_gone(&error) => Err(self.refused("VIDIOC_S_PARM")(error)),
            // Not every driver keeps one, and it can still stream.
            Some(Err(_)) | None => Ok(self.node.interval().unwrap_or(None)),
        }
    }

    /// How frames of that layout are read.
    fn frames(
        &self,
        layout: &Layout,
        request: &CameraRequest,
        differences: &mut Vec<String>,
    ) -> Result<FrameFormat, CameraError> {
        let unreadable = |found: String| CameraError::Unreadable { path: self.path.into(), found };
        let encoding = Encoding::of(layout.format).ok_or_else(|| unreadable(words_of(layout)))?;
        match layout.field {
            field::ANY | field::NONE => {}
            field::INTERLACED | field::INTERLACED_TOP | field::INTERLACED_BOTTOM => {
                differences.push("frames are interlaced: what moves has combs".into());
            }
            other => return Err(unreadable(format!("half frames (V4L2_FIELD {other})"))),
        }
        let Encoding::Raw(pixels) = encoding else { return Ok(FrameFormat::Jpeg) };
        let colours = colour::colours(layout, encoding);
        differences.extend(colours.difference);
        let mut format = RawFormat { pixels, size: layout.size, stride: 0, colour: colours.space };
        let row = format.row_bytes();
        // 0 is what careless drivers say when rows have no padding.
        format.stride = if layout.stride == 0 { row } else { layout.stride };
        if let Some(stride) = request.stride.filter(|&stride| stride as usize != format.stride) {
            differences.push(format!("asked for rows of {stride} bytes, the camera set {}", format.stride));
        }
        let bytes = format.bytes().ok_or_else(|| {
            let problem = format.check().err().map_or_else(String::new, |error| format!(": {error}"));
            unreadable(format!("{}{problem}", words_of(layout)))
        })?;
        Ok(FrameFormat::Raw { format, bytes })
    }

    /// The typed error for what the kernel says.
    pub(super) fn refused(&self, call: &'static str) -> impl Fn(io::Error) -> CameraError + '_ {
        move |source| {
            let path = self.path.to_owned();
            match Errno::from_io_error(&source) {
                Some(Errno::BUSY) => CameraError::Busy { holders: machine::holders(self.machine, &path), path },
                Some(Errno::NODEV | Errno::NXIO) => CameraError::Gone { path },
                _ => CameraError::Refused { path, call, source },
            }
        }
    }
}

/// Whether the device itself is not there any more.
pub(super) fn is_gone(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::NODEV | Errno::NXIO))
}

fn rate_difference(choice: &Choice, request: &CameraRequest, interval: Option<Interval>) -> Option<String> {
    let asked = request.rate.or_else(|| choice.interval.map(Interval::rate))?;
    match interval {
        Some(interval) if (interval.rate() - asked).abs() <= asked * SAME_RATE => None,
        Some(interval) => Some(format!("asked for {} fps, the camera set {interval}", Rate(asked))),
        None => request.rate.map(|_| "the camera's frame rate cannot be set".into()),
    }
}

fn words(encoding: Encoding, size: ImageSize) -> String {
    format!("{encoding} {}", Pixels(size))
}

/// `YUYV 640x480`.
pub(super) fn words_of(layout: &Layout) -> String {
    match Encoding::of(layout.format) {
        Some(encoding) => words(encoding, layout.size),
        None => format!("{} {}", layout.format, Pixels(layout.size)),
    }
}
