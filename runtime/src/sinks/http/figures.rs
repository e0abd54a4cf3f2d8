//! What is known about a source, in numbers and words. No pictures.

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use crate::score::regions::{MAX_REGIONS, Region};
use crate::score::severity::Severity;
use crate::score::verdict::{Score, Threshold, Verdict};
use crate::stream::clock::WallClock;
use crate::stream::drift::Drift;
use crate::stream::judge::Latency;
use crate::stream::pipeline::Nature;
use crate::stream::status::{State, Status};
use crate::stream::tally::Counts;

use super::histogram::{DURATIONS, Histogram, SCORES};
use super::history::History;
use super::observation::Observation;

/// Longer causes are cut: they are read by people, and their memory is kept for good.
const LONGEST_CAUSE: usize = 400;

/// A source's numbers. All memory is taken at the beginning, but for drifts: one for each product that was seen.
#[derive(Debug, Clone)]
pub(super) struct Figures {
    /// Grows with every change.
    pub(super) revision: u64,
    pub(super) life: Life,
    /// Why it is in that state; empty when nobody said.
    pub(super) state_cause: String,
    pub(super) state_since: Duration,
    pub(super) counts: Counts,
    pub(super) last: Option<Last>,
    /// When the network answered last.
    pub(super) judged: Option<Duration>,
    /// Why the last frame has no verdict; empty when it has one.
    pub(super) no_verdict: String,
    /// Of the last frame.
    pub(super) product: Option<Arc<str>>,
    /// Of the last frame.
    pub(super) regions: Vec<Region>,
    /// The latest of each product.
    pub(super) drifts: Vec<Drift>,
    pub(super) history: History,
    pub(super) scores: Histogram,
    pub(super) ages: Histogram,
    pub(super) preprocess: Histogram,
    pub(super) inference: Histogram,
    pub(super) postprocess: Histogram,
}

/// Where a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// Pictures in files, of which none has come yet: it may be another folder's turn.
    Waiting,
    /// It runs, or is to run again.
    In(State),
    /// It came to its end as it should.
    Ended,
}

impl Life {
    /// All that a source can be in, in the order in which they are listed.
    pub(super) const NAMES: [&str; 9] =
        ["waiting", "connecting", "streaming", "stalled", "lost", "frozen", "dark", "saturated", "ended"];

    /// What a source begins with.
    pub(super) fn of_beginning(nature: Nature) -> Self {
        match nature {
            Nature::Live => Self::In(State::Connecting),
            Nature::Files => Self::Waiting,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::In(state) => state.name(),
            Self::Ended => "ended",
        }
    }
}

/// The last frame. Moments are counted from the server's beginning.
#[derive(Debug, Clone, Copy)]
pub(super) struct Last {
    pub(super) frame: u64,
    pub(super) time: WallClock,
    pub(super) captured: Duration,
    /// When its result was there.
    pub(super) answered: Duration,
    /// Since the result before it.
    pub(super) interval: Option<Duration>,
    pub(super) score: Option<Score>,
    pub(super) severity: Option<Severity>,
    pub(super) threshold: Option<Threshold>,
    pub(super) verdict: Option<Verdict>,
    pub(super) latency: Latency,
}

impl Figures {
    pub(super) fn new(nature: Nature) -> Self {
        Self {
            revision: 0,
            life: Life::of_beginning(nature),
            state_cause: String::with_capacity(LONGEST_CAUSE),
            state_since: Duration::ZERO,
            counts: Counts::default(),
            last: None,
            judged: None,
            no_verdict: String::with_capacity(LONGEST_CAUSE),
            product: None,
            regions: Vec::with_capacity(MAX_REGIONS),
            drifts: Vec::new(),
            history: History::new(),
            scores: Histogram::new(SCORES),
            ages: Histogram::new(DURATIONS),
            preprocess: Histogram::new(DURATIONS),
            inference: Histogram::new(DURATIONS),
            postprocess: Histogram::new(DURATIONS),
        }
    }

    /// A frame's result, `elapsed` after the server began; the frame was `age` old by then.
    pub(super) fn add(&mut self, observation: &Observation<'_>, elapsed: Duration, age: Duration) {
        self.revision += 1;
        self.counts = observation.counts;
        // Files are not announced.
        if self.life == Life::Waiting {
            self.enter(Life::In(State::Streaming), &observation.counts, elapsed);
        }
        self.last = Some(Last {
            frame: observation.frame,
            time: observation.time,
            captured: elapsed.saturating_sub(age),
            answered: elapsed,
            interval: self.last.map(|last| elapsed.saturating_sub(last.answered)),
            score: observation.score,
            severity: observation.severity,
            threshold: observation.threshold,
            verdict: observation.verdict,
            latency: observation.latency,
        });
        self.no_verdict.clear();
        if let Some(cause) = observation.cause.filter(|_| observation.verdict.is_none()) {
            Cut(&mut self.no_verdict).put(cause);
        }
        self.product = observation.product.cloned();
        if let Some(drift) = observation.drift {
            match self.drifts.iter_mut().find(|known| known.product == drift.product) {
                Some(known) => known.clone_from(drift),
                None => self.drifts.push(drift.clone()),
            }
        }
        self.regions.clear();
        self.regions.extend(observation.regions.iter().take(MAX_REGIONS));
        self.history.add(elapsed, observation.score, observation.verdict);
        if let Some(Score(score)) = observation.score {
            self.judged = Some(elapsed);
            self.scores.add(f64::from(score));
            let Latency { age, preprocess, inference, postprocess } = observation.latency;
            self.ages.add(age.as_secs_f64());
            self.preprocess.add(preprocess.as_secs_f64());
            self.inference.add(inference.as_secs_f64());
            self.postprocess.add(postprocess.as_secs_f64());
        }
    }

    /// Another state.
    pub(super) fn change(&mut self, status: &Status, elapsed: Duration) {
        self.enter(Life::In(status.state), &status.counts, elapsed);
        if let Some(cause) = &status.cause {
            Cut(&mut self.state_cause).put(cause);
        }
    }

    /// The end.
    pub(super) fn end(&mut self, counts: &Counts, elapsed: Duration) {
        self.enter(Life::Ended, counts, elapsed);
    }

    fn enter(&mut self, life: Life, counts: &Counts, elapsed: Duration) {
        self.revision += 1;
        if self.life != life {
            self.state_since = elapsed;
        }
        self.life = life;
        self.counts = *counts;
        self.state_cause.clear();
    }
}

/// A text that takes no more than [`LONGEST_CAUSE`] bytes.
struct Cut<'a>(&'a mut String);

impl Cut<'_> {
    fn put(&mut self, text: &(impl fmt::Display + ?Sized)) {
        // The error says that it is full, and then it ends there.
        let _ = write!(self, "{text}");
    }
}

impl fmt::Write for Cut<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = LONGEST_CAUSE - self.0.len();
        let end = text.floor_char_boundary(room);
        self.0.push_str(&text[..end]);
        if end == text.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::blindness::Blindness;

    #[test]
    fn every_state_is_on_the_list() {
        let blind = [Blindness::Frozen, Blindness::Dark, Blindness::Saturated].map(State::Blind);
        let states = [State::Connecting, State::Streaming, State::Stalled, State::Lost].into_iter().chain(blind);
        let states = [Life::Waiting].into_iter().chain(states.map(Life::In)).chain([Life::Ended]);
        assert_eq!(states.map(Life::name).collect::<Vec<_>>(), Life::NAMES);
    }

    #[test]
    fn a_long_cause_is_cut_between_letters() {
        let mut text = String::with_capacity(LONGEST_CAUSE);
        Cut(&mut text).put(&"ä".repeat(1000));
        assert_eq!(text, "ä".repeat(LONGEST_CAUSE / 2));
        text.clear();
        Cut(&mut text).put(&format_args!("{}{}", "x".repeat(LONGEST_CAUSE - 1), "äz"));
        assert_eq!(text, "x".repeat(LONGEST_CAUSE - 1));
    }

    #[test]
    fn a_state_that_stays_keeps_its_beginning() {
        let mut figures = Figures::new(Nature::Live);
        let status = |state, cause: &str| Status {
            source: 0,
            time: WallClock::default(),
            state,
            cause: Some(cause.to_owned()),
            counts: Counts::default(),
        };
        figures.change(&status(State::Lost, "unplugged"), Duration::from_secs(3));
        figures.change(&status(State::Lost, "no such device"), Duration::from_secs(9));
        assert_eq!((figures.state_since, figures.state_cause.as_str()), (Duration::from_secs(3), "no such device"));
        figures.end(&Counts::default(), Duration::from_secs(10));
        assert_eq!((figures.life, figures.state_cause.as_str()), (Life::Ended, ""));
    }
}
