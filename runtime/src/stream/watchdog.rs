//! Threads that do not come back: who was last seen where.
//!
//! A source's thread says which stage it has reached. It never waits for long by itself, so one that stays in a stage is held
//! by its driver; the run then goes on without that thread and starts another.

use std::fmt;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use super::clock::{Clock, Monotonic};

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
