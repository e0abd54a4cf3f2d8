//! The only place that asks for the time.

use std::time::Duration;

use jiff::Timestamp;
use rustix::time::ClockId;

use super::interrupt::Interrupt;

/// Two kinds of time: one that only moves forward, for durations, and one that people read.
pub trait Clock: Send + Sync {
    /// Time since some fixed moment.
    fn monotonic(&self) -> Monotonic;

    /// The date and time, UTC.
    fn wall(&self) -> WallClock;

    /// Lets that time pass, or less when `interrupt` is requested meanwhile.
    fn pause(&self, duration: Duration, interrupt: &Interrupt);

    /// The date and time of a moment in the past. Both clocks are read now, so a date that was set right since the program
    /// began (boards have no battery for it) is right here too.
    fn wall_at(&self, moment: Monotonic) -> WallClock {
        self.wall().before(self.monotonic().since(moment))
    }
}

/// A moment on the clock that only moves forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Monotonic(Duration);

impl Monotonic {
    /// That long after the clock's fixed moment.
    pub fn after(start: Duration) -> Self {
        Self(start)
    }

    /// That long after this moment.
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }

    /// Time from `earlier` to this; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// A date and time, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WallClock(Timestamp);

impl WallClock {
    /// That date and time.
    pub fn new(timestamp: Timestamp) -> Self {
        Self(timestamp)
    }

    /// The date, in UTC.
    pub fn date(self) -> jiff::civil::Date {
        self.0.to_zoned_datetime(jiff::tz::TimeZone::UTC).date()
    }

    /// That long before this.
    fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration).unwrap_or(self.0))
    }
}

impl std::fmt::Display for WallClock {
    /// RFC 3339 with milliseconds: `2026-01-02T03:04:05.678Z`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

/// The machine's own clocks. The monotonic one is `CLOCK_MONOTONIC`, on which camera drivers stamp their frames.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn monotonic(&self) -> Monotonic {
        let now = rustix::time::clock_gettime(ClockId::Monotonic);
        let (seconds, nanoseconds) = (u64::try_from(now.tv_sec), u32::try_from(now.tv_nsec));
        // It starts at 0 when the machine does.
        Monotonic(Duration::new(seconds.unwrap_or(0), nanoseconds.unwrap_or(0)))
    }

    fn wall(&self) -> WallClock {
        WallClock(Timestamp::now())
    }

    fn pause(&self, duration: Duration, interrupt: &Interrupt) {
        interrupt.wait(duration);
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
        assert_eq!(time.date(), jiff::civil::date(2026, 1, 2));
    }

    #[test]
    fn durations_never_run_backwards() {
        let (early, late) = (Monotonic::after(Duration::from_secs(1)), Monotonic::after(Duration::from_secs(3)));
        assert_eq!(late.since(early), Duration::from_secs(2));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(early.plus(Duration::from_secs(2)), late);
    }

    #[test]
    fn a_moment_in_the_past_has_a_date_in_the_past() {
        let (now, clock) = (SystemClock.monotonic(), SystemClock);
        let earlier = Monotonic(now.0.saturating_sub(Duration::from_millis(5)));
        assert!(clock.wall_at(earlier).0 < clock.wall().0);
    }
}
