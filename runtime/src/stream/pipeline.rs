//! A run: sources and engines with their threads, and whoever takes the results.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use moead_model::architecture::Normalization;

use super::clock::{Clock, WallClock};
use super::computing::{self, CloseOnPanic, Done, What};
use super::consumer::Consumer;
use super::frame::Frame;
use super::interrupt::Interrupt;
use super::judge::{Judgement, Latency};
use super::policy::Policy;
use super::prepare::{FrameError, Pictures, lies_in};
use super::shared::Shared;
use super::sources::{Mode, Opener, Source, SourceError};
use super::status::{Status, Turn};
use super::supervisor::Supervisor;
use super::tally::{Counts, Tally};
use super::watchdog;
use crate::engine::crew::Crew;
use crate::score::regions::Rect;
use crate::score::standards::{Standard, Standards};

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

/// Whether a source is a device that lives on, or files that end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// Its states are told, its broken frames are skipped, it is opened again when it is lost.
    Live,
    /// Its broken pictures have lines of their own.
    Files,
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
    let shared = Arc::new(Shared::new(crew, feeds, settings, clock, interrupt));
    let mut threads = begin(&shared, opened);
    let guard = watchdog::start(&shared);
    let mut consumer = Consumer::new(&shared);
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
    match (consumer.failure(), shared.take_loss()) {
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

#[cfg(test)]
mod tests;
