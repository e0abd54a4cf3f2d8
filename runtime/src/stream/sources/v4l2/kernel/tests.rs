//! The kernel's side is played: a driver whose memory is a file's, and that fails where a test says so.
#![expect(unsafe_code, reason = "the driver that is played fills structures that are handed to it by address")]

use std::collections::VecDeque;
use std::ffi::c_void;
use std::io::Write as _;
use std::os::fd::{AsRawFd as _, RawFd};
use std::sync::Mutex;
use std::time::Duration;

use v4l::v4l2::vidioc;

use super::answers::text;
use super::frames::MONOTONIC_STAMP;
use super::*;
use crate::stream::sources::Order;
use crate::stream::sources::v4l2::node::Ready;

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

/// Bytes of a buffer.
const PAGE: usize = 4096;

/// A driver.
struct Played {
    memory: File,
    state: Mutex<State>,
}

/// What it does, and what was asked of it.
#[derive(Default)]
struct State {
    /// So many buffers it gives.
    most: u32,
    queued: VecDeque<u32>,
    /// What `VIDIOC_DQBUF` answers first; then frames, as long as there are buffers.
    errors: VecDeque<Errno>,
    /// How many frames have been taken by now.
    ready: u32,
    sequence: u32,
    /// The number of the buffer that it names in place of the right one.
    named: Option<u32>,
    /// A request that it refuses.
    refused: Option<(vidioc::_IOC_TYPE, Errno)>,
    /// Requests that change something.
    log: Vec<&'static str>,
}

impl Played {
    fn with(state: State) -> Arc<Self> {
        let mut memory = tempfile::tempfile().unwrap();
        // Each buffer is full of its number.
        (0..8).for_each(|number| memory.write_all(&[number; PAGE]).unwrap());
        Arc::new(Self { memory, state: Mutex::new(state) })
    }

    /// With four buffers and so many frames.
    fn ready(ready: u32) -> Arc<Self> {
        Self::with(State { most: 4, ready, ..State::default() })
    }

    fn start(self: &Arc<Self>) -> Result<Box<dyn Frames>, CallError> {
        let door: Arc<dyn Door> = self.clone();
        KernelNode { door }.start()
    }

    fn log(&self) -> String {
        self.state.lock().unwrap().log.join(" ")
    }

    /// Whether a part of its memory is mapped in this process.
    fn is_mapped(&self) -> bool {
        let inode = format!(" {} ", self.memory.metadata().unwrap().ino());
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        maps.lines().any(|line| line.contains(&inode))
    }
}

impl Door for Played {
    unsafe fn ioctl(&self, number: vidioc::_IOC_TYPE, argument: *mut c_void) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        let state = &mut *state;
        if let Some((_, errno)) = state.refused.filter(|(refused, _)| *refused == number) {
            return Err(errno.into());
        }
        match number {
            vidioc::VIDIOC_REQBUFS => {
                // SAFETY: the argument of this request.
                let request = unsafe { &mut *argument.cast::<sys::v4l2_requestbuffers>() };
                request.count = request.count.min(state.most);
                state.log.push(if request.count == 0 { "none" } else { "some" });
            }
            vidioc::VIDIOC_QUERYBUF | vidioc::VIDIOC_QBUF | vidioc::VIDIOC_DQBUF => {
                // SAFETY: the argument of these requests.
                let buffer = unsafe { &mut *argument.cast::<sys::v4l2_buffer>() };
                match number {
                    vidioc::VIDIOC_QUERYBUF => {
                        buffer.length = PAGE as u32;
                        buffer.m.offset = buffer.index * PAGE as u32;
                    }
                    vidioc::VIDIOC_QBUF => {
                        assert!(!state.queued.contains(&buffer.index), "queued twice");
                        state.queued.push_back(buffer.index);
                    }
                    _ => {
                        if let Some(errno) = state.errors.pop_front() {
                            return Err(errno.into());
                        }
                        if state.ready == 0 {
                            return Err(Errno::AGAIN.into());
                        }
                        let index = state.queued.pop_front().ok_or(Errno::AGAIN)?;
                        (buffer.index, buffer.bytesused) = (state.named.unwrap_or(index), 100);
                        (buffer.sequence, buffer.flags) = (state.sequence, MONOTONIC_STAMP);
                        buffer.timestamp.tv_sec = 7;
                        state.sequence += 1;
                        state.ready -= 1;
                    }
                }
            }
            vidioc::VIDIOC_STREAMON => state.log.push("on"),
            vidioc::VIDIOC_STREAMOFF => state.log.push("off"),
            _ => return Err(Errno::NOTTY.into()),
        }
        Ok(())
    }

    fn poll(&self, _patience: Duration) -> io::Result<Ready> {
        let state = self.state.lock().unwrap();
        let is_ready = !state.errors.is_empty() || state.ready > 0 && !state.queued.is_empty();
        Ok(if is_ready { Ready::Something } else { Ready::Nothing })
    }

    fn descriptor(&self) -> RawFd {
        self.memory.as_raw_fd()
    }
}

/// A frame in words: its number, its buffer, and how many were passed over for it.
fn next(frames: &mut dyn Frames, order: Order) -> String {
    match frames.next(order) {
        Ok(Some(buffer)) => {
            assert_eq!((buffer.bytes.len(), buffer.used, buffer.stamp.seconds), (PAGE, 100, 7));
            assert!(buffer.stamp.is_monotonic && !buffer.is_flagged);
            format!("{} in {}, after {}", buffer.sequence, buffer.bytes[PAGE - 1], buffer.passed_over)
        }
        Ok(None) => "nothing".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn frames_come_out_of_the_drivers_memory_which_is_given_back() {
    let driver = Played::ready(4);
    let mut frames = driver.start().unwrap();
    assert_eq!(next(&mut *frames, Order::Oldest), "0 in 0, after 0");
    assert_eq!(next(&mut *frames, Order::Newest), "3 in 3, after 2");
    assert_eq!(next(&mut *frames, Order::Newest), "nothing");
    assert!(driver.is_mapped());
    drop(frames);
    assert_eq!(driver.log(), "some on off none");
    assert!(!driver.is_mapped());
}

#[test]
fn one_buffer_is_enough() {
    let driver = Played::with(State { most: 1, ready: 3, ..State::default() });
    let mut frames = driver.start().unwrap();
    assert_eq!(next(&mut *frames, Order::Newest), "0 in 0, after 0");
    assert_eq!(next(&mut *frames, Order::Newest), "1 in 0, after 0");
}

#[test]
fn a_driver_without_memory_says_so() {
    let driver = Played::with(State::default());
    let refusal = driver.start().err().map(|error| error.to_string());
    assert_eq!(refusal.as_deref(), Some("VIDIOC_REQBUFS: Cannot allocate memory (os error 12)"));
}

#[test]
fn a_frame_that_is_not_there_after_all_ends_nothing() {
    let driver = Played::ready(1);
    let mut frames = driver.start().unwrap();
    driver.state.lock().unwrap().errors = [Errno::AGAIN, Errno::INTR].into();
    assert_eq!(frames.wait(Duration::ZERO).unwrap(), Ready::Something);
    assert_eq!(next(&mut *frames, Order::Newest), "nothing");
    assert_eq!(frames.wait(Duration::ZERO).unwrap(), Ready::Something);
    assert_eq!(next(&mut *frames, Order::Newest), "nothing");
    assert_eq!(next(&mut *frames, Order::Newest), "0 in 0, after 0");
}

#[test]
fn a_driver_that_cannot_be_stopped_is_left_all_the_same() {
    for errno in [Errno::IO, Errno::NODEV] {
        let driver = Played::ready(1);
        let mut frames = driver.start().unwrap();
        driver.state.lock().unwrap().errors = [Errno::IO].into();
        assert_eq!(next(&mut *frames, Order::Newest), "VIDIOC_DQBUF: Input/output error (os error 5)");
        driver.state.lock().unwrap().refused = Some((vidioc::VIDIOC_STREAMOFF, errno));
        drop(frames);
        assert!(!driver.is_mapped());
        // Nobody but the test has it open.
        assert_eq!(Arc::strong_count(&driver), 1);
    }
}

#[test]
fn a_stream_that_does_not_begin_leaves_nothing() {
    for (number, words, log) in [
        (vidioc::VIDIOC_REQBUFS, "VIDIOC_REQBUFS", ""),
        (vidioc::VIDIOC_QUERYBUF, "VIDIOC_QUERYBUF", "some off none"),
        (vidioc::VIDIOC_QBUF, "VIDIOC_QBUF", "some off none"),
        (vidioc::VIDIOC_STREAMON, "VIDIOC_STREAMON", "some off none"),
    ] {
        let refused = Some((number, Errno::INVAL));
        let driver = Played::with(State { most: 4, refused, ..State::default() });
        let refusal = driver.start().err().map(|error| error.to_string());
        assert_eq!(refusal, Some(format!("{words}: Invalid argument (os error 22)")));
        assert_eq!(driver.log(), log);
        assert!(!driver.is_mapped());
    }
}

#[test]
fn a_buffer_that_nobody_gave_is_an_error() {
    let driver = Played::with(State { most: 4, ready: 1, named: Some(1_000_000), ..State::default() });
    let mut frames = driver.start().unwrap();
    let words = "VIDIOC_DQBUF: expected one of 4 buffers, found number 1000000";
    assert_eq!(next(&mut *frames, Order::Newest), words);
}
