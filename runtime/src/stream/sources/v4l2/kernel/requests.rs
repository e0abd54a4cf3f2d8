//! The questions of the API, each with the type of its argument, and how they reach a driver.
#![expect(unsafe_code, reason = "the kernel fills structures that are handed to it by address")]

use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsRawFd as _, RawFd};
use std::time::Duration;

use rustix::event::{self, PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use v4l::v4l_sys as sys;
use v4l::v4l2::{self, vidioc};

use crate::stream::sources::v4l2::node::Ready;

/// `V4L2_BUF_TYPE_VIDEO_CAPTURE`.
pub(super) const CAPTURE: u32 = 1;
/// `V4L2_MEMORY_MMAP`.
const DRIVERS_MEMORY: u32 = 1;

/// What the kernel does with an open node.
pub(super) trait Door: Send + Sync {
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
pub(super) fn ask<T: Plain>(door: &dyn Door, request: Request<T>, argument: &mut T) -> io::Result<()> {
    loop {
        match ask_once(door, request, argument) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            answer => return answer,
        }
    }
}

/// The same, where a signal ends it.
pub(super) fn ask_once<T: Plain>(door: &dyn Door, request: Request<T>, argument: &mut T) -> io::Result<()> {
    // SAFETY: the request is one whose argument is a `T`: `Request::new` was told so and has compared the sizes. `argument`
    // is one, nobody else uses it meanwhile, and whatever the kernel writes there is a `T`.
    unsafe { door.ioctl(request.number, (&raw mut *argument).cast()) }
}

/// A request of the API with an argument of that type.
pub(super) struct Request<T> {
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

pub(super) const QUERY_CAPABILITIES: Request<sys::v4l2_capability> = Request::new(vidioc::VIDIOC_QUERYCAP);
pub(super) const ENUMERATE_FORMATS: Request<sys::v4l2_fmtdesc> = Request::new(vidioc::VIDIOC_ENUM_FMT);
pub(super) const ENUMERATE_SIZES: Request<sys::v4l2_frmsizeenum> = Request::new(vidioc::VIDIOC_ENUM_FRAMESIZES);
pub(super) const ENUMERATE_INTERVALS: Request<sys::v4l2_frmivalenum> = Request::new(vidioc::VIDIOC_ENUM_FRAMEINTERVALS);
pub(super) const GET_FORMAT: Request<sys::v4l2_format> = Request::new(vidioc::VIDIOC_G_FMT);
pub(super) const SET_FORMAT: Request<sys::v4l2_format> = Request::new(vidioc::VIDIOC_S_FMT);
pub(super) const GET_PARAMETERS: Request<sys::v4l2_streamparm> = Request::new(vidioc::VIDIOC_G_PARM);
pub(super) const SET_PARAMETERS: Request<sys::v4l2_streamparm> = Request::new(vidioc::VIDIOC_S_PARM);
pub(super) const QUERY_CONTROL: Request<sys::v4l2_queryctrl> = Request::new(vidioc::VIDIOC_QUERYCTRL);
pub(super) const QUERY_MENU: Request<sys::v4l2_querymenu> = Request::new(vidioc::VIDIOC_QUERYMENU);
pub(super) const GET_CONTROL: Request<sys::v4l2_control> = Request::new(vidioc::VIDIOC_G_CTRL);
pub(super) const SET_CONTROL: Request<sys::v4l2_control> = Request::new(vidioc::VIDIOC_S_CTRL);
pub(super) const REQUEST_BUFFERS: Request<sys::v4l2_requestbuffers> = Request::new(vidioc::VIDIOC_REQBUFS);
pub(super) const QUERY_BUFFER: Request<sys::v4l2_buffer> = Request::new(vidioc::VIDIOC_QUERYBUF);
pub(super) const QUEUE_BUFFER: Request<sys::v4l2_buffer> = Request::new(vidioc::VIDIOC_QBUF);
pub(super) const DEQUEUE_BUFFER: Request<sys::v4l2_buffer> = Request::new(vidioc::VIDIOC_DQBUF);
pub(super) const STREAM_ON: Request<i32> = Request::new(vidioc::VIDIOC_STREAMON);
pub(super) const STREAM_OFF: Request<i32> = Request::new(vidioc::VIDIOC_STREAMOFF);

/// Structures of the API that hold numbers, and pointers that nobody follows.
///
/// # Safety
/// Every pattern of bits, all zeros included, is a value of the type, and the kernel follows no pointer in it.
pub(super) unsafe trait Plain: Copy {}

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

pub(super) fn zeroed<T: Plain>() -> T {
    // SAFETY: all zeros are a value of a plain structure.
    unsafe { std::mem::zeroed() }
}

/// A question for so many buffers.
pub(super) fn buffers(count: u32) -> sys::v4l2_requestbuffers {
    let mut request = zeroed::<sys::v4l2_requestbuffers>();
    (request.count, request.type_, request.memory) = (count, CAPTURE, DRIVERS_MEMORY);
    request
}

/// A question about a buffer.
pub(super) fn buffer(index: u32) -> sys::v4l2_buffer {
    let mut question = zeroed::<sys::v4l2_buffer>();
    (question.index, question.type_, question.memory) = (index, CAPTURE, DRIVERS_MEMORY);
    question
}
