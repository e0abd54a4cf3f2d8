//! One source's life: opened, read, and after a loss opened again, for ever.
//!
//! ```text
//! connecting -> streaming <-> stalled
//!      ^            |            |
//!      |            v            v
//!      +---------- lost  <-------+      (waits 0.2 to 5 s between attempts)
//! ```
//!
//! A source that fails is closed before anything else happens: a camera that is still open here is busy for ourselves.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::backoff::Backoff;
use super::blindness::{Blindness, Watch};
use super::clock::Monotonic;
use super::frame::{Arrival, Content};
use super::pipeline::Nature;
use super::policy::Policy;
use super::prepare::{Preparer, words};
use super::shared::Shared;
use super::slot::Put;
use super::sources::{Corruption, Mode, Next, Opener, Order, Source, SourceError};
use super::status::{State, Status};
use super::watchdog::Stage;

/// How long a source may wait before the thread looks after other things.
const PATIENCE: Duration = Duration::from_millis(100);
/// Silence of so many frame intervals, and at least [`LEAST_STALL`], is a stall.
const STALL_INTERVALS: u32 = 5;
/// A camera that adapts its exposure to the dark may halve its rate twice.
const LEAST_STALL: Duration = Duration::from_secs(1);
/// A stream that has lasted this long was a good one: the next loss begins with short pauses again.
const GOOD_STREAM: Duration = Duration::from_secs(10);

/// Runs one source. Its thread may be given up while it hangs in a driver; it then finds out by its generation.
pub(super) struct Supervisor {
    pub(super) shared: Arc<Shared>,
    pub(super) source: usize,
    pub(super) lane: usize,
    pub(super) generation: u64,
}

/// Why a stream ended.
enum Ending {
    /// As it should.
    Over,
    /// The source is to be opened again.
    Failed {
        error: SourceError,
        /// Whether it delivered before.
        had_frames: bool,
    },
}

/// What is known about the stream that runs.
struct Stream {
    mode: Mode,
    watch: Watch,
    preparer: Preparer,
    blindness: Option<Blindness>,
    last_sequence: Option<u32>,
    /// The last frame that could be used, or the stream's beginning.
    last_good: Monotonic,
    last_problem: Option<String>,
    state: Option<State>,
    /// The source was lost before, and has not delivered since.
    is_return: bool,
}

impl Supervisor {
    /// Reads the source to its end. `first` is the source, if it is open already.
    pub(super) fn run(&self, mut first: Option<Box<dyn Source>>) {
        let opener = Arc::clone(&self.shared.feeds[self.source].opener);
        let mut backoff = Backoff::new(self.source as u64);
        let mut told: Option<String> = None;
        let mut is_connecting = true;
        // A thread that takes the place of another begins with a loss.
        let mut is_return = self.generation > 0;
        self.shared.began[self.source].get_or_init(|| self.shared.clock.monotonic());
        self.tell(State::Connecting, None);
        while !self.is_over() {
            let opened = match first.take() {
                Some(source) => Ok(source),
                None => self.open(&*opener),
            };
            let began = self.shared.clock.monotonic();
            let error = match opened {
                Ok(source) => match self.stream(source, is_return) {
                    Ending::Over => return,
                    Ending::Failed { error, had_frames } => {
                        told = told.filter(|_| !had_frames);
                        error
                    }
                },
                Err(error) => error,
            };
            if self.is_given_up() {
                return;
            }
            if self.shared.clock.monotonic().since(began) >= GOOD_STREAM {
                backoff.reset();
            }
            // The same cause again and again is told once.
            let cause = error.to_string();
            if is_connecting || told.as_ref() != Some(&cause) {
                self.tell(State::Lost, Some(cause.clone()));
            }
            if self.shared.is_lost_for_good(self.source, error) {
                return;
            }
            self.reach(Stage::Pausing);
            self.shared.clock.pause(backoff.next(), &self.shared.interrupt);
            // Told for the first attempt; those that follow change nothing until one succeeds or fails otherwise.
            is_connecting = told.is_none() && !self.is_over();
            if is_connecting {
                self.tell(State::Connecting, None);
            }
            told = Some(cause);
            is_return = true;
        }
    }

    fn open(&self, opener: &dyn Opener) -> Result<Box<dyn Source>, SourceError> {
        self.reach(Stage::Opening);
        catch_unwind(AssertUnwindSafe(|| opener.open()))
            .unwrap_or_else(|panic| Err(SourceError::Panicked(words(&*panic))))
    }

    /// Reads an open source until it fails or ends, and closes it.
    fn stream(&self, mut source: Box<dyn Source>, is_return: bool) -> Ending {
        let before = self.shared.received[self.source].load(Ordering::Relaxed);
        let ending = catch_unwind(AssertUnwindSafe(|| self.read(&mut *source, is_return)))
            .unwrap_or_else(|panic| Err(SourceError::Panicked(words(&*panic))));
        self.reach(Stage::Closing);
        let closed = catch_unwind(AssertUnwindSafe(|| drop(source)));
        let had_frames = self.shared.received[self.source].load(Ordering::Relaxed) > before;
        match (ending, closed) {
            (Ok(()), Ok(())) => Ending::Over,
            (Ok(()), Err(panic)) => Ending::Failed { error: SourceError::Panicked(words(&*panic)), had_frames },
            (Err(error), _) => Ending::Failed { error, had_frames },
        }
    }

    fn read(&self, source: &mut dyn Source, is_return: bool) -> Result<(), SourceError> {
        let shared = &*self.shared;
        let feed = &shared.feeds[self.source];
        let mode = source.mode().clone();
        feed.check(&mode)?;
        let settings = &shared.settings;
        let mut stream = Stream {
            watch: Watch::new(settings.frozen_after),
            preparer: Preparer::new(shared.network, settings.normalization, feed.region, settings.pictures),
            blindness: None,
            last_sequence: None,
            last_good: shared.clock.monotonic(),
            last_problem: None,
            state: None,
            is_return,
            mode,
        };
        let order = if feed.policy == Policy::Latest { Order::Newest } else { Order::Oldest };
        while !self.is_over() && !self.has_enough() {
            if *source.mode() != stream.mode {
                feed.check(source.mode())?;
                stream.mode.clone_from(source.mode());
                // To be told with the next frame.
                stream.state = None;
            }
            self.reach(Stage::Waiting);
            match source.next(PATIENCE, order)? {
                Next::Frame(arrival) => self.take(arrival, &mut stream),
                Next::Corrupt { sequence, passed_over, problem } => {
                    self.skip(sequence, passed_over, problem, &mut stream);
                }
                Next::Nothing => {}
                Next::End => return Ok(()),
            }
            if feed.nature == Nature::Live {
                self.check_silence(&mut stream)?;
            }
        }
        Ok(())
    }

    /// Counts what lies between this frame and the one before. Says whether it is a new one.
    fn account(&self, sequence: Option<u32>, passed_over: u64, stream: &mut Stream) -> bool {
        let mut lost = 0;
        let mut is_new = true;
        if let (Some(sequence), Some(last)) = (sequence, stream.last_sequence) {
            let step = sequence.wrapping_sub(last);
            is_new = step != 0;
            // A step backwards is a device that counts from the beginning again.
            if step < u32::MAX / 2 {
                lost = u64::from(step).saturating_sub(1 + passed_over);
            }
        }
        stream.last_sequence = sequence.or(stream.last_sequence);
        self.shared.received[self.source].fetch_add(passed_over + u64::from(is_new), Ordering::Relaxed);
        if lost > 0 || passed_over > 0 || !is_new {
            self.shared.count(self.source, |counts| {
                counts.driver += lost;
                counts.policy += passed_over;
                counts.repeated += u64::from(!is_new);
            });
        }
        is_new
    }

    /// A frame that is broken before its pixels are looked at.
    fn skip(&self, sequence: Option<u32>, passed_over: u64, problem: Corruption, stream: &mut Stream) {
        if self.account(sequence, passed_over, stream) {
            self.count_broken(problem.to_string(), stream);
        }
    }

    fn count_broken(&self, problem: String, stream: &mut Stream) {
        let mut tally = self.shared.tally(self.source);
        tally.counts.corrupt += 1;
        tally.last_problem = Some(problem.clone());
        stream.last_problem = Some(problem);
    }

    /// A frame: prepared and handed over.
    fn take(&self, arrival: Arrival<'_>, stream: &mut Stream) {
        let shared = &*self.shared;
        let feed = &shared.feeds[self.source];
        if !self.account(arrival.sequence, arrival.passed_over, stream) {
            return;
        }
        let now = shared.clock.monotonic();
        self.reach(Stage::Preparing);
        let mut frame = shared.slots.blank(self.lane);
        frame.source = self.source;
        frame.number = shared.received[self.source].load(Ordering::Relaxed) - 1;
        frame.lost_by_driver = shared.counts(self.source).driver;
        frame.captured = arrival.captured.unwrap_or(now).min(now);
        frame.time = shared.clock.wall_at(frame.captured);
        frame.interval = stream.mode.interval;
        frame.truth = arrival.truth;
        frame.blindness = None;
        frame.problem = None;
        frame.file = match arrival.content {
            Content::File(file) => Some(file.clone()),
            Content::Raw { .. } | Content::Jpeg(_) => None,
        };
        if let Err(problem) = stream.preparer.prepare(&arrival.content, &mut frame) {
            if feed.nature == Nature::Live {
                shared.slots.recycle(self.lane, frame);
                self.count_broken(problem.to_string(), stream);
                return;
            }
            frame.problem = Some(problem);
        } else if feed.nature == Nature::Live {
            frame.blindness = stream.watch.look(&arrival.content, &frame.pixels, now);
        }
        frame.preprocess = shared.clock.monotonic().since(now);
        stream.last_good = now;
        stream.last_problem = None;
        self.tell_sight(frame.blindness, stream);
        self.reach(Stage::HandingOver);
        if self.is_given_up() {
            return;
        }
        match shared.slots.put(self.lane, frame) {
            Put::Waits | Put::Closed => {}
            Put::Replaced(source) => shared.count(source, |counts| counts.policy += 1),
            Put::Dropped => shared.count(self.source, |counts| counts.policy += 1),
        }
    }

    /// Tells that frames come, and whether they show anything.
    fn tell_sight(&self, blindness: Option<Blindness>, stream: &mut Stream) {
        if std::mem::take(&mut stream.is_return) {
            self.shared.count(self.source, |counts| counts.reconnects += 1);
        }
        let state = blindness.map_or(State::Streaming, State::Blind);
        if stream.state == Some(state) {
            return;
        }
        let was_blind = stream.blindness.is_some();
        (stream.state, stream.blindness) = (Some(state), blindness);
        let cause = match blindness {
            Some(blindness) => blindness.to_string(),
            None if was_blind => "the camera shows something again".to_owned(),
            None => stream.mode.to_string(),
        };
        self.tell(state, Some(cause));
    }

    /// Notices that no frame comes: first tells, then gives the stream up.
    fn check_silence(&self, stream: &mut Stream) -> Result<(), SourceError> {
        let silence = self.shared.clock.monotonic().since(stream.last_good);
        let limit = self.shared.settings.stall_timeout;
        if silence >= limit {
            return Err(match stream.last_problem.take() {
                Some(problem) => SourceError::OnlyBroken { silence, problem },
                None => SourceError::Silent { silence, stage: Stage::Waiting },
            });
        }
        let usual = stream.mode.interval.unwrap_or_default() * STALL_INTERVALS;
        if silence >= usual.max(LEAST_STALL).min(limit / 2) && stream.state != Some(State::Stalled) {
            stream.state = Some(State::Stalled);
            let seconds = silence.as_secs_f64();
            let cause = match &stream.last_problem {
                Some(problem) => format!("no frame that can be used for {seconds:.1} s: {problem}"),
                None => format!("no frame for {seconds:.1} s"),
            };
            self.tell(State::Stalled, Some(cause));
        }
        Ok(())
    }

    fn tell(&self, state: State, cause: Option<String>) {
        let feed = &self.shared.feeds[self.source];
        if feed.nature == Nature::Files || self.is_given_up() {
            return;
        }
        let (time, counts) = (self.shared.clock.wall(), self.shared.counts(self.source));
        self.shared.slots.tell(self.lane, Status { source: self.source, time, state, cause, counts });
    }

    fn reach(&self, stage: Stage) {
        if !self.is_given_up() {
            self.shared.lanes[self.lane].heartbeat.reach(stage, &*self.shared.clock);
        }
    }

    /// Whether another thread has taken this one's place.
    fn is_given_up(&self) -> bool {
        self.shared.lanes[self.lane].generation.load(Ordering::Acquire) != self.generation
    }

    fn has_enough(&self) -> bool {
        let limit = self.shared.settings.frames.unwrap_or(u64::MAX);
        self.shared.received[self.source].load(Ordering::Relaxed) >= limit
    }

    fn is_over(&self) -> bool {
        self.shared.is_over() || self.is_given_up()
    }
}
