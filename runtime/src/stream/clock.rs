//! The only place that asks for the time.

use std::time::{Duration, Instant};

use jiff::Timestamp;

/// Two kinds of time: one that only moves forward, for durations, and one that people read.
pub trait Clock: Send + Sync {
    /// Time since some fixed moment.
    fn monotonic(&self) -> Monotonic;

    /// The date and time, UTC.
    fn wall(&self) -> WallClock;
}

/// A moment on the clock that only moves forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Monotonic(Duration);

impl Monotonic {
    /// That long after the clock's fixed moment.
    pub fn after(start: Duration) -> Self {
        Self(start)
    }

    /// Time from `earlier` to this; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// A date and time, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WallClock(Timestamp);

impl WallClock {
    /// That date and time.
    pub fn new(timestamp: Timestamp) -> Self {
        Self(timestamp)
    }
}

impl std::fmt::Display for WallClock {
    /// RFC 3339 with milliseconds: `2026-01-02T03:04:05.678Z`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

/// The machine's own clocks.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// Starts counting now.
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn monotonic(&self) -> Monotonic {
        Monotonic(self.start.elapsed())
    }

    fn wall(&self) -> WallClock {
        WallClock(Timestamp::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wall_clock_is_written_with_milliseconds() {
        let time = WallClock::new(Timestamp::from_millisecond(1_767_323_045_078).unwrap());
        assert_eq!(time.to_string(), "2026-01-02T03:04:05.078Z");
        assert_eq!(WallClock::new(Timestamp::from_second(0).unwrap()).to_string(), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn durations_never_run_backwards() {
        let (early, late) = (Monotonic::after(Duration::from_secs(1)), Monotonic::after(Duration::from_secs(3)));
        assert_eq!(late.since(early), Duration::from_secs(2));
        assert_eq!(early.since(late), Duration::ZERO);
    }
}
