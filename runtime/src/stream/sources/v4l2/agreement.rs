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

#[cfg(test)]
mod tests {
    use super::super::recorded::{Desk, Device};
    use super::*;
    use crate::preprocess::raw::{ColourSpace, Matrix, PixelFormat, Range};
    use crate::stream::uri::query::Query;

    fn agreed(device: &Device, query: &str) -> Result<Agreement, String> {
        let desk = Desk::new([device.clone()]);
        let request = CameraRequest::parse("0", &mut Query::parse(query).unwrap()).unwrap();
        let path = Path::new("/dev/video0");
        let least = ImageSize { height: 100, width: 100 };
        let negotiation = Negotiation { machine: &*desk, path, node: device };
        negotiation.agree(&device.formats(), &request, least).map_err(|error| error.to_string())
    }

    fn differences(device: &Device, query: &str) -> Vec<String> {
        agreed(device, query).unwrap().mode.differences
    }

    #[test]
    fn what_the_driver_returns_is_what_is_used() {
        let agreement = agreed(&Device::vivid(), "size=320x180&format=YUYV&stride=1280").unwrap();
        let format = RawFormat {
            pixels: PixelFormat::Yuyv,
            size: ImageSize { height: 180, width: 320 },
            stride: 1280,
            colour: ColourSpace { matrix: Matrix::Bt601, range: Range::Limited },
        };
        // The last row has no padding.
        assert_eq!(agreement.frames, FrameFormat::Raw { format, bytes: 179 * 1280 + 640 });
        assert_eq!(agreement.mode.to_string(), "YUYV 320x180 at 30 fps");
        assert_eq!(agreement.mode.interval, Some(Duration::from_secs(1) / 30));
    }

    #[test]
    fn jpeg_is_taken_where_it_is_all_there_is() {
        let agreement = agreed(&Device::jpeg_loopback(), "").unwrap();
        assert_eq!(
            (agreement.frames, agreement.mode.to_string()),
            (FrameFormat::Jpeg, "MJPG 320x180 at 30 fps".into())
        );
    }

    #[test]
    fn each_difference_to_what_was_asked_is_said() {
        let stride = Device::vivid();
        assert_eq!(differences(&stride, "size=320x180&format=YUYV"), [] as [String; 0]);
        // It forgot its padding's size.
        stride.change(|answers| answers.forced_interval = Interval::of_rate(25.0));
        assert_eq!(
            differences(&stride, "size=320x180&format=YUYV&fps=30"),
            ["asked for 30 fps, the camera set 25 fps"]
        );
        let no_rate = Device::vivid();
        no_rate.change(|answers| {
            answers.interval = None;
            answers.refused.insert("VIDIOC_S_PARM", Errno::NOTTY);
        });
        assert_eq!(differences(&no_rate, "size=320x180&format=YUYV&fps=30"), ["the camera's frame rate cannot be set"]);
        assert_eq!(differences(&no_rate, "size=320x180&format=YUYV"), [] as [String; 0]);
        let gain = Device::vivid();
        gain.change(|answers| answers.stubborn = [(0x0098_0900, 9)].into());
        let words = ["control `brightness`: asked for 10, the camera set 9"];
        assert_eq!(differences(&gain, "size=320x180&format=YUYV&brightness=10"), words);
    }

    /// vivid that sets something else, whatever it said.
    fn with_layout(change: impl Fn(&mut Layout)) -> Device {
        let device = Device::vivid();
        device.change(|answers| {
            for (_, answer) in &mut answers.layouts {
                answer.iter_mut().for_each(&change);
            }
        });
        device
    }

    #[test]
    fn another_layout_than_the_one_that_was_asked_is_said_or_refused() {
        let query = "size=320x180&format=YUYV";
        let other =
            with_layout(|layout| (layout.format, layout.stride) = (Encoding::Raw(PixelFormat::Uyvy).format(), 640));
        let agreement = agreed(&other, query).unwrap();
        assert_eq!(agreement.mode.differences, ["asked for YUYV 320x180, the camera set UYVY 320x180"]);
        assert_eq!(agreement.mode.description, "UYVY 320x180 at 30 fps");
        let combed = with_layout(|layout| layout.field = field::INTERLACED);
        assert_eq!(differences(&combed, query), ["frames are interlaced: what moves has combs"]);
        let asked = format!("{query}&stride=1280");
        let padded = with_layout(|layout| layout.stride = 704);
        assert_eq!(differences(&padded, &asked), ["asked for rows of 1280 bytes, the camera set 704"]);
        // What careless drivers say when there is no padding.
        assert_eq!(differences(&with_layout(|layout| layout.stride = 0), query), [] as [String; 0]);
        for (device, words) in [
            (
                with_layout(|layout| layout.field = 7),
                "/dev/video0: the camera delivers half frames (V4L2_FIELD 7), which",
            ),
            (
                with_layout(|layout| layout.stride = 639),
                "/dev/video0: the camera delivers YUYV 320x180: a row takes 640 bytes",
            ),
            (with_layout(|layout| layout.size.width = 0), "/dev/video0: the camera delivers YUYV 0x180: "),
            (
                with_layout(|layout| layout.size.width = usize::MAX),
                "/dev/video0: the camera delivers YUYV 184467440737",
            ),
            (
                with_layout(|layout| layout.format = super::super::node::FourCc(*b"H264")),
                "/dev/video0: the camera delivers H264 320x180, which cannot be read",
            ),
        ] {
            let error = agreed(&device, query).unwrap_err();
            assert!(error.starts_with(words), "{error}");
        }
    }

    #[test]
    fn what_is_not_offered_is_refused_with_what_is() {
        for (query, words) in [
            ("format=MJPG", "MJPG; it offers YUYV, UYVY, YU12, NV12, GREY, Y16, RGB3, BGR3"),
            ("size=642x362", "642x362; it offers 320x180, 640x360, 640x480, 1280x720, 1920x1080, 3840x2160"),
            (
                "size=642x362&format=NV12",
                "642x362 in NV12; it offers 320x180, 640x360, 640x480, 1280x720, 1920x1080, 3840x2160",
            ),
            ("size=1280x720&fps=30", "1280x720 at 30 fps; it offers 1280x720 at 12.5, 10, 5, 4, 2, 1 fps"),
        ] {
            let error = agreed(&Device::vivid(), query).unwrap_err();
            assert_eq!(error, format!("/dev/video0: the camera does not offer {words}"));
        }
        let error = agreed(&Device::vivid(), "no_such=1").unwrap_err();
        assert_eq!(error, "/dev/video0: the camera has no control `no_such`");
    }
}
