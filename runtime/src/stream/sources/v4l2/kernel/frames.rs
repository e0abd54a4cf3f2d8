//! A stream of a node: its buffers, which the driver and this process hand to each other.
#![expect(unsafe_code, reason = "a driver's memory is seen by its address")]

use std::io;
use std::ptr::{NonNull, null_mut};
use std::slice;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{self, Timespec};
use rustix::io::Errno;
use v4l::v4l_sys as sys;
use v4l::v4l2;

use super::requests::{
    CAPTURE, DEQUEUE_BUFFER, Door, QUERY_BUFFER, QUEUE_BUFFER, REQUEST_BUFFERS, STREAM_OFF, STREAM_ON, ask, ask_once,
    buffer, buffers,
};
use crate::stream::sources::Order;
use crate::stream::sources::v4l2::limits;
use crate::stream::sources::v4l2::node::{Buffer, CallError, Frames, Ready, Stamp};

/// One lies with us; some drivers (rcar-vin) begin only when four lie with them.
const BUFFERS: u32 = 5;
/// A device that is always ready must not keep us for ever.
const LONGEST_QUEUE: u64 = 16;
/// How long nothing is asked of a device that said it had something, and had nothing.
const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 10_000_000 };
/// `V4L2_BUF_FLAG_ERROR`.
const BROKEN: u32 = 0x40;
/// `V4L2_BUF_FLAG_TIMESTAMP_MASK`.
const STAMP_KINDS: u32 = 0xe000;
/// `V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC`.
pub(super) const MONOTONIC_STAMP: u32 = 0x2000;

/// A stream that runs.
pub(super) struct KernelFrames {
    door: Arc<dyn Door>,
    /// All that the driver has given, by their numbers.
    buffers: Vec<Mapping>,
    /// The one that lies with us.
    lent: Option<usize>,
    /// The device said that there is something, and there was nothing.
    was_empty: bool,
}

impl KernelFrames {
    /// Asks for buffers, hands them to the driver and lets it begin.
    ///
    /// # Errors
    /// The call that the driver refuses; what it gave until then is given back.
    pub(super) fn start(door: Arc<dyn Door>) -> Result<Self, CallError> {
        let refused = |call| move |source| CallError { call, source };
        let mut request = buffers(BUFFERS);
        ask(&*door, REQUEST_BUFFERS, &mut request).map_err(refused("VIDIOC_REQBUFS"))?;
        // From here on whatever was taken is given back.
        let mut frames = Self { door, buffers: Vec::new(), lent: None, was_empty: false };
        let door = Arc::clone(&frames.door);
        for index in 0..request.count.min(limits::BUFFERS) {
            let mut answer = buffer(index);
            ask(&*door, QUERY_BUFFER, &mut answer).map_err(refused("VIDIOC_QUERYBUF"))?;
            frames.buffers.push(Mapping::of(&*door, &answer).map_err(refused("mmap"))?);
        }
        if frames.buffers.is_empty() {
            return Err(refused("VIDIOC_REQBUFS")(Errno::NOMEM.into()));
        }
        for index in 0..frames.buffers.len() {
            // A driver may refuse once.
            let queued = frames.queue(index).or_else(|_| frames.queue(index));
            queued.map_err(refused("VIDIOC_QBUF"))?;
        }
        ask(&*door, STREAM_ON, &mut CAPTURE.cast_signed()).map_err(refused("VIDIOC_STREAMON"))?;
        Ok(frames)
    }

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
