//! Threads that do not come back: who was last seen where.
//!
//! A source's thread says which stage it has reached. It never waits for long by itself, so one that stays in a stage is held
//! by its driver; the run then goes on without that thread and starts another. When several of a source hang no further one is
//! started until one comes back, and whoever supervises the process is told that only a restart helps.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::clock::{Clock, Monotonic};
use super::interrupt::Interrupt;
use super::pipeline::{Nature, Sign, read_lane};
use super::shared::Shared;
use super::sources::SourceError;
use super::status::{State, Status};

/// What a source's thread does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Stage {
    /// Opening the device, agreeing on a format, starting its stream.
    Opening,
    /// Waiting for the device to deliver.
    Waiting,
    /// Turning a frame into the network's input.
    Preparing,
    /// Handing it over to the engine.
    HandingOver,
    /// Closing the device.
    Closing,
    /// Waiting to open it again.
    Pausing,
}

const STAGES: [Stage; 6] =
    [Stage::Opening, Stage::Waiting, Stage::Preparing, Stage::HandingOver, Stage::Closing, Stage::Pausing];

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Opening => "opening the device",
            Self::Waiting => "waiting for a frame",
            Self::Preparing => "preparing a frame",
            Self::HandingOver => "handing a frame over",
            Self::Closing => "closing the device",
            Self::Pausing => "waiting to open the device again",
        })
    }
}

/// A thread's sign of life.
#[derive(Debug)]
pub(super) struct Heartbeat {
    stage: AtomicU8,
    /// On the run's clock, in milliseconds.
    since: AtomicU64,
}

impl Heartbeat {
    pub(super) fn new(clock: &dyn Clock) -> Self {
        Self { stage: AtomicU8::new(0), since: AtomicU64::new(milliseconds(clock.monotonic())) }
    }

    /// The thread has reached that stage.
    pub(super) fn reach(&self, stage: Stage, clock: &dyn Clock) {
        self.stage.store(stage as u8, Ordering::Relaxed);
        self.since.store(milliseconds(clock.monotonic()), Ordering::Relaxed);
    }

    /// Where it is, and for how long.
    pub(super) fn seen(&self, clock: &dyn Clock) -> (Stage, Duration) {
        let stage = STAGES.get(usize::from(self.stage.load(Ordering::Relaxed))).copied().unwrap_or(Stage::Opening);
        let since = self.since.load(Ordering::Relaxed);
        (stage, Duration::from_millis(milliseconds(clock.monotonic()).saturating_sub(since)))
    }
}

fn milliseconds(moment: Monotonic) -> u64 {
    u64::try_from(moment.since(Monotonic::default()).as_millis()).unwrap_or(u64::MAX)
}

/// How often threads are looked after.
pub(super) const ROUND: Duration = Duration::from_secs(1);
/// Threads of one source that may hang while another is tried. A further one would hang like them, and each holds memory.
const HANGING: usize = 3;

/// The thread that looks after the others.
pub(super) struct Guard {
    stop: Interrupt,
    thread: JoinHandle<()>,
}

/// Starts looking after a run's threads.
pub(super) fn start(shared: &Arc<Shared>) -> Guard {
    let stop = Interrupt::default();
    let (shared, asked) = (Arc::clone(shared), stop.clone());
    let thread = thread::spawn(move || {
        let mut rounds = Rounds { stuck: vec![false; shared.lanes.len()], shared };
        while !asked.is_requested() {
            rounds.look();
            rounds.shared.clock.pause(ROUND, &asked);
        }
    });
    Guard { stop, thread }
}

impl Guard {
    pub(super) fn end(self) {
        self.stop.request();
        // It only sleeps and looks.
        let _ = self.thread.join();
    }
}

struct Rounds {
    shared: Arc<Shared>,
    /// By lane: so many of its threads hang that none reads it.
    stuck: Vec<bool>,
}

impl Rounds {
    fn look(&mut self) {
        let shared = Arc::clone(&self.shared);
        let limit = shared.settings.stall_timeout;
        let clock = &*shared.clock;
        if !shared.interrupt.is_requested() {
            for lane in 0..shared.lanes.len() {
                let (stage, silence) = shared.lanes[lane].heartbeat.seen(clock);
                if self.stuck[lane] {
                    self.retry(lane);
                // Handing over waits for the engine, and pausing for the next attempt: neither is held by a device.
                } else if silence >= limit && !matches!(stage, Stage::HandingOver | Stage::Pausing) {
                    self.give_up(lane, stage, silence);
                }
            }
        }
        let answers = |engine: &Heartbeat| {
            let (stage, silence) = engine.seen(clock);
            stage == Stage::Waiting || silence < limit
        };
        if shared.engines.iter().all(answers)
            && let Some(pulse) = &shared.settings.pulse
        {
            pulse(if self.stuck.contains(&true) { Sign::Stuck } else { Sign::Alive });
        }
    }

    /// Gives up the thread of a lane, and starts another if not too many hang already.
    fn give_up(&mut self, lane: usize, stage: Stage, silence: Duration) {
        let shared = &self.shared;
        let place = &shared.lanes[lane];
        let Some(&source) = place.sources.first() else { return };
        // A folder that hangs hangs on its file system, and the next thread would begin it anew.
        if shared.feeds[source].nature == Nature::Files {
            return;
        }
        // None: it has ended meanwhile.
        let Some(hanging) = place.give_up() else { return };
        let error = SourceError::Hung { silence, stage };
        self.stuck[lane] = hanging > HANGING;
        let cause = match hanging > HANGING {
            true => format!("{error}; {HANGING} threads of it hang already, so no further one is started"),
            false => error.to_string(),
        };
        let (time, counts) = (shared.clock.wall(), shared.counts(source));
        shared.slots.tell(lane, Status { source, time, state: State::Lost, cause: Some(cause), counts });
        if !shared.is_lost_for_good(source, error) && hanging <= HANGING {
            self.start(lane);
        }
    }

    /// Starts a thread for a lane that none reads, once one of those that hung has come back.
    fn retry(&mut self, lane: usize) {
        if self.shared.lanes[lane].hanging.load(Ordering::Acquire) <= HANGING {
            self.stuck[lane] = false;
            self.start(lane);
        }
    }

    fn start(&self, lane: usize) {
        let place = &self.shared.lanes[lane];
        place.heartbeat.reach(Stage::Opening, &*self.shared.clock);
        let generation = place.generation.load(Ordering::Acquire);
        let shared = Arc::clone(&self.shared);
        thread::spawn(move || read_lane(&shared, lane, generation, None));
    }
}
