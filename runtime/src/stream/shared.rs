//! What the threads of a run share, and which of them reads what.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use moead_model::architecture::ImageSize;

use super::clock::{Clock, Monotonic};
use super::interrupt::Interrupt;
use super::pipeline::{Feed, Nature, OnLoss, Settings, Summary};
use super::slot::Slots;
use super::sources::SourceError;
use super::tally::{Counts, Tally};
use super::watchdog::{Heartbeat, Stage};
use crate::engine::crew::Crew;

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
    pub(super) fn end(&self, generation: u64, is_last: bool) -> bool {
        let next = if is_last { ENDED } else { generation };
        let ended = self.generation.compare_exchange(generation, next, Ordering::AcqRel, Ordering::Acquire);
        if ended.is_err() {
            self.hanging.fetch_sub(1, Ordering::AcqRel);
        }
        ended.is_ok()
    }
}

impl Shared {
    pub(super) fn new(
        crew: &Crew,
        feeds: Vec<Feed>,
        settings: &Settings,
        clock: &Arc<dyn Clock>,
        interrupt: &Interrupt,
    ) -> Self {
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
        let shared = Self {
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
        shared
    }

    pub(super) fn tally(&self, source: usize) -> MutexGuard<'_, Tally> {
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

    /// A sink cannot go on.
    pub(super) fn fail(&self) {
        self.failed.store(true, Ordering::Relaxed);
        self.interrupt.request();
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

    /// The source for which the run ended, and why.
    pub(super) fn take_loss(&self) -> Option<(usize, SourceError)> {
        self.loss.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(super) fn summary(&self, source: usize) -> Summary {
        let began = self.began[source].get().copied().unwrap_or(self.start);
        let elapsed = self.clock.monotonic().since(began);
        Summary { source, time: self.clock.wall(), elapsed, tally: self.tally(source).clone() }
    }
}
