//! A node of the running kernel, by the bare calls of the crate `v4l`.
//!
//! Their meaning is this file's: what the crate builds on them panics on names that are no UTF-8 (a card's name is cut after 31
//! bytes, wherever that is), on controls and colour spaces that it does not know, and, amid a panic, on a driver that cannot be
//! stopped. This is the only file with `unsafe`.
#![expect(unsafe_code, reason = "the kernel fills structures that are handed to it by address")]

use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsRawFd as _, RawFd};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::ptr::{NonNull, null_mut};
use std::slice;
use std::sync::Arc;
use std::time::Duration;

use moead_model::architecture::ImageSize;
use rustix::event::{self, PollFd, PollFlags, Timespec};
use rustix::fs::OFlags;
use rustix::io::Errno;
use v4l::v4l_sys as sys;
use v4l::v4l2::{self, vidioc};

use super::limits;
use super::node::{
    Buffer, CallError, Capabilities, Control, ControlKind, FormatDescription, FourCc, Frames, Interval, Intervals,
    Layout, LayoutRequest, MenuItem, Node, Ready, Sizes, Stamp,
};
use crate::stream::sources::Order;

/// One lies with us; some drivers (rcar-vin) begin only when four lie with them.
const BUFFERS: u32 = 5;
/// A device that is always ready must not keep us for ever.
const LONGEST_QUEUE: u64 = 16;
/// How long nothing is asked of a device that said it had something, and had nothing.
const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 10_000_000 };
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
/// `V4L2_BUF_TYPE_VIDEO_CAPTURE`.
const CAPTURE: u32 = 1;
/// `V4L2_MEMORY_MMAP`.
const DRIVERS_MEMORY: u32 = 1;
/// `V4L2_BUF_FLAG_ERROR`.
const BROKEN: u32 = 0x40;
/// `V4L2_BUF_FLAG_TIMESTAMP_MASK`.
const STAMP_KINDS: u32 = 0xe000;
/// `V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC`.
const MONOTONIC_STAMP: u32 = 0x2000;

/// An open node.
pub(super) struct KernelNode {
    door: Arc<dyn Door>,
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
        let flags = OFlags::NONBLOCK.bits().cast_signed();
        let node = File::options().read(true).write(true).custom_flags(flags).open(path)?;
        Ok(Self { door: Arc::new(node) })
    }

    fn ask<T: Plain>(&self, request: Request<T>, argument: &mut T) -> io::Result<()> {
        ask(&*self.door, request, argument)
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

    fn start(&self) -> Result<Box<dyn Frames>, CallError> {
        let refused = |call| move |source| CallError { call, source };
        let door = &*self.door;
        let mut request = buffers(BUFFERS);
        ask(door, REQUEST_BUFFERS, &mut request).map_err(refused("VIDIOC_REQBUFS"))?;
        // From here on whatever was taken is given back.
        let mut frames =
            KernelFrames { door: Arc::clone(&self.door), buffers: Vec::new(), lent: None, was_empty: false };
        for index in 0..request.count.min(limits::BUFFERS) {
            let mut answer = buffer(index);
            ask(door, QUERY_BUFFER, &mut answer).map_err(refused("VIDIOC_QUERYBUF"))?;
            frames.buffers.push(Mapping::of(door, &answer).map_err(refused("mmap"))?);
        }
        if frames.buffers.is_empty() {
            return Err(refused("VIDIOC_REQBUFS")(Errno::NOMEM.into()));
        }
        for index in 0..frames.buffers.len() {
            // A driver may refuse once.
            let queued = frames.queue(index).or_else(|_| frames.queue(index));
            queued.map_err(refused("VIDIOC_QBUF"))?;
        }
        ask(door, STREAM_ON, &mut CAPTURE.cast_signed()).map_err(refused("VIDIOC_STREAMON"))?;
        Ok(Box::new(frames))
    }
}

/// A stream that runs.
struct KernelFrames {
    door: Arc<dyn Door>,
    /// All that the driver has given, by their numbers.
    buffers: Vec<Mapping>,
    /// The one that lies with us.
    lent: Option<usize>,
    /// The device said that there is something, and there was nothing.
    was_empty: bool,
}

impl KernelFrames {
    /// Hands a buffer to the driver, to be filled.
    fn queue(&self, index: usize) -> io::Result<()> {
        let number = u32::try_from(index).map_err(|_| io::Error::from(Errno::INVAL))?;
        ask(&*self.door, QUEUE_BUFFER, &mut buffer(number))
    }

    /// A buffer that the driver has filled: its number, and what it says of it. None: there is none yet.
    fn dequeue(&self) -> io::Result<Option<(usize, sys::v4l2_buffer)>> {
        let mut answer = buffer(0);
        match ask_once(&*self.door, DEQUEUE_BUFFER, &mut answer) {
            Ok(()) => {}
            Err(error) if [Some(Errno::AGAIN), Some(Errno::INTR)].contains(&Errno::from_io_error(&error)) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
        let count = self.buffers.len();
        match usize::try_from(answer.index).ok().filter(|&index| index < count) {
            Some(index) => Ok(Some((index, answer))),
            None => Err(io::Error::other(format!("expected one of {count} buffers, found number {}", answer.index))),
        }
    }
}

impl Frames for KernelFrames {
    fn wait(&mut self, patience: Duration) -> io::Result<Ready> {
        if std::mem::take(&mut self.was_empty) {
            // A driver that is always ready and never has anything must not keep a processor busy.
            let _ = event::poll(&mut [], Some(&PAUSE));
        }
        match self.door.poll(patience) {
            Ok(ready) => Ok(ready),
            Err(error) if [Some(Errno::AGAIN), Some(Errno::INTR)].contains(&Errno::from_io_error(&error)) => {
                Ok(Ready::Nothing)
            }
            Err(error) => Err(error),
        }
    }

    fn next(&mut self, order: Order) -> Result<Option<Buffer<'_>>, CallError> {
        let taking = |source| CallError { call: "VIDIOC_DQBUF", source };
        let giving = |source| CallError { call: "VIDIOC_QBUF", source };
        if let Some(index) = self.lent.take() {
            self.queue(index).map_err(giving)?;
        }
        let Some((mut index, mut about)) = self.dequeue().map_err(taking)? else {
            self.was_empty = true;
            return Ok(None);
        };
        let mut passed_over = 0;
        while order == Order::Newest
            && passed_over < LONGEST_QUEUE
            && matches!(self.door.poll(Duration::ZERO), Ok(Ready::Something))
            && let Some((newer, about_newer)) = self.dequeue().map_err(taking)?
        {
            self.queue(index).map_err(giving)?;
            (index, about) = (newer, about_newer);
            passed_over += 1;
        }
        self.lent = Some(index);
        // SAFETY: the driver has handed this buffer out and writes to it again only when it is given back, which the next
        // call does, for which `self` must not be borrowed any more.
        let bytes = unsafe { self.buffers[index].bytes() };
        #[allow(clippy::useless_conversion, reason = "32 bits on some machines")]
        let stamp = Stamp {
            seconds: about.timestamp.tv_sec.into(),
            microseconds: about.timestamp.tv_usec.into(),
            is_monotonic: about.flags & STAMP_KINDS == MONOTONIC_STAMP,
        };
        let used = usize::try_from(about.bytesused).unwrap_or(usize::MAX).min(bytes.len());
        let is_flagged = about.flags & BROKEN != 0;
        Ok(Some(Buffer { bytes, used, is_flagged, sequence: about.sequence, stamp, passed_over }))
    }
}

impl Drop for KernelFrames {
    fn drop(&mut self) {
        // What a driver refuses now it refuses; its memory goes, and the node is closed behind this, whatever it says.
        let _ = ask(&*self.door, STREAM_OFF, &mut CAPTURE.cast_signed());
        self.buffers.clear();
        let _ = ask(&*self.door, REQUEST_BUFFERS, &mut buffers(0));
    }
}

/// A buffer of the driver's, in this process.
struct Mapping {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: it owns its memory, and reading that is the same in every thread.
unsafe impl Send for Mapping {}

impl Mapping {
    /// The buffer that `VIDIOC_QUERYBUF` has answered about.
    fn of(door: &dyn Door, about: &sys::v4l2_buffer) -> io::Result<Self> {
        const READ_AND_WRITE: i32 = 0x1 | 0x2;
        const SHARED: i32 = 0x1;
        let length = usize::try_from(about.length).map_err(|_| io::Error::from(Errno::NOMEM))?;
        // SAFETY: for memory that the driver allocates itself this is a number.
        let offset = unsafe { about.m.offset };
        #[allow(clippy::unnecessary_fallible_conversions, reason = "32 bits on some machines")]
        let offset = offset.try_into().map_err(|_| io::Error::from(Errno::OVERFLOW))?;
        // SAFETY: the kernel chooses a place where nothing is. An empty or wrong range is refused.
        let start = unsafe { v4l2::mmap(null_mut(), length, READ_AND_WRITE, SHARED, door.descriptor(), offset) }?;
        let start = NonNull::new(start.cast()).ok_or_else(|| io::Error::from(Errno::NOMEM))?;
        Ok(Self { start, length })
    }

    /// # Safety
    /// The driver must not write to the buffer while the bytes are borrowed.
    unsafe fn bytes(&self) -> &[u8] {
        // SAFETY: so much is mapped there as long as `self` lives.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: it was mapped at this place with this length, and nobody can have a reference into it any more.
        let _ = unsafe { v4l2::munmap(self.start.as_ptr().cast(), self.length) };
    }
}

/// What the kernel does with an open node.
trait Door: Send + Sync {
    /// Hands it a request.
    ///
    /// # Safety
    /// `argument` points to what the request takes, which nobody else uses meanwhile.
    unsafe fn ioctl(&self, number: vidioc::_IOC_TYPE, argument: *mut c_void) -> io::Result<()>;

    /// Waits, no longer than that, until there is a frame or an error.
    fn poll(&self, patience: Duration) -> io::Result<Ready>;

    /// Stays open as long as this.
    fn descriptor(&self) -> RawFd;
}

impl Door for File {
    unsafe fn ioctl(&self, number: vidioc::_IOC_TYPE, argument: *mut c_void) -> io::Result<()> {
        // SAFETY: as the caller has promised.
        unsafe { v4l2::ioctl(self.as_raw_fd(), number, argument) }
    }

    fn poll(&self, patience: Duration) -> io::Result<Ready> {
        let patience = Timespec::try_from(patience).map_err(|_| io::Error::from(Errno::INVAL))?;
        let ready = event::poll(&mut [PollFd::new(self, PollFlags::IN)], Some(&patience))?;
        Ok(if ready > 0 { Ready::Something } else { Ready::Nothing })
    }

    fn descriptor(&self) -> RawFd {
        self.as_raw_fd()
    }
}

/// Hands `argument` to the driver, which reads it and writes its answer there.
fn ask<T: Plain>(door: &dyn Door, request: Request<T>, argument: &mut T) -> io::Result<()> {
    loop {
        match ask_once(door, request, argument) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            answer => return answer,
        }
    }
}

/// The same, where a signal ends it.
fn ask_once<T: Plain>(door: &dyn Door, request: Request<T>, argument: &mut T) -> io::Result<()> {
    // SAFETY: the request is one whose argument is a `T`: `Request::new` was told so and has compared the sizes. `argument`
    // is one, nobody else uses it meanwhile, and whatever the kernel writes there is a `T`.
    unsafe { door.ioctl(request.number, (&raw mut *argument).cast()) }
}

/// A question for so many buffers.
fn buffers(count: u32) -> sys::v4l2_requestbuffers {
    let mut request = zeroed::<sys::v4l2_requestbuffers>();
    (request.count, request.type_, request.memory) = (count, CAPTURE, DRIVERS_MEMORY);
    request
}

/// A question about a buffer.
fn buffer(index: u32) -> sys::v4l2_buffer {
    let mut question = zeroed::<sys::v4l2_buffer>();
    (question.index, question.type_, question.memory) = (index, CAPTURE, DRIVERS_MEMORY);
    question
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
const REQUEST_BUFFERS: Request<sys::v4l2_requestbuffers> = Request::new(vidioc::VIDIOC_REQBUFS);
const QUERY_BUFFER: Request<sys::v4l2_buffer> = Request::new(vidioc::VIDIOC_QUERYBUF);
const QUEUE_BUFFER: Request<sys::v4l2_buffer> = Request::new(vidioc::VIDIOC_QBUF);
const DEQUEUE_BUFFER: Request<sys::v4l2_buffer> = Request::new(vidioc::VIDIOC_DQBUF);
const STREAM_ON: Request<i32> = Request::new(vidioc::VIDIOC_STREAMON);
const STREAM_OFF: Request<i32> = Request::new(vidioc::VIDIOC_STREAMOFF);

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
// SAFETY: integers.
unsafe impl Plain for sys::v4l2_requestbuffers {}
// SAFETY: integers, and unions of integers and raw pointers. The kernel follows those of memory that a program brings, and of
// frames in several planes; ours is always the driver's memory, in one.
unsafe impl Plain for sys::v4l2_buffer {}
// SAFETY: an integer.
unsafe impl Plain for i32 {}

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
mod tests;
