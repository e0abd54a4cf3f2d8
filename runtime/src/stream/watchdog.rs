//! Threads that do not come back: who was last seen where.
//!
//! A source's thread says which stage it has reached. It never waits for long by itself, so one that stays in a stage is held
//! by its driver; the run then goes on without that thread and starts another.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::clock::{Clock, Monotonic};
use super::interrupt::Interrupt;
use super::pipeline::{Nature, Shared, read_lane};
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
/// Threads of one source that hang at the same time. A further one would hang like them, and each holds memory.
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
        let mut rounds = Rounds { hanging: shared.lanes.iter().map(|_| Arc::default()).collect(), shared };
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
    /// By lane: threads that were given up and have not come back.
    hanging: Vec<Arc<AtomicUsize>>,
}

impl Rounds {
    fn look(&mut self) {
        let shared = &self.shared;
        let limit = shared.settings.stall_timeout;
        let clock = &*shared.clock;
        if !shared.interrupt.is_requested() {
            for lane in 0..shared.lanes.len() {
                let (stage, silence) = shared.lanes[lane].heartbeat.seen(clock);
                // Handing over waits for the engine, and pausing for the next attempt: neither is held by a device.
                if silence >= limit && !matches!(stage, Stage::HandingOver | Stage::Pausing) {
                    self.replace(lane, stage, silence);
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
            pulse();
        }
    }

    /// Gives up the thread of a lane and starts another.
    fn replace(&self, lane: usize, stage: Stage, silence: Duration) {
        let shared = &self.shared;
        let place = &shared.lanes[lane];
        let Some(&source) = place.sources.first() else { return };
        // A folder that hangs hangs on its file system, and the next thread would begin it anew.
        if shared.feeds[source].nature == Nature::Files || self.hanging[lane].load(Ordering::Relaxed) >= HANGING {
            return;
        }
        let generation = place.generation.fetch_add(1, Ordering::AcqRel) + 1;
        place.heartbeat.reach(Stage::Opening, &*shared.clock);
        let cause = format!(
            "the source's thread has hung for {:.0} s; the last stage reached is `{stage}`",
            silence.as_secs_f64()
        );
        let (time, counts) = (shared.clock.wall(), shared.counts(source));
        shared.slots.tell(lane, Status { source, time, state: State::Lost, cause: Some(cause), counts });
        self.hanging[lane].fetch_add(1, Ordering::Relaxed);
        let (shared, hanging) = (Arc::clone(shared), Arc::clone(&self.hanging[lane]));
        thread::spawn(move || {
            read_lane(&shared, lane, generation, None);
            hanging.fetch_sub(1, Ordering::Relaxed);
        });
    }
}
