//! How much of a run's time engines take.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moead_model::architecture::ImageSize;
use moead_runtime::engine::{Engine, EngineError, Outputs};
use moead_runtime::stream::clock::Clock;

/// Time spent inside of engines, theirs together.
#[derive(Debug, Clone, Default)]
pub(super) struct Spent(Arc<AtomicU64>);

impl Spent {
    /// So far.
    pub(super) fn total(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }

    fn add(&self, time: Duration) {
        self.0.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// An engine with a clock.
pub(super) struct Timed {
    pub(super) engine: Box<dyn Engine>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) spent: Spent,
}

impl Engine for Timed {
    fn input(&self) -> ImageSize {
        self.engine.input()
    }

    fn run(&mut self, input: &[f32]) -> Result<Outputs, EngineError> {
        let start = self.clock.monotonic();
        let answer = self.engine.run(input);
        self.spent.add(self.clock.monotonic().since(start));
        answer
    }
}
