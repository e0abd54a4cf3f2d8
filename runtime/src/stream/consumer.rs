//! What becomes of engines' answers: judged, counted, told to the sinks.

use std::sync::Arc;
use std::time::Duration;

use super::computing::{Fate, What};
use super::drift::{Course, Drift};
use super::frame::Frame;
use super::judge::{Judge, Latency, Sight};
use super::pipeline::{Event, FrameResult, Told};
use super::prepare::FrameError;
use super::shared::Shared;
use super::status::Turn;
use crate::engine::Outputs;

/// A result is late when it is older than one frame interval and this many times its inference.
const LATE: f64 = 1.3;
/// Of one source: how far its lines have come.
#[derive(Debug, Clone, Copy, Default)]
struct Lines {
    /// The number of the frame that should come next.
    next: u64,
    /// Frames lost by the driver that have been told.
    lost_by_driver: u64,
}

/// The drift that this frame has begun or ended.
fn turned(result: &mut FrameResult) -> Option<Drift> {
    result.outcome.as_mut().ok()?.drift.take_if(|drift| drift.has_turned)
}

/// The thread that judges what engines answer, and tells the sinks.
pub(super) struct Consumer<E> {
    shared: Arc<Shared>,
    judge: Judge,
    lines: Vec<Lines>,
    summed: Vec<bool>,
    failure: Option<E>,
}

impl<E> Consumer<E> {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        Self {
            judge: Judge::new(shared.network, Arc::clone(&shared.settings.standards)),
            lines: vec![Lines::default(); shared.feeds.len()],
            summed: vec![false; shared.feeds.len()],
            failure: None,
            shared: Arc::clone(shared),
        }
    }

    /// The first error of a sink.
    pub(super) fn failure(self) -> Option<E> {
        self.failure
    }

    pub(super) fn handle(&mut self, what: What, sink: &mut impl FnMut(Event<'_>) -> Result<Told, E>) {
        match what {
            What::Frame(lane, frame, Fate::Answered(outputs, inference)) if self.failure.is_none() => {
                let mut result = self.judged(frame, outputs, inference);
                let counts = self.shared.counts(result.frame.source);
                let told = self.note(sink(Event::Frame(&mut result, &counts)));
                self.recount(&result, told);
                if let Some(drift) = turned(&mut result) {
                    let frame = &result.frame;
                    let turn = Turn { source: frame.source, time: frame.time, drift, counts };
                    self.note(sink(Event::Turn(&turn)));
                }
                let FrameResult { mut frame, outcome, .. } = result;
                if let Ok(judgement) = outcome {
                    frame.regions = judgement.regions;
                }
                self.shared.slots.recycle(lane, frame);
            }
            What::Frame(lane, frame, _) => {
                self.shared.count(frame.source, |counts| counts.policy += 1);
                self.shared.slots.recycle(lane, frame);
            }
            What::Status(status) => {
                self.note(sink(Event::Status(&status)));
            }
            What::SourceEnd(source) => self.sum_up(source, sink),
        }
    }

    /// Keeps the first error, and asks everyone to stop for it.
    fn note(&mut self, told: Result<Told, E>) -> Told {
        match told {
            Ok(told) => told,
            Err(error) => {
                self.failure.get_or_insert(error);
                self.shared.fail();
                Told::Dropped
            }
        }
    }

    fn judged(
        &mut self,
        mut frame: Box<Frame>,
        outputs: Result<Outputs, FrameError>,
        inference: Duration,
    ) -> FrameResult {
        let shared = &*self.shared;
        let clock = &*shared.clock;
        let mut latency = Latency { preprocess: frame.preprocess, inference, ..Latency::default() };
        let run = || {
            let before = clock.monotonic();
            let regions = std::mem::take(&mut frame.regions);
            let sight = Sight { source: frame.source, region: frame.region, blindness: frame.blindness };
            let judged = self.judge.judge(outputs?, sight, regions)?;
            latency.postprocess = clock.monotonic().since(before);
            Ok(judged)
        };
        let (standard, outcome) = match run() {
            Ok((standard, judgement)) => (standard, Ok(judgement)),
            Err(error) => (self.judge.expected(frame.source), Err(error)),
        };
        latency.age = clock.monotonic().since(frame.captured);
        let mut tally = shared.tally(frame.source);
        match &outcome {
            Ok(judgement) => {
                tally.judged(judgement.verdict.ok(), latency.age);
                let begins = |drift: &Drift| drift.has_turned && drift.course == Course::Drifting;
                tally.counts.drifts += u64::from(judgement.drift.as_ref().is_some_and(begins));
                let bound = frame.interval.map(|interval| interval + latency.inference.mul_f64(LATE));
                tally.counts.late += u64::from(bound.is_some_and(|bound| latency.age > bound));
            }
            Err(_) => tally.counts.corrupt += 1,
        }
        drop(tally);
        let lines = self.lines[frame.source];
        let dropped_since_last = (frame.number - lines.next) + (frame.lost_by_driver - lines.lost_by_driver);
        FrameResult { frame, standard, outcome, latency, dropped_since_last }
    }

    /// Counts a result that the sinks dropped; the next line then tells of it.
    fn recount(&mut self, result: &FrameResult, told: Told) {
        let frame = &result.frame;
        match told {
            Told::Written => {
                self.lines[frame.source] = Lines { next: frame.number + 1, lost_by_driver: frame.lost_by_driver };
            }
            Told::Dropped => self.shared.count(frame.source, |counts| counts.sink += 1),
        }
    }

    fn sum_up(&mut self, source: usize, sink: &mut impl FnMut(Event<'_>) -> Result<Told, E>) {
        self.summed[source] = true;
        let summary = self.shared.summary(source);
        self.note(sink(Event::Summary(&summary)));
    }

    /// Sources whose threads did not come back.
    pub(super) fn sum_up_the_rest(&mut self, sink: &mut impl FnMut(Event<'_>) -> Result<Told, E>) {
        for lane in self.shared.slots.unfinished() {
            let shared = Arc::clone(&self.shared);
            for &source in &shared.lanes[lane].sources {
                if !self.summed[source] {
                    self.sum_up(source, sink);
                }
            }
        }
    }
}
