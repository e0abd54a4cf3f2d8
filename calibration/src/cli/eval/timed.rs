//! How much of a run's time an engine takes.

use std::time::Duration;

use moead_model::architecture::ImageSize;
use moead_runtime::engine::{Engine, EngineError, Outputs};
use moead_runtime::stream::clock::Clock;

/// An engine with a clock.
pub(super) struct Timed<'a> {
    engine: &'a mut dyn Engine,
    clock: &'a dyn Clock,
    /// Spent inside of the engine.
    pub(super) spent: Duration,
}

impl<'a> Timed<'a> {
    pub(super) fn new(engine: &'a mut dyn Engine, clock: &'a dyn Clock) -> Self {
        Self { engine, clock, spent: Duration::ZERO }
    }
}

impl Engine for Timed<'_> {
    fn input(&self) -> ImageSize {
        self.engine.input()
    }

    fn run(&mut self, input: &[f32]) -> Result<Outputs, EngineError> {
        let start = self.clock.monotonic();
        let answer = self.engine.run(input);
        self.spent += self.clock.monotonic().since(start);
        answer
    }
}
