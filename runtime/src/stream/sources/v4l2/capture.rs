//! A camera that streams: frames out of the driver's memory, one at a time.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::agreement::{self, Agreement, FrameFormat, is_gone};
use super::error::CameraError;
use super::node::{CallError, Frames, Layout, Node, Ready, Stamp};
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
    /// Number and stamp of the frame before.
    last: Option<(u32, Stamp)>,
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
        Self {
            frames,
            node,
            path,
            agreed,
            layout,
            mode,
            clock,
            wrong: 0,
            last: None,
            last_used: None,
            was_quiet: false,
            first,
        }
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
        let taken = self.frames.next(order).map_err(|CallError { call, source }| failed(path, call, source))?;
        let Some(taken) = taken else { return Ok(Next::Nothing) };
        if std::mem::replace(&mut self.first, First::Good) == First::Unmarked && taken.passed_over == 0 {
            return Ok(Next::Nothing);
        }
        // A driver that does not count its frames gives each the same number, and a stamp of its own or none. One that repeats
        // a frame repeats its stamp, too.
        let before = self.last.replace((taken.sequence, taken.stamp));
        let is_stamped = (taken.stamp.seconds, taken.stamp.microseconds) != (0, 0);
        let is_counted =
            before.is_none_or(|(sequence, stamp)| sequence != taken.sequence || (is_stamped && stamp == taken.stamp));
        let (sequence, passed_over) = (is_counted.then_some(taken.sequence), taken.passed_over);
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

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::super::agreement::Negotiation;
    use super::super::recorded::{Desk, Device, Step, Still};
    use super::super::request::CameraRequest;
    use super::*;
    use crate::stream::clock::WallClock;
    use crate::stream::interrupt::Interrupt;
    use crate::stream::uri::query::Query;
    use moead_model::architecture::ImageSize;

    /// A clock that stands still, 10 s after the machine's start.
    struct Still10;

    impl Clock for Still10 {
        fn monotonic(&self) -> Monotonic {
            Monotonic::after(Duration::from_secs(10))
        }

        fn wall(&self) -> WallClock {
            WallClock::default()
        }

        fn pause(&self, _duration: Duration, _interrupt: &Interrupt) {}
    }

    /// Bytes of the loopback's frames.
    const WHOLE: usize = 320 * 180 * 2;

    fn streaming(device: &Device, first: First, script: impl IntoIterator<Item = Step>) -> Camera {
        device.change(|answers| answers.script.extend(script));
        let desk = Desk::new([device.clone()]);
        let path = PathBuf::from("/dev/video0");
        let request = CameraRequest::parse("0", &mut Query::parse("").unwrap()).unwrap();
        let negotiation = Negotiation { machine: &*desk, path: &path, node: device };
        let least = ImageSize { height: 100, width: 100 };
        let agreement = negotiation.agree(&device.formats(), &request, least).unwrap();
        let frames = device.start().unwrap();
        Camera::new(path, Box::new(device.clone()), frames, agreement, first, Arc::new(Still10))
    }

    fn frame(sequence: u32, used: usize) -> Step {
        Step::Frame(Still::new(sequence, used))
    }

    fn number(sequence: Option<u32>) -> String {
        sequence.map_or("uncounted".to_owned(), |sequence| sequence.to_string())
    }

    /// What comes, in words.
    fn next(camera: &mut Camera, order: Order) -> String {
        match camera.next(Duration::ZERO, order) {
            Ok(Next::Frame(arrival)) => {
                let bytes = match arrival.content {
                    Content::Raw { bytes, .. } | Content::Jpeg(bytes) => bytes.len(),
                    Content::File(_) => 0,
                };
                format!("{} of {bytes}, after {}", number(arrival.sequence), arrival.passed_over)
            }
            Ok(Next::Corrupt { sequence, passed_over, problem }) => {
                format!("{}: {problem}, after {passed_over}", number(sequence))
            }
            Ok(Next::Nothing) => "nothing".into(),
            Ok(Next::End) => "end".into(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_newest_frame_passes_the_others_over_and_the_oldest_does_not() {
        let frames = || (5..8).map(|sequence| frame(sequence, WHOLE));
        let mut camera = streaming(&Device::yuyv_loopback(), First::Good, frames());
        assert_eq!(next(&mut camera, Order::Newest), "7 of 115200, after 2");
        assert_eq!(next(&mut camera, Order::Newest), "nothing");
        let mut camera = streaming(&Device::yuyv_loopback(), First::Good, frames());
        assert_eq!(next(&mut camera, Order::Oldest), "5 of 115200, after 0");
        assert_eq!(next(&mut camera, Order::Oldest), "6 of 115200, after 0");
    }

    #[test]
    fn a_first_frame_without_its_marks_is_left_out() {
        let frames = [frame(0, WHOLE), frame(72, WHOLE)];
        let mut camera = streaming(&Device::yuyv_loopback(), First::of("v4l2 loopback"), frames);
        assert_eq!(next(&mut camera, Order::Oldest), "nothing");
        assert_eq!(next(&mut camera, Order::Oldest), "72 of 115200, after 0");
        assert_eq!(First::of("uvcvideo"), First::Good);
    }

    #[test]
    fn a_number_that_stands_still_counts_nothing_unless_the_stamp_does_too() {
        let stamped = |sequence, microseconds| {
            let stamp = Stamp { seconds: 9, microseconds, is_monotonic: true };
            Step::Frame(Still { stamp, ..Still::new(sequence, WHOLE) })
        };
        let script = [stamped(0, 100), stamped(0, 200), stamped(0, 200), stamped(0, 300), stamped(1, 400)];
        let mut camera = streaming(&Device::yuyv_loopback(), First::Good, script);
        for words in ["0", "uncounted", "0", "uncounted", "1"] {
            assert_eq!(next(&mut camera, Order::Oldest), format!("{words} of 115200, after 0"));
        }
    }

    #[test]
    fn a_frame_that_is_not_there_after_all_is_waited_for() {
        let mut camera = streaming(&Device::vivid(), First::Good, [Step::Empty, frame(3, 460_800)]);
        assert_eq!(next(&mut camera, Order::Oldest), "nothing");
        assert_eq!(next(&mut camera, Order::Oldest), "3 of 460800, after 0");
    }

    #[test]
    fn broken_frames_are_told_from_good_ones() {
        let mut flagged = Still::new(2, WHOLE);
        flagged.is_flagged = true;
        let frames = [frame(1, WHOLE), Step::Frame(flagged), frame(3, WHOLE - 1), frame(4, WHOLE)];
        let mut camera = streaming(&Device::yuyv_loopback(), First::Good, frames);
        for words in [
            "1 of 115200, after 0",
            "2: the driver marked the frame as broken, after 0",
            "3: the frame has 115199 bytes, expected 115200, after 0",
            "4 of 115200, after 0",
        ] {
            assert_eq!(next(&mut camera, Order::Oldest), words);
        }
    }

    #[test]
    fn pictures_are_as_long_as_the_driver_says_and_not_as_their_buffer() {
        let frames = [frame(1, 14_285), frame(2, 0), frame(3, 20_000)];
        let mut camera = streaming(&Device::jpeg_loopback(), First::Good, frames);
        assert_eq!(next(&mut camera, Order::Oldest), "1 of 14285, after 0");
        assert_eq!(next(&mut camera, Order::Oldest), "2: the frame has 0 bytes, expected 1, after 0");
        assert_eq!(next(&mut camera, Order::Oldest), "3 of 20000, after 0");
    }

    #[test]
    fn frames_of_another_size_again_and_again_are_a_change_of_format() {
        // A loopback's driver keeps saying the old size.
        let frames = (0..WRONG_SIZES).map(|sequence| frame(sequence, 28_800));
        let mut camera = streaming(&Device::yuyv_loopback(), First::Good, frames);
        for _ in 1..WRONG_SIZES {
            assert!(next(&mut camera, Order::Oldest).contains("28800 bytes, expected 115200"));
        }
        assert_eq!(
            next(&mut camera, Order::Oldest),
            "/dev/video0: the camera delivers something else since YUYV 320x180 at 30 fps was agreed: frames of 28800 bytes, \
             expected 115200"
        );
    }

    #[test]
    fn a_driver_that_changed_its_format_is_noticed_after_a_pause() {
        let device = Device::yuyv_loopback();
        let mut camera = streaming(&device, First::Good, [frame(1, WHOLE), Step::Quiet, frame(2, WHOLE), Step::Quiet]);
        assert_eq!(next(&mut camera, Order::Oldest), "1 of 115200, after 0");
        assert_eq!(next(&mut camera, Order::Oldest), "nothing");
        assert_eq!(next(&mut camera, Order::Oldest), "2 of 115200, after 0");
        assert_eq!(next(&mut camera, Order::Oldest), "nothing");
        device.change(|answers| {
            answers.script.push_back(frame(3, WHOLE));
            if let Some(layout) = &mut answers.layout {
                layout.size = ImageSize { height: 320, width: 180 };
            }
        });
        let changed = "/dev/video0: the camera delivers something else since YUYV 320x180 was agreed: YUYV 180x320";
        assert_eq!(next(&mut camera, Order::Oldest), changed);
    }

    #[test]
    fn a_failure_of_the_driver_ends_the_stream() {
        for (errno, words) in [
            (Errno::NODEV, "/dev/video0: the camera is gone"),
            (Errno::IO, "/dev/video0: VIDIOC_DQBUF: Input/output error (os error 5)"),
            (Errno::INVAL, "/dev/video0: VIDIOC_DQBUF: Invalid argument (os error 22)"),
        ] {
            let mut camera = streaming(&Device::vivid(), First::Good, [Step::Failure(errno)]);
            assert_eq!(next(&mut camera, Order::Newest), words);
        }
    }

    #[test]
    fn stamps_are_believed_as_far_as_they_make_sense() {
        let now = Still10.monotonic();
        let at = |seconds, microseconds, is_monotonic| captured(Stamp { seconds, microseconds, is_monotonic }, now);
        let moment = |milliseconds| Some(Monotonic::after(Duration::from_millis(milliseconds)));
        assert_eq!(at(9, 967_000, true), moment(9967));
        assert_eq!(at(9, 967_000, false), moment(9967));
        // The end of a frame that still lies ahead.
        assert_eq!(at(10, 29_000, true), Some(now));
        // Wrapped clocks, other clocks, none.
        for (seconds, microseconds) in
            [(9_223_372_036, 0), (i64::MAX, 0), (-1, 0), (9, -1), (9, 1_000_000), (1_767_323_045, 0), (0, 0)]
        {
            assert_eq!(at(seconds, microseconds, true), None, "{seconds} {microseconds}");
        }
        let later = Monotonic::after(Duration::from_secs(1000));
        let age = |seconds, is_monotonic| captured(Stamp { seconds, microseconds: 0, is_monotonic }, later);
        assert!(age(985, true).is_some() && age(985, false).is_none() && age(900, true).is_none());
    }
}
