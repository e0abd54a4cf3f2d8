//! A device that does what a script says.

use std::collections::VecDeque;

use super::*;
use crate::preprocess::raw::{ColourSpace, Matrix, PixelFormat, Range, RawFormat};
use crate::stream::frame::{Arrival, Content};
use crate::stream::sources::standard_input::StreamError;
use crate::stream::sources::{Corruption, Mode, Next, Order};

/// From one frame to the next.
pub(super) const INTERVAL: Duration = Duration::from_millis(100);

/// What one opening of the device leads to.
pub(super) enum Opening {
    /// An error.
    Fails(&'static str),
    /// A panic.
    Panics,
    /// Frames and faults, one after the other.
    Plays(Vec<Step>),
}

/// What the device does next.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// A grey frame: its number and its brightness.
    Frame(u32, u8),
    /// The same, after so many that were passed over.
    Late(u64, u32, u8),
    /// A broken frame of that number.
    Broken(u32),
    /// A frame with fewer bytes than its format needs, which only the converter notices.
    Cut(u32),
    /// Nothing for that long.
    Silence(Duration),
    /// It fails.
    Fails(&'static str),
    /// It turns out to be no stream of pictures, ever.
    FailsForGood,
    /// From here on it says that its frames are so.
    Becomes(&'static str),
    /// It panics.
    Panics,
    /// It hangs until it is let go.
    Hangs,
    /// It ends.
    End,
}

/// Opens the device, as often as the script says; after that there is nothing but silence.
pub(super) struct Script {
    openings: Mutex<VecDeque<Opening>>,
    clock: Arc<Scripted>,
    pub(super) opened: Mutex<Vec<Duration>>,
    /// Asked for, a device that hangs goes on.
    pub(super) released: Interrupt,
}

impl Script {
    pub(super) fn new(clock: &Arc<Scripted>, openings: Vec<Opening>) -> Arc<Self> {
        let (clock, openings) = (Arc::clone(clock), Mutex::new(openings.into()));
        Arc::new(Self { openings, clock, opened: Mutex::default(), released: Interrupt::default() })
    }

    /// As a source that waits, so that nothing depends on which thread is faster.
    pub(super) fn feed(self: &Arc<Self>) -> (Feed, Option<Box<dyn Source>>) {
        let opener = Arc::clone(self) as Arc<dyn Opener>;
        (Feed { opener, nature: Nature::Live, policy: Policy::Never, region: None }, None)
    }
}

impl Opener for Script {
    fn open(&self) -> Result<Box<dyn Source>, SourceError> {
        self.opened.lock().unwrap().push(self.clock.advance(Duration::ZERO));
        // Taken out first: a panic would poison the lock.
        let opening = self.openings.lock().unwrap().pop_front();
        let steps = match opening {
            Some(Opening::Fails(why)) => return Err(SourceError::Panicked(why.into())),
            Some(Opening::Panics) => panic!("opening panicked, as asked"),
            Some(Opening::Plays(steps)) => steps,
            None => Vec::new(),
        };
        let mode = Mode {
            size: Some(SIZE),
            interval: Some(INTERVAL),
            description: "grey 2x2".into(),
            differences: Vec::new(),
        };
        let (clock, released) = (Arc::clone(&self.clock), self.released.clone());
        Ok(Box::new(Device { steps: steps.into(), clock, released, mode, bytes: [0; 4] }))
    }
}

struct Device {
    steps: VecDeque<Step>,
    clock: Arc<Scripted>,
    released: Interrupt,
    mode: Mode,
    bytes: [u8; 4],
}

const FORMAT: RawFormat = RawFormat {
    pixels: PixelFormat::Grey,
    size: SIZE,
    stride: 2,
    colour: ColourSpace { matrix: Matrix::Bt601, range: Range::Full },
};

impl Source for Device {
    fn mode(&self) -> &Mode {
        &self.mode
    }

    fn next(&mut self, patience: Duration, _order: Order) -> Result<Next<'_>, SourceError> {
        let (passed_over, sequence, brightness, length) = match self.steps.pop_front() {
            Some(Step::Frame(sequence, brightness)) => (0, sequence, brightness, 4),
            Some(Step::Late(passed_over, sequence, brightness)) => (passed_over, sequence, brightness, 4),
            Some(Step::Cut(sequence)) => (0, sequence, 100, 3),
            Some(Step::Broken(sequence)) => {
                self.clock.advance(INTERVAL);
                return Ok(Next::Corrupt { sequence: Some(sequence), passed_over: 0, problem: Corruption::Flagged });
            }
            Some(Step::Silence(left)) => {
                self.clock.advance(patience.min(left));
                if left > patience {
                    self.steps.push_front(Step::Silence(left - patience));
                }
                return Ok(Next::Nothing);
            }
            Some(Step::Fails(why)) => return Err(SourceError::Panicked(why.into())),
            Some(Step::FailsForGood) => return Err(StreamError::CutHeader.into()),
            Some(Step::Becomes(description)) => {
                description.clone_into(&mut self.mode.description);
                return Ok(Next::Nothing);
            }
            Some(Step::Panics) => panic!("reading panicked, as asked"),
            Some(Step::Hangs) => {
                // The longest hang of a test, should nobody let go.
                self.released.wait(Duration::from_secs(60));
                return Ok(Next::Nothing);
            }
            Some(Step::End) => return Ok(Next::End),
            None => {
                self.clock.advance(patience);
                return Ok(Next::Nothing);
            }
        };
        let captured = Monotonic::after(self.clock.advance(INTERVAL));
        self.bytes = [brightness; 4];
        let content = Content::Raw { format: FORMAT, bytes: &self.bytes[..length] };
        Ok(Next::Frame(Arrival {
            content,
            sequence: Some(sequence),
            captured: Some(captured),
            passed_over,
            truth: None,
        }))
    }
}
