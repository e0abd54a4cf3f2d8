//! What the engine's thread and the server's thread share.

use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};

use crate::stream::clock::{Clock, Monotonic};
use crate::stream::status::Status;
use crate::stream::tally::Counts;

use super::Settings;
use super::defects::Defects;
use super::figures::Figures;
use super::observation::Observation;
use super::pictures::Pictures;

/// The state of a run and of its server.
pub(super) struct Shared {
    pub(super) settings: Settings,
    /// Where the server listens.
    pub(super) address: SocketAddr,
    pub(super) sources: Vec<Source>,
    /// A defect waits to be drawn.
    pub(super) defect_waits: Notify,
    /// Free places for connections.
    pub(super) connections: Arc<Semaphore>,
    /// Connections that found none.
    pub(super) refused: AtomicU64,
    /// Free places for answers that never end.
    pub(super) endless: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
    started: Monotonic,
}

/// One source.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) pictures: Pictures,
    figures: Mutex<Figures>,
    defects: Mutex<Defects>,
}

impl Shared {
    pub(super) fn new(settings: Settings, clock: Arc<dyn Clock>, address: SocketAddr) -> Self {
        let count = settings.sources.len();
        let sources = settings.sources.iter().enumerate().map(|(index, (name, nature))| Source {
            name: name.clone(),
            pictures: Pictures::new(),
            figures: Mutex::new(Figures::new(*nature)),
            defects: Mutex::new(Defects::new(index, count)),
        });
        Self {
            address,
            sources: sources.collect(),
            defect_waits: Notify::new(),
            connections: Arc::new(Semaphore::new(settings.limits.connections)),
            refused: AtomicU64::new(0),
            endless: Arc::new(Semaphore::new(settings.limits.endless)),
            started: clock.monotonic(),
            clock,
            settings,
        }
    }

    /// Since the server began. All moments that it keeps are counted from there.
    pub(super) fn elapsed(&self) -> Duration {
        self.clock.monotonic().since(self.started)
    }

    pub(super) fn publish(&self, observation: &Observation<'_>) {
        let Some(source) = self.sources.get(observation.source) else { return };
        let now = self.clock.monotonic();
        let (elapsed, age) = (now.since(self.started), now.since(observation.captured));
        source.figures().add(observation, elapsed, age);
        if source.pictures.offer(observation, elapsed) {
            self.defect_waits.notify_one();
        }
    }

    pub(super) fn status(&self, status: &Status) {
        if let Some(source) = self.sources.get(status.source) {
            source.figures().change(status, self.elapsed());
        }
    }

    pub(super) fn ended(&self, source: usize, counts: &Counts) {
        if let Some(source) = self.sources.get(source) {
            source.figures().end(counts, self.elapsed());
        }
    }
}

impl Source {
    /// Held for as long as it takes to add a result or to copy the numbers.
    pub(super) fn figures(&self) -> MutexGuard<'_, Figures> {
        // Every change is whole as far as readers care: numbers that stand side by side.
        self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Only the server's thread asks.
    pub(super) fn defects(&self) -> MutexGuard<'_, Defects> {
        self.defects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("address", &self.address).field("sources", &self.sources).finish_non_exhaustive()
    }
}
