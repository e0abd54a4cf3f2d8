//! A run: sources and engines with their threads, and whoever takes the results.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use moead_model::architecture::{ImageSize, Normalization};

use super::clock::{Clock, Monotonic, WallClock};
use super::computing::{self, CloseOnPanic, Done, Fate, What};
use super::drift::{Course, Drift};
use super::frame::Frame;
use super::interrupt::Interrupt;
use super::judge::{Judge, Judgement, Latency, Sight};
use super::policy::Policy;
use super::prepare::{FrameError, Pictures, lies_in};
use super::slot::Slots;
use super::sources::{Mode, Opener, Source, SourceError};
use super::status::{Status, Turn};
use super::supervisor::Supervisor;
use super::tally::{Counts, Tally};
use super::watchdog::{self, Heartbeat, Stage};
use crate::engine::Outputs;
use crate::engine::crew::Crew;
use crate::score::regions::Rect;
use crate::score::standards::{Standard, Standards};

pub use super::supervisor::Nature;

/// A result is late when it is older than one frame interval and this many times its inference.
const LATE: f64 = 1.3;
/// What a run needs to know.
#[derive(Clone)]
pub struct Settings {
    /// How pixels become numbers.
    pub normalization: Normalization,
    /// What pictures are held against.
    pub standards: Arc<Standards>,
    /// Whether results carry their picture, to be drawn on.
    pub pictures: Pictures,
    /// End after so many frames of each source.
    pub frames: Option<u64>,
    /// End after that time.
    pub duration: Option<Duration>,
    /// A source that delivers nothing for that long is closed and opened again.
    pub stall_timeout: Duration,
    /// Frames that stay the same for that long come from a frozen camera.
    pub frozen_after: Duration,
    /// What the loss of a source means.
    pub on_loss: OnLoss,
    /// Called about once a second while the engine answers: a sign of life for whoever supervises the process.
    pub pulse: Option<Arc<dyn Fn(Sign) + Send + Sync>>,
}

/// What a sign of life says beside that there is life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// Whatever is wrong, the run goes on trying.
    Alive,
    /// So many threads of a source hang in its driver that it is not tried any more: only a new process can read it.
    Stuck,
}

/// What the loss of a source means while the run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnLoss {
    /// It is opened again until it is back, unless that cannot help ([`SourceError::is_final`]): then the run ends.
    Retry,
    /// The run ends.
    End,
}

/// One source of a run.
pub struct Feed {
    /// Opens it.
    pub opener: Arc<dyn Opener>,
    /// What it is.
    pub nature: Nature,
    /// Which of its frames are given up.
    pub policy: Policy,
    /// The part of each frame that the network sees.
    pub region: Option<Rect>,
}

impl Feed {
    /// Whether what was agreed with the device holds the region that the network is to see.
    ///
    /// # Errors
    /// [`SourceError::Region`]
    pub fn check(&self, mode: &Mode) -> Result<(), SourceError> {
        match (self.region, mode.size) {
            (Some(region), Some(size)) if !lies_in(region, size) => Err(SourceError::Region { region, size }),
            _ => Ok(()),
        }
    }
}

/// One frame's result.
#[derive(Debug)]
pub struct FrameResult {
    /// What was judged.
    pub frame: Box<Frame>,
    /// What it was held against; where it could not be judged, as far as that does not depend on the picture.
    pub standard: Standard,
    /// What came of it.
    pub outcome: Result<Judgement, FrameError>,
    /// How long it took.
    pub latency: Latency,
    /// Frames of this source, since its last line, of which there is no line: given up, lost, broken.
    pub dropped_since_last: u64,
}

/// What a run tells its sinks.
#[derive(Debug)]
pub enum Event<'a> {
    /// A frame is done. Its picture and map may be taken away.
    Frame(&'a mut FrameResult, &'a Counts),
    /// Something happened to a source.
    Status(&'a Status),
    /// What a source shows has slowly changed, or is as it was again. Comes behind the frame with which it happened.
    Turn(&'a Turn),
    /// A source is done.
    Summary(&'a Summary),
}

/// What a sink did with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// It has a line, or will have.
    Written,
    /// It was dropped, since the sink is slow.
    Dropped,
}

/// The end of a source.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Index of the source.
    pub source: usize,
    /// When it ended.
    pub time: WallClock,
    /// How long it ran.
    pub elapsed: Duration,
    /// What was counted.
    pub tally: Tally,
}

/// Why a run ended early.
#[derive(Debug, thiserror::Error)]
pub enum RunError<E> {
    /// A sink cannot go on.
    #[error(transparent)]
    Sink(E),
    /// A source was lost, and nobody wants to wait for it.
    #[error("source {source_index}: {error}")]
    Loss {
        /// Index of the source.
        source_index: usize,
        /// Why.
        error: SourceError,
    },
}

/// What the threads of a run share.
pub(super) struct Shared {
    pub(super) network: ImageSize,
    pub(super) settings: Settings,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) interrupt: Interrupt,
    pub(super) start: Monotonic,
    pub(super) slots: Slots,
    /// By source.
    pub(super) feeds: Vec<Feed>,
    /// By source: frames that arrived, whatever became of them.
    pub(super) received: Vec<AtomicU64>,
    /// By source.
    tallies: Vec<Mutex<Tally>>,
    /// By source: when it was begun.
    pub(super) began: Vec<OnceLock<Monotonic>>,
    pub(super) lanes: Vec<Lane>,
    /// By engine.
    pub(super) engines: Vec<Heartbeat>,
    /// Whether a sink cannot go on: nobody wants results any more.
    failed: AtomicBool,
    loss: Mutex<Option<(usize, SourceError)>>,
}

/// Sources that are read by one thread, one after the other: a live one alone, or all files together.
pub(super) struct Lane {
    pub(super) sources: Vec<usize>,
    pub(super) heartbeat: Heartbeat,
    /// Grows when the thread is given up; [`ENDED`] once all sources are over.
    pub(super) generation: AtomicU64,
    /// Threads that were given up and have not come back.
    pub(super) hanging: AtomicUsize,
}

/// The generation after the last one.
const ENDED: u64 = u64::MAX;

impl Lane {
    /// Gives up the thread that reads it: how many hang now. None: there is nothing to be read any more.
    pub(super) fn give_up(&self) -> Option<usize> {
        // First, for the thread that comes back at this moment.
        let hanging = self.hanging.fetch_add(1, Ordering::AcqRel) + 1;
        let next = |generation| (generation != ENDED).then(|| generation + 1);
        let given_up = self.generation.fetch_update(Ordering::AcqRel, Ordering::Acquire, next);
        if given_up.is_err() {
            self.hanging.fetch_sub(1, Ordering::AcqRel);
        }
        given_up.ok().map(|_| hanging)
    }

    /// The end of a source, by the thread of that generation. Says whether it still was the lane's.
    fn end(&self, generation: u64, is_last: bool) -> bool {
        let next = if is_last { ENDED } else { generation };
        let ended = self.generation.compare_exchange(generation, next, Ordering::AcqRel, Ordering::Acquire);
        if ended.is_err() {
            self.hanging.fetch_sub(1, Ordering::AcqRel);
        }
        ended.is_ok()
    }
}

impl Shared {
    fn tally(&self, source: usize) -> MutexGuard<'_, Tally> {
        // Counters are whole at any time.
        self.tallies[source].lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn count(&self, source: usize, change: impl FnOnce(&mut Counts)) {
        change(&mut self.tally(source).counts);
    }

    pub(super) fn counts(&self, source: usize) -> Counts {
        self.tally(source).counts
    }

    pub(super) fn is_over(&self) -> bool {
        let is_late = |limit| self.clock.monotonic().since(self.start) >= limit;
        self.interrupt.is_requested() || self.settings.duration.is_some_and(is_late)
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Ends the run for a loss, if that is what a loss means, or this one.
    pub(super) fn is_lost_for_good(&self, source: usize, error: SourceError) -> bool {
        if (self.settings.on_loss == OnLoss::Retry && !error.is_final()) || self.is_over() {
            return false;
        }
        self.loss.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert((source, error));
        self.interrupt.request();
        true
    }

    fn summary(&self, source: usize) -> Summary {
        let began = self.began[source].get().copied().unwrap_or(self.start);
        let elapsed = self.clock.monotonic().since(began);
        Summary { source, time: self.clock.wall(), elapsed, tally: self.tally(source).clone() }
    }
}

/// Runs `crew` over all sources until they end (what stands beside a source is the same, if it is open already), and hands results to `sink`: those of one source in order.
/// As many frames as there are engines are on their way at the same time. Ends early, after what is in hand, when `interrupt` is requested; a summary of every source that began
/// comes in any case.
///
/// # Errors
/// The first error of `sink`, or the first loss where losses end a run.
pub fn run<E>(
    crew: &mut Crew,
    sources: Vec<(Feed, Option<Box<dyn Source>>)>,
    settings: &Settings,
    clock: &Arc<dyn Clock>,
    interrupt: &Interrupt,
    mut sink: impl FnMut(Event<'_>) -> Result<Told, E>,
) -> Result<(), RunError<E>> {
    let (feeds, opened) = sources.into_iter().unzip();
    let shared = share(crew, feeds, settings, clock, interrupt);
    let mut threads = begin(&shared, opened);
    let guard = watchdog::start(&shared);
    let mut consumer = Consumer {
        judge: Judge::new(shared.network, Arc::clone(&settings.standards)),
        lines: vec![Lines::default(); shared.feeds.len()],
        summed: vec![false; shared.feeds.len()],
        failure: None,
        shared: Arc::clone(&shared),
    };
    thread::scope(|scope| {
        let _guard = CloseOnPanic(&shared.slots);
        let (done, results) = sync_channel(shared.engines.len());
        for (engine, heartbeat) in crew.iter_mut().zip(&shared.engines) {
            let (shared, done) = (&*shared, done.clone());
            scope.spawn(move || computing::compute(shared, &mut **engine, heartbeat, &done));
        }
        drop(done);
        in_order(&results, shared.engines.len(), |what| {
            consumer.handle(what, &mut sink);
            shared.slots.deliver();
        });
    });
    shared.slots.close();
    consumer.sum_up_the_rest(&mut sink);
    guard.end();
    // A thread that hangs in a driver ends with the process.
    for thread in threads.drain(..).filter(JoinHandle::is_finished) {
        let _ = thread.join();
    }
    let loss = shared.loss.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (consumer.failure, loss) {
        (Some(error), _) => Err(RunError::Sink(error)),
        (None, Some((source_index, error))) => Err(RunError::Loss { source_index, error }),
        (None, None) => Ok(()),
    }
}

/// Hands results on as they were begun, `in_flight` of which are on their way at a time, until no more will come.
fn in_order(results: &Receiver<Done>, in_flight: usize, mut take: impl FnMut(What)) {
    let place = |order: u64| usize::try_from(order % in_flight as u64).unwrap_or_default();
    let mut early: Vec<Option<What>> = (0..in_flight).map(|_| None).collect();
    let mut next = 0;
    for Done { order, what } in results {
        early[place(order)] = Some(what);
        while let Some(what) = early[place(next)].take() {
            next += 1;
            take(what);
        }
    }
}

fn share(
    crew: &Crew,
    feeds: Vec<Feed>,
    settings: &Settings,
    clock: &Arc<dyn Clock>,
    interrupt: &Interrupt,
) -> Arc<Shared> {
    let of = |nature| move |(_, feed): &(usize, &Feed)| feed.nature == nature;
    let files: Vec<usize> = feeds.iter().enumerate().filter(of(Nature::Files)).map(|(index, _)| index).collect();
    let live = feeds.iter().enumerate().filter(of(Nature::Live)).map(|(index, _)| vec![index]);
    let lanes: Vec<Vec<usize>> = live.chain((!files.is_empty()).then_some(files)).collect();
    let policies: Vec<_> = lanes.iter().filter_map(|lane| lane.first()).map(|&first| feeds[first].policy).collect();
    let lane = |sources| Lane {
        sources,
        heartbeat: Heartbeat::new(&**clock),
        generation: AtomicU64::new(0),
        hanging: AtomicUsize::new(0),
    };
    let shared = Shared {
        network: crew.input(),
        settings: settings.clone(),
        clock: Arc::clone(clock),
        interrupt: interrupt.clone(),
        start: clock.monotonic(),
        slots: Slots::new(crew.input(), &policies, crew.count()),
        received: feeds.iter().map(|_| AtomicU64::new(0)).collect(),
        tallies: feeds.iter().map(|_| Mutex::default()).collect(),
        began: feeds.iter().map(|_| OnceLock::new()).collect(),
        lanes: lanes.into_iter().map(lane).collect(),
        engines: (0..crew.count().get()).map(|_| Heartbeat::new(&**clock)).collect(),
        failed: AtomicBool::new(false),
        loss: Mutex::new(None),
        feeds,
    };
    shared.engines.iter().for_each(|engine| engine.reach(Stage::Waiting, &**clock));
    Arc::new(shared)
}

/// Starts a thread for each lane.
fn begin(shared: &Arc<Shared>, mut opened: Vec<Option<Box<dyn Source>>>) -> Vec<JoinHandle<()>> {
    let mut threads = Vec::new();
    for lane in 0..shared.lanes.len() {
        let first = shared.lanes[lane].sources.first().and_then(|&source| opened[source].take());
        let shared = Arc::clone(shared);
        threads.push(thread::spawn(move || read_lane(&shared, lane, 0, first)));
    }
    threads
}

/// What the thread of a lane does.
pub(super) fn read_lane(shared: &Arc<Shared>, lane: usize, generation: u64, mut first: Option<Box<dyn Source>>) {
    let place = &shared.lanes[lane];
    for (index, &source) in place.sources.iter().enumerate() {
        if shared.is_over() && first.is_none() {
            break;
        }
        let supervisor = Supervisor { shared: Arc::clone(shared), source, lane, generation };
        supervisor.run(first.take());
        if !place.end(generation, index + 1 == place.sources.len()) {
            return;
        }
        shared.slots.end_source(lane, source);
    }
    shared.slots.end(lane);
}

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
struct Consumer<E> {
    shared: Arc<Shared>,
    judge: Judge,
    lines: Vec<Lines>,
    summed: Vec<bool>,
    failure: Option<E>,
}

impl<E> Consumer<E> {
    fn handle(&mut self, what: What, sink: &mut impl FnMut(Event<'_>) -> Result<Told, E>) {
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
                self.shared.failed.store(true, Ordering::Relaxed);
                self.shared.interrupt.request();
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
    fn sum_up_the_rest(&mut self, sink: &mut impl FnMut(Event<'_>) -> Result<Told, E>) {
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

#[cfg(test)]
mod tests;
