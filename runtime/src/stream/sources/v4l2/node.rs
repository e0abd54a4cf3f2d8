//! What is asked of the kernel about one device node, in the words of its API (Linux,
//! `Documentation/userspace-api/media/v4l/`, `include/uapi/linux/videodev2.h`).
//!
//! The rest of this folder knows these traits alone; `kernel` has them from a real device, tests from recorded answers.

use std::fmt;
use std::io;
use std::time::Duration;

use moead_model::architecture::ImageSize;

use crate::stream::sources::Order;

/// An open device node.
pub trait Node: Send {
    /// `VIDIOC_QUERYCAP`.
    ///
    /// # Errors
    /// By the kernel, as for all calls below.
    fn capabilities(&self) -> io::Result<Capabilities>;

    /// `VIDIOC_ENUM_FMT`: empty where the driver lists none.
    fn formats(&self) -> Vec<FormatDescription>;

    /// `VIDIOC_ENUM_FRAMESIZES`: empty where the driver lists none.
    fn sizes(&self, format: FourCc) -> Vec<Sizes>;

    /// `VIDIOC_ENUM_FRAMEINTERVALS`: empty where the driver lists none.
    fn intervals(&self, format: FourCc, size: ImageSize) -> Vec<Intervals>;

    /// `VIDIOC_G_FMT`.
    fn layout(&self) -> io::Result<Layout>;

    /// `VIDIOC_S_FMT`: what the driver made of it.
    fn set_layout(&self, request: &LayoutRequest) -> io::Result<Layout>;

    /// `VIDIOC_G_PARM`. None where the driver keeps no frame interval.
    fn interval(&self) -> io::Result<Option<Interval>>;

    /// `VIDIOC_S_PARM`: what the driver made of it.
    fn set_interval(&self, interval: Interval) -> io::Result<Option<Interval>>;

    /// `VIDIOC_QUERYCTRL` and `VIDIOC_QUERYMENU`: all controls, headings left out. Empty where the driver has none.
    fn controls(&self) -> Vec<Control>;

    /// `VIDIOC_G_CTRL`.
    fn value(&self, control: u32) -> io::Result<i64>;

    /// `VIDIOC_S_CTRL`.
    fn set_value(&self, control: u32, value: i64) -> io::Result<()>;

    /// `VIDIOC_REQBUFS`, `VIDIOC_QBUF`, `VIDIOC_STREAMON`: frames begin to come.
    ///
    /// # Errors
    /// [`CallError`]; nothing streams then.
    fn start(&self) -> Result<Box<dyn Frames>, CallError>;
}

/// Frames of a device that streams. Dropping it stops the device.
pub trait Frames: Send {
    /// Waits until the device has something to say, a frame or an error, but no longer than that; a signal ends the wait
    /// early.
    ///
    /// # Errors
    /// By the kernel.
    fn wait(&mut self, patience: Duration) -> io::Result<Ready>;

    /// Gives the frame before back and takes the next one, or the newest of those that are there. Only when
    /// [`Frames::wait`] says so: it might wait otherwise. None: there was none after all, which is no reason to give up.
    ///
    /// # Errors
    /// By the kernel; no further frame will come then.
    fn next(&mut self, order: Order) -> Result<Option<Buffer<'_>>, CallError>;
}

/// Whether there is something to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ready {
    /// A frame or an error.
    Something,
    /// Nothing yet.
    Nothing,
}

/// A frame in the device's memory.
#[derive(Debug, Clone, Copy)]
pub struct Buffer<'a> {
    /// The whole buffer, rounded up to pages.
    pub bytes: &'a [u8],
    /// How many of them the driver filled.
    pub used: usize,
    /// Whether the driver calls it broken (`V4L2_BUF_FLAG_ERROR`).
    pub is_flagged: bool,
    /// Counts frames, those that were lost included; wraps.
    pub sequence: u32,
    /// When it was taken.
    pub stamp: Stamp,
    /// Frames that were given back to get at this one.
    pub passed_over: u64,
}

/// A driver's time stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Seconds, perhaps nonsense.
    pub seconds: i64,
    /// Microseconds, perhaps nonsense.
    pub microseconds: i64,
    /// Whether the driver says that it is of `CLOCK_MONOTONIC`.
    pub is_monotonic: bool,
}

/// Why a stream does not start, or does not go on.
#[derive(Debug, thiserror::Error)]
#[error("{call}: {source}")]
pub struct CallError {
    /// What was refused, as the API calls it.
    pub call: &'static str,
    /// By the kernel.
    pub source: io::Error,
}

/// What a node is and can do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// The driver's name: `uvcvideo`.
    pub driver: String,
    /// The device's name for people.
    pub card: String,
    /// Where it is plugged in: `usb-0000:00:14.0-1`.
    pub bus: String,
    /// `V4L2_CAP_…` of this node.
    pub flags: u32,
}

impl Capabilities {
    /// `V4L2_CAP_VIDEO_CAPTURE`.
    pub const CAPTURE: u32 = 0x1;
    /// `V4L2_CAP_VIDEO_OUTPUT`.
    pub const OUTPUT: u32 = 0x2;
    /// `V4L2_CAP_VIDEO_CAPTURE_MPLANE`.
    pub const CAPTURE_PLANES: u32 = 0x1000;
    /// `V4L2_CAP_VIDEO_OUTPUT_MPLANE`.
    pub const OUTPUT_PLANES: u32 = 0x2000;
    /// `V4L2_CAP_VIDEO_M2M_MPLANE`.
    pub const CODEC_PLANES: u32 = 0x4000;
    /// `V4L2_CAP_VIDEO_M2M`.
    pub const CODEC: u32 = 0x8000;
    /// `V4L2_CAP_META_CAPTURE`.
    pub const METADATA: u32 = 0x80_0000;
    /// `V4L2_CAP_STREAMING`.
    pub const STREAMING: u32 = 0x400_0000;
    /// `V4L2_CAP_META_OUTPUT`.
    pub const METADATA_OUTPUT: u32 = 0x800_0000;
    /// `V4L2_CAP_IO_MC`: what it can do is decided elsewhere, on a media controller.
    pub const MEDIA_CONTROLLER: u32 = 0x2000_0000;

    /// Whether it has one of these.
    pub fn has(&self, flags: u32) -> bool {
        self.flags & flags != 0
    }
}

/// A pixel format's code, four characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FourCc(pub [u8; 4]);

impl FourCc {
    /// From the number in the API's structures.
    pub fn from_number(number: u32) -> Self {
        Self(number.to_le_bytes())
    }

    /// As in the API's structures.
    pub fn number(self) -> u32 {
        u32::from_le_bytes(self.0)
    }
}

impl fmt::Display for FourCc {
    /// Without trailing blanks; the last bit, which stands for big-endian, as `-BE`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.0;
        let is_big_endian = bytes[3] & 0x80 != 0;
        bytes[3] &= 0x7f;
        write!(f, "{}", bytes.trim_ascii_end().escape_ascii())?;
        if is_big_endian { f.write_str("-BE") } else { Ok(()) }
    }
}

/// A pixel format that a node offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatDescription {
    /// Its code.
    pub format: FourCc,
    /// For people.
    pub description: String,
}

/// A size as cameras' makers write it: `1280x720`.
#[derive(Debug, Clone, Copy)]
pub struct Pixels(pub ImageSize);

impl fmt::Display for Pixels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.0.width, self.0.height)
    }
}

/// Sizes of frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sizes {
    /// This one.
    One(ImageSize),
    /// Any from `least` to `most` in such steps, which are never 0.
    Range {
        /// Smallest.
        least: ImageSize,
        /// Largest.
        most: ImageSize,
        /// From one to the next.
        step: ImageSize,
    },
}

/// Time from one frame to the next in seconds, as a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// Never 0.
    pub numerator: u32,
    /// Never 0.
    pub denominator: u32,
}

impl Interval {
    /// None where one of them is 0: no time at all, or for ever.
    pub fn new(numerator: u32, denominator: u32) -> Option<Self> {
        (numerator > 0 && denominator > 0).then_some(Self { numerator, denominator })
    }

    /// The interval for so many frames per second: as drivers write it, 1/30 or 1001/30000, or else to a millionth.
    pub fn of_rate(rate: f64) -> Option<Self> {
        let candidates =
            [(1, rate.round()), (1001, (rate * 1.001).round() * 1000.0), (1_000_000, (rate * 1e6).round())];
        let is_close = |interval: &Self| (interval.rate() - rate).abs() <= rate * 1e-5;
        let intervals =
            candidates.into_iter().filter_map(|(numerator, denominator)| Self::new(numerator, denominator as u32));
        intervals.into_iter().find(is_close)
    }

    /// Frames per second.
    pub fn rate(self) -> f64 {
        f64::from(self.denominator) / f64::from(self.numerator)
    }

    /// As time; up to 136 years.
    pub fn duration(self) -> Duration {
        Duration::from_secs_f64(f64::from(self.numerator) / f64::from(self.denominator))
    }
}

impl fmt::Display for Interval {
    /// `30 fps`, `29.97 fps`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} fps", Rate(self.rate()))
    }
}

/// Frames per second as people write them: at most two digits behind the point.
#[derive(Debug, Clone, Copy)]
pub struct Rate(pub f64);

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", (self.0 * 100.0).round() / 100.0)
    }
}

/// Frame intervals that a node offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intervals {
    /// This one.
    One(Interval),
    /// Any from the shortest to the longest; the step between them is left to the driver.
    Range {
        /// The highest rate.
        shortest: Interval,
        /// The lowest rate.
        longest: Interval,
    },
}

/// How frames lie in memory, as the driver says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Of pixels.
    pub format: FourCc,
    /// Of the frame.
    pub size: ImageSize,
    /// `V4L2_FIELD_…`.
    pub field: u32,
    /// Bytes from one row to the next; 0 for compressed formats and careless drivers.
    pub stride: usize,
    /// Of a frame at most.
    pub bytes: usize,
    /// `V4L2_COLORSPACE_…`.
    pub colour_space: u32,
    /// `V4L2_YCBCR_ENC_…`, 0 for the default of the colour space.
    pub encoding: u32,
    /// `V4L2_QUANTIZATION_…`, 0 for the default of the colour space.
    pub quantization: u32,
}

/// What is asked with `VIDIOC_S_FMT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayoutRequest {
    /// Of pixels.
    pub format: FourCc,
    /// Of the frame.
    pub size: ImageSize,
    /// Bytes from one row to the next. None: the driver's choice, and never what somebody else asked before.
    pub stride: Option<u32>,
}

/// Something that can be set on a camera.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// `V4L2_CID_…`.
    pub id: u32,
    /// For people: `Exposure, Auto`.
    pub title: String,
    /// What its values are.
    pub kind: ControlKind,
    /// Smallest value.
    pub least: i64,
    /// Largest value.
    pub most: i64,
    /// From one value to the next.
    pub step: i64,
    /// What the driver begins with.
    pub default: i64,
    /// `V4L2_CTRL_FLAG_…`.
    pub flags: u32,
    /// Of menus.
    pub items: Vec<MenuItem>,
}

impl Control {
    /// `V4L2_CTRL_FLAG_DISABLED`.
    pub const DISABLED: u32 = 0x1;
    /// `V4L2_CTRL_FLAG_GRABBED`.
    pub const GRABBED: u32 = 0x2;
    /// `V4L2_CTRL_FLAG_READ_ONLY`.
    pub const READ_ONLY: u32 = 0x4;
    /// `V4L2_CTRL_FLAG_INACTIVE`.
    pub const INACTIVE: u32 = 0x10;
    /// `V4L2_CTRL_FLAG_WRITE_ONLY`.
    pub const WRITE_ONLY: u32 = 0x40;

    /// Whether it has one of these.
    pub fn has(&self, flags: u32) -> bool {
        self.flags & flags != 0
    }
}

/// What a control's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControlKind {
    /// Numbers.
    Integer,
    /// Off and on.
    Boolean,
    /// One of named items.
    Menu,
    /// One of numbers.
    IntegerMenu,
    /// Something that happens when it is set.
    Button,
    /// Bits.
    Bitmask,
    /// Text, 64 bits, tables and what else there may be, by `V4L2_CTRL_TYPE_…`.
    Other(u32),
}

/// A line of a control's menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MenuItem {
    /// The control's value for it.
    pub value: i64,
    /// Its name, or its number.
    pub title: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_shown_as_people_write_them() {
        assert_eq!(FourCc(*b"YUYV").to_string(), "YUYV");
        assert_eq!(FourCc(*b"Y16 ").to_string(), "Y16");
        assert_eq!(FourCc([b'Y', b'1', b'6', b' ' | 0x80]).to_string(), "Y16-BE");
        assert_eq!(FourCc([0, b'\n', 0xff, b'1']).to_string(), "\\x00\\n\\xff1");
        assert_eq!(FourCc::from_number(FourCc(*b"MJPG").number()), FourCc(*b"MJPG"));
    }

    #[test]
    fn rates_become_the_fractions_that_drivers_use() {
        let pair = |rate| Interval::of_rate(rate).map(|interval| (interval.numerator, interval.denominator));
        assert_eq!(pair(30.0), Some((1, 30)));
        assert_eq!(pair(29.97), Some((1001, 30000)));
        assert_eq!(pair(7.5), Some((1_000_000, 7_500_000)));
        assert_eq!(pair(1000.0), Some((1, 1000)));
        assert_eq!(pair(0.000_01), Some((1_000_000, 10)));
        assert_eq!(pair(1e-9), None);
        assert_eq!(Interval::of_rate(29.97).map(|interval| interval.to_string()).as_deref(), Some("29.97 fps"));
        assert_eq!(Interval::new(0, 30), None);
    }
}
