//! A node of the running kernel, by the crate `v4l`.
//!
//! The crate maps, queues and takes the buffers. What it asks about a device, this file asks itself: the crate panics on
//! names that are no UTF-8 (a card's name is cut after 31 bytes, wherever that is), on controls and colour spaces that it
//! does not know, and has no `ycbcr_enc`. This is the only file with `unsafe`.
#![expect(unsafe_code, reason = "the kernel fills structures that are handed to it by address")]

use std::io;
use std::marker::PhantomData;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

use moead_model::architecture::ImageSize;
use rustix::event::PollFlags;
use rustix::io::Errno;
use v4l::buffer::{Flags, Type};
use v4l::io::mmap::Stream;
use v4l::io::traits::{CaptureStream, Stream as _};
use v4l::v4l_sys as sys;
use v4l::v4l2::{self, vidioc};

use super::limits;
use super::node::{
    Buffer, Capabilities, Control, ControlKind, FormatDescription, FourCc, Frames, Interval, Intervals, Layout,
    LayoutRequest, MenuItem, Node, Ready, Sizes, Stamp, StartError,
};
use crate::stream::sources::Order;

/// One lies with us; some drivers (rcar-vin) begin only when four lie with them.
const BUFFERS: u32 = 5;
/// A device that is always ready must not keep us for ever.
const LONGEST_QUEUE: u64 = 16;
/// How long the crate may wait for a frame that is there already.
const TAKING: Duration = Duration::from_secs(1);
/// Major number of video devices, `VIDEO_MAJOR`.
const VIDEO_MAJOR: u32 = 81;
/// `V4L2_PIX_FMT_PRIV_MAGIC`: the structure's later fields have a meaning.
const HAS_LATER_FIELDS: u32 = 0xfeed_cafe;
/// `V4L2_FIELD_NONE`: whole frames, not every second row.
const WHOLE_FRAMES: u32 = 1;
/// `V4L2_CAP_TIMEPERFRAME`.
const HAS_INTERVAL: u32 = 0x1000;
/// `V4L2_CAP_DEVICE_CAPS`.
const HAS_NODE_FLAGS: u32 = 0x8000_0000;
/// `V4L2_CTRL_FLAG_NEXT_CTRL`.
const NEXT_CONTROL: u32 = 0x8000_0000;
const CAPTURE: u32 = Type::VideoCapture as u32;

/// An open node.
pub(super) struct KernelNode {
    device: v4l::Device,
}

impl KernelNode {
    /// Opens a node for reading and writing, as the API wants it.
    ///
    /// # Errors
    /// By the kernel; `ENOTTY` for what is no video device: opening another kind of device may do things to it.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let metadata = std::fs::metadata(path)?;
        if !metadata.file_type().is_char_device() || rustix::fs::major(metadata.rdev()) != VIDEO_MAJOR {
            return Err(Errno::NOTTY.into());
        }
        Ok(Self { device: v4l::Device::with_path(path)? })
    }

    /// Hands `argument` to the driver, which reads it and writes its answer there.
    fn ask<T: Plain>(&self, request: Request<T>, argument: &mut T) -> io::Result<()> {
        loop {
            // SAFETY: the request is one whose argument is a `T`: `Request::new` was told so and has compared the sizes.
            // `argument` is one, nobody else uses it meanwhile, and whatever the kernel writes there is a `T`.
            let answer = unsafe { v4l2::ioctl(self.device.handle().fd(), request.number, (&raw mut *argument).cast()) };
            match answer {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                answer => return answer,
            }
        }
    }

    fn menu(&self, control: &sys::v4l2_queryctrl, kind: ControlKind) -> Vec<MenuItem> {
        if !matches!(kind, ControlKind::Menu | ControlKind::IntegerMenu) {
            return Vec::new();
        }
        let numbers = i64::from(control.minimum)..=i64::from(control.maximum);
        let item = |value: i64| {
            let mut query = zeroed::<sys::v4l2_querymenu>();
            (query.id, query.index) = (control.id, u32::try_from(value).ok()?);
            // Drivers leave out items that the device does not have.
            self.ask(QUERY_MENU, &mut query).ok()?;
            // SAFETY: both fields are numbers, of which every pattern of bits is one.
            let (name, number) = unsafe { (query.__bindgen_anon_1.name, query.__bindgen_anon_1.value) };
            let title = if kind == ControlKind::Menu { text(&name) } else { number.to_string() };
            Some(MenuItem { value, title })
        };
        numbers.take(limits::MENU_ITEMS as usize).filter_map(item).collect()
    }
}

impl Node for KernelNode {
    fn capabilities(&self) -> io::Result<Capabilities> {
        let mut answer = zeroed::<sys::v4l2_capability>();
        self.ask(QUERY_CAPABILITIES, &mut answer)?;
        // Before Linux 3.4 a driver told all its nodes' abilities at once.
        let has_node_flags = answer.capabilities & HAS_NODE_FLAGS != 0;
        Ok(Capabilities {
            driver: text(&answer.driver),
            card: text(&answer.card),
            bus: text(&answer.bus_info),
            flags: if has_node_flags { answer.device_caps } else { answer.capabilities },
        })
    }

    fn formats(&self) -> Vec<FormatDescription> {
        let format = |index| {
            let mut query = zeroed::<sys::v4l2_fmtdesc>();
            (query.index, query.type_) = (index, CAPTURE);
            self.ask(ENUMERATE_FORMATS, &mut query).ok()?;
            let format = FourCc::from_number(query.pixelformat);
            Some(FormatDescription { format, description: text(&query.description) })
        };
        (0..limits::FORMATS).map_while(format).collect()
    }

    fn sizes(&self, format: FourCc) -> Vec<Sizes> {
        let sizes = |index| {
            let mut query = zeroed::<sys::v4l2_frmsizeenum>();
            (query.index, query.pixel_format) = (index, format.number());
            self.ask(ENUMERATE_SIZES, &mut query).ok()?;
            // SAFETY: both fields are structures of numbers, of which every pattern of bits is one.
            let (one, range) = unsafe { (query.__bindgen_anon_1.discrete, query.__bindgen_anon_1.stepwise) };
            Some(if query.type_ == sys::v4l2_frmsizetypes_V4L2_FRMSIZE_TYPE_DISCRETE {
                Sizes::One(size(one.width, one.height))
            } else {
                Sizes::Range {
                    least: size(range.min_width, range.min_height),
                    most: size(range.max_width, range.max_height),
                    step: size(range.step_width.max(1), range.step_height.max(1)),
                }
            })
        };
        (0..limits::SIZES).map_while(sizes).collect()
    }

    fn intervals(&self, format: FourCc, size: ImageSize) -> Vec<Intervals> {
        let answers = (0..limits::INTERVALS).map_while(|index| {
            let mut query = zeroed::<sys::v4l2_frmivalenum>();
            (query.index, query.pixel_format) = (index, format.number());
            (query.width, query.height) = (u32::try_from(size.width).ok()?, u32::try_from(size.height).ok()?);
            self.ask(ENUMERATE_INTERVALS, &mut query).ok()?;
            Some(query)
        });
        let intervals = |query: sys::v4l2_frmivalenum| {
            // SAFETY: both fields are structures of numbers, of which every pattern of bits is one.
            let (one, range) = unsafe { (query.__bindgen_anon_1.discrete, query.__bindgen_anon_1.stepwise) };
            let interval = |fraction: sys::v4l2_fract| Interval::new(fraction.numerator, fraction.denominator);
            if query.type_ == sys::v4l2_frmivaltypes_V4L2_FRMIVAL_TYPE_DISCRETE {
                return interval(one).map(Intervals::One);
            }
            Some(Intervals::Range { shortest: interval(range.min)?, longest: interval(range.max)? })
        };
        answers.filter_map(intervals).collect()
    }

    fn layout(&self) -> io::Result<Layout> {
        let mut answer = zeroed::<sys::v4l2_format>();
        answer.type_ = CAPTURE;
        self.ask(GET_FORMAT, &mut answer)?;
        Ok(layout(&answer))
    }

    fn set_layout(&self, request: &LayoutRequest) -> io::Result<Layout> {
        let mut wish = zeroed::<sys::v4l2_format>();
        let mut pixels = zeroed::<sys::v4l2_pix_format>();
        let side = |side: usize| u32::try_from(side).map_err(|_| io::Error::from(Errno::INVAL));
        (pixels.width, pixels.height) = (side(request.size.width)?, side(request.size.height)?);
        pixels.pixelformat = request.format.number();
        pixels.field = WHOLE_FRAMES;
        pixels.bytesperline = request.stride.unwrap_or(0);
        pixels.priv_ = HAS_LATER_FIELDS;
        wish.type_ = CAPTURE;
        wish.fmt.pix = pixels;
        self.ask(SET_FORMAT, &mut wish)?;
        Ok(layout(&wish))
    }

    fn interval(&self) -> io::Result<Option<Interval>> {
        let mut answer = zeroed::<sys::v4l2_streamparm>();
        answer.type_ = CAPTURE;
        self.ask(GET_PARAMETERS, &mut answer)?;
        Ok(interval(&answer))
    }

    fn set_interval(&self, wish: Interval) -> io::Result<Option<Interval>> {
        let mut parameters = zeroed::<sys::v4l2_streamparm>();
        let mut capture = zeroed::<sys::v4l2_captureparm>();
        capture.timeperframe = sys::v4l2_fract { numerator: wish.numerator, denominator: wish.denominator };
        parameters.type_ = CAPTURE;
        parameters.parm.capture = capture;
        self.ask(SET_PARAMETERS, &mut parameters)?;
        Ok(interval(&parameters))
    }

    fn controls(&self) -> Vec<Control> {
        let mut controls = Vec::new();
        let mut last = 0;
        while controls.len() < limits::CONTROLS {
            let mut query = zeroed::<sys::v4l2_queryctrl>();
            query.id = last | NEXT_CONTROL;
            // A list that goes backwards would have no end.
            if self.ask(QUERY_CONTROL, &mut query).is_err() || query.id <= last {
                break;
            }
            last = query.id;
            if query.flags & Control::DISABLED == 0 && query.type_ != sys::v4l2_ctrl_type_V4L2_CTRL_TYPE_CTRL_CLASS {
                let kind = kind(query.type_);
                controls.push(control(&query, kind, self.menu(&query, kind)));
            }
        }
        controls
    }

    fn value(&self, id: u32) -> io::Result<i64> {
        let mut answer = sys::v4l2_control { id, value: 0 };
        self.ask(GET_CONTROL, &mut answer)?;
        Ok(i64::from(answer.value))
    }

    fn set_value(&self, id: u32, value: i64) -> io::Result<()> {
        // Bits beyond the 31st are a negative number in the API.
        let value = i32::try_from(value).or_else(|_| u32::try_from(value).map(u32::cast_signed));
        let mut wish = sys::v4l2_control { id, value: value.map_err(|_| io::Error::from(Errno::RANGE))? };
        self.ask(SET_CONTROL, &mut wish)
    }

    fn start(&self) -> Result<Box<dyn Frames>, StartError> {
        let refused = |call| move |source| StartError { call, source };
        let stream = Stream::with_buffers(&self.device, Type::VideoCapture, BUFFERS);
        let mut frames = KernelFrames { stream: Some(stream.map_err(refused("VIDIOC_REQBUFS"))?) };
        let Some(stream) = &mut frames.stream else { return Ok(Box::new(frames)) };
        stream.set_timeout(TAKING);
        // Buffer 0 counts as lent to us: the crate gives it back before it takes the first frame.
        for index in 1..=BUFFERS as usize * 2 {
            // One more attempt, as a driver may refuse once; the second time there is no such buffer.
            match stream.queue(index).or_else(|_| stream.queue(index)) {
                Ok(()) => {}
                Err(error) if index == 1 => return Err(refused("VIDIOC_QBUF")(error)),
                Err(_) => break,
            }
        }
        stream.start().map_err(refused("VIDIOC_STREAMON"))?;
        Ok(Box::new(frames))
    }
}

/// A stream that runs.
struct KernelFrames {
    /// None only while it is dropped.
    stream: Option<Stream<'static>>,
}

impl Frames for KernelFrames {
    fn wait(&mut self, patience: Duration) -> io::Result<Ready> {
        let Some(stream) = &self.stream else { return Ok(Ready::Nothing) };
        let milliseconds = i32::try_from(patience.as_millis()).unwrap_or(i32::MAX);
        match stream.handle().poll(PollFlags::IN.bits().cast_signed(), milliseconds) {
            Ok(0) => Ok(Ready::Nothing),
            Ok(_) => Ok(Ready::Something),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(Ready::Nothing),
            Err(error) => Err(error),
        }
    }

    fn next(&mut self, order: Order) -> io::Result<Buffer<'_>> {
        let Some(stream) = &mut self.stream else { return Err(Errno::NODEV.into()) };
        let handle = stream.handle();
        let is_ready = || matches!(handle.poll(PollFlags::IN.bits().cast_signed(), 0), Ok(ready) if ready > 0);
        let mut passed_over = 0;
        loop {
            let (bytes, about) = CaptureStream::next(stream)?;
            let (bytes, about) = (std::ptr::from_ref(bytes), *about);
            if order == Order::Newest && passed_over < LONGEST_QUEUE && is_ready() {
                passed_over += 1;
                continue;
            }
            // SAFETY: the bytes are a buffer of `stream`, mapped as long as it lives, and `self`, which owns it, stays
            // borrowed as long as they are. The driver does not write to it before the next call gives it back. (A
            // reference that is returned in one branch alone is more than the compiler can follow.)
            let bytes = unsafe { &*bytes };
            #[allow(clippy::useless_conversion, reason = "32 bits on some machines")]
            let stamp = Stamp {
                seconds: about.timestamp.sec.into(),
                microseconds: about.timestamp.usec.into(),
                is_monotonic: about.flags & Flags::TIMESTAMP_MASK == Flags::TIMESTAMP_MONOTONIC,
            };
            let used = usize::try_from(about.bytesused).unwrap_or(usize::MAX).min(bytes.len());
            let is_flagged = about.flags.contains(Flags::ERROR);
            return Ok(Buffer { bytes, used, is_flagged, sequence: about.sequence, stamp, passed_over });
        }
    }
}

impl Drop for KernelFrames {
    fn drop(&mut self) {
        if let Some(mut stream) = self.stream.take() {
            // The crate stops the stream itself and panics when that fails. What this call cannot do it cannot either, but
            // a driver that refuses once has then refused here.
            let _ = stream.stop();
            let _ = catch_unwind(AssertUnwindSafe(move || drop(stream)));
        }
    }
}

/// A request of the API with an argument of that type.
struct Request<T> {
    number: vidioc::_IOC_TYPE,
    argument: PhantomData<fn(&mut T)>,
}

impl<T> Clone for Request<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Request<T> {}

impl<T: Plain> Request<T> {
    /// `number` must be a request whose argument is a `T`. It carries the argument's size, which is compared.
    const fn new(number: vidioc::_IOC_TYPE) -> Self {
        assert!(((number >> 16) & 0x3fff) as usize == size_of::<T>(), "the request's argument is another type");
        Self { number, argument: PhantomData }
    }
}

const QUERY_CAPABILITIES: Request<sys::v4l2_capability> = Request::new(vidioc::VIDIOC_QUERYCAP);
const ENUMERATE_FORMATS: Request<sys::v4l2_fmtdesc> = Request::new(vidioc::VIDIOC_ENUM_FMT);
const ENUMERATE_SIZES: Request<sys::v4l2_frmsizeenum> = Request::new(vidioc::VIDIOC_ENUM_FRAMESIZES);
const ENUMERATE_INTERVALS: Request<sys::v4l2_frmivalenum> = Request::new(vidioc::VIDIOC_ENUM_FRAMEINTERVALS);
const GET_FORMAT: Request<sys::v4l2_format> = Request::new(vidioc::VIDIOC_G_FMT);
const SET_FORMAT: Request<sys::v4l2_format> = Request::new(vidioc::VIDIOC_S_FMT);
const GET_PARAMETERS: Request<sys::v4l2_streamparm> = Request::new(vidioc::VIDIOC_G_PARM);
const SET_PARAMETERS: Request<sys::v4l2_streamparm> = Request::new(vidioc::VIDIOC_S_PARM);
const QUERY_CONTROL: Request<sys::v4l2_queryctrl> = Request::new(vidioc::VIDIOC_QUERYCTRL);
const QUERY_MENU: Request<sys::v4l2_querymenu> = Request::new(vidioc::VIDIOC_QUERYMENU);
const GET_CONTROL: Request<sys::v4l2_control> = Request::new(vidioc::VIDIOC_G_CTRL);
const SET_CONTROL: Request<sys::v4l2_control> = Request::new(vidioc::VIDIOC_S_CTRL);

/// Structures of the API that hold numbers, and pointers that nobody follows.
///
/// # Safety
/// Every pattern of bits, all zeros included, is a value of the type, and the kernel follows no pointer in it.
unsafe trait Plain: Copy {}

// SAFETY: integers and arrays of integers.
unsafe impl Plain for sys::v4l2_capability {}
// SAFETY: integers and arrays of integers.
unsafe impl Plain for sys::v4l2_fmtdesc {}
// SAFETY: integers, and a union of structures of integers.
unsafe impl Plain for sys::v4l2_frmsizeenum {}
// SAFETY: integers, and a union of structures of integers.
unsafe impl Plain for sys::v4l2_frmivalenum {}
// SAFETY: integers, and a union of structures of integers and raw pointers. Only an overlay's has pointers that the kernel
// follows; ours is always one for capture.
unsafe impl Plain for sys::v4l2_format {}
// SAFETY: integers, and a union of an integer with another.
unsafe impl Plain for sys::v4l2_pix_format {}
// SAFETY: integers, and a union of structures of integers.
unsafe impl Plain for sys::v4l2_streamparm {}
// SAFETY: integers and arrays of integers.
unsafe impl Plain for sys::v4l2_captureparm {}
// SAFETY: integers and arrays of integers.
unsafe impl Plain for sys::v4l2_queryctrl {}
// SAFETY: integers, and a union of an integer with an array of bytes.
unsafe impl Plain for sys::v4l2_querymenu {}
// SAFETY: two integers.
unsafe impl Plain for sys::v4l2_control {}

fn zeroed<T: Plain>() -> T {
    // SAFETY: all zeros are a value of a plain structure.
    unsafe { std::mem::zeroed() }
}

fn layout(answer: &sys::v4l2_format) -> Layout {
    // SAFETY: the field is a structure of numbers, of which every pattern of bits is one.
    let (pixels, encoding) = unsafe { (answer.fmt.pix, answer.fmt.pix.__bindgen_anon_1.ycbcr_enc) };
    let has_later_fields = pixels.priv_ == HAS_LATER_FIELDS;
    Layout {
        format: FourCc::from_number(pixels.pixelformat),
        size: size(pixels.width, pixels.height),
        field: pixels.field,
        stride: pixels.bytesperline as usize,
        bytes: pixels.sizeimage as usize,
        colour_space: pixels.colorspace,
        encoding: if has_later_fields { encoding } else { 0 },
        quantization: if has_later_fields { pixels.quantization } else { 0 },
    }
}

fn interval(answer: &sys::v4l2_streamparm) -> Option<Interval> {
    // SAFETY: the field is a structure of numbers, of which every pattern of bits is one.
    let capture = unsafe { answer.parm.capture };
    let fraction = capture.timeperframe;
    // Some drivers have an interval and do not say so in their abilities, hence no look at the flag but where there is none.
    let is_kept = capture.capability & HAS_INTERVAL != 0 || fraction.denominator > 0;
    is_kept.then(|| Interval::new(fraction.numerator, fraction.denominator))?
}

fn control(query: &sys::v4l2_queryctrl, kind: ControlKind, items: Vec<MenuItem>) -> Control {
    let number = |value: i32| {
        let is_unsigned = kind == ControlKind::Bitmask;
        if is_unsigned { i64::from(value.cast_unsigned()) } else { i64::from(value) }
    };
    Control {
        id: query.id,
        title: text(&query.name),
        kind,
        least: number(query.minimum),
        most: number(query.maximum),
        step: i64::from(query.step.max(1)),
        default: number(query.default_value),
        flags: query.flags,
        items,
    }
}

fn kind(number: u32) -> ControlKind {
    match number {
        sys::v4l2_ctrl_type_V4L2_CTRL_TYPE_INTEGER => ControlKind::Integer,
        sys::v4l2_ctrl_type_V4L2_CTRL_TYPE_BOOLEAN => ControlKind::Boolean,
        sys::v4l2_ctrl_type_V4L2_CTRL_TYPE_MENU => ControlKind::Menu,
        sys::v4l2_ctrl_type_V4L2_CTRL_TYPE_INTEGER_MENU => ControlKind::IntegerMenu,
        sys::v4l2_ctrl_type_V4L2_CTRL_TYPE_BUTTON => ControlKind::Button,
        sys::v4l2_ctrl_type_V4L2_CTRL_TYPE_BITMASK => ControlKind::Bitmask,
        other => ControlKind::Other(other),
    }
}

fn size(width: u32, height: u32) -> ImageSize {
    ImageSize { height: height as usize, width: width as usize }
}

/// Text up to the first zero; bytes that are no UTF-8 are replaced.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_end_at_a_zero_and_may_be_cut_anywhere() {
        assert_eq!(text(b"HD Pro\0Webcam"), "HD Pro");
        assert_eq!(text("Kamera für".as_bytes().split_at(9).0), "Kamera f\u{fffd}");
        assert_eq!(text(b""), "");
    }

    #[test]
    fn what_is_no_video_device_is_not_opened() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let refused = |path: &Path| KernelNode::open(path).err().and_then(|error| error.raw_os_error());
        assert_eq!(refused(file.path()), Some(Errno::NOTTY.raw_os_error()));
        assert_eq!(refused(Path::new("/dev/null")), Some(Errno::NOTTY.raw_os_error()));
        assert_eq!(refused(Path::new("/dev/no-such")), Some(Errno::NOENT.raw_os_error()));
        assert!(KernelNode::open(Path::new("/dev/a\0b")).is_err());
    }
}
