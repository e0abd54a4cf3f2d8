//! What happens to a source, told as a line of its own.

use super::blindness::Blindness;
use super::clock::WallClock;
use super::drift::Drift;
use super::tally::Counts;

/// Where a source is in its life, or what is wrong with what it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is being opened.
    Connecting,
    /// Frames come.
    Streaming,
    /// It is open, and no frame comes.
    Stalled,
    /// It is closed; opening it is tried again and again.
    Lost,
    /// Frames come, and show nothing.
    Blind(Blindness),
}

impl State {
    /// As in status lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Streaming => "streaming",
            Self::Stalled => "stalled",
            Self::Lost => "lost",
            Self::Blind(blindness) => blindness.name(),
        }
    }
}

/// A change of state.
#[derive(Debug, Clone)]
pub struct Status {
    /// Index of the source.
    pub source: usize,
    /// When it happened.
    pub time: WallClock,
    /// What it is now.
    pub state: State,
    /// Why, in words; what was agreed, when frames come.
    pub cause: Option<String>,
    /// Counters up to here.
    pub counts: Counts,
}

/// What a source shows has slowly changed, or is as it was again. Its state stays what it is.
#[derive(Debug, Clone)]
pub struct Turn {
    /// Index of the source.
    pub source: usize,
    /// When the picture with which it happened was captured.
    pub time: WallClock,
    /// What the latest pictures show together.
    pub drift: Drift,
    /// Counters up to here.
    pub counts: Counts,
}
