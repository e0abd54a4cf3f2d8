//! Engines that work side by side, each on a picture of its own.
#![forbid(unsafe_code)]

use std::num::NonZeroUsize;

use moead_model::architecture::ImageSize;

use super::Engine;
use super::choice::Provider;

/// Pictures at once where nobody said how many: each takes memory for what is computed on the way to its answer, and beyond
/// this number processors rather wait for memory than for work.
const MOST: usize = 4;

/// How many pictures are computed at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InFlight {
    /// So many.
    Exactly(NonZeroUsize),
    /// As many as the processor has room for, up to four; one where it is not the processor that computes. For pictures that wait:
    /// together they are done sooner, each of them later.
    Filling,
}

impl Default for InFlight {
    /// One.
    fn default() -> Self {
        Self::Exactly(NonZeroUsize::MIN)
    }
}

impl InFlight {
    /// How many on a machine of so many `processors`, with so many `threads` to a picture.
    pub(super) fn count(self, provider: Provider, threads: NonZeroUsize, processors: NonZeroUsize) -> NonZeroUsize {
        match (self, provider) {
            (Self::Exactly(count), _) => count,
            (Self::Filling, Provider::Cpu) => {
                let room = processors.get() / threads.get();
                NonZeroUsize::new(room.min(MOST)).unwrap_or(NonZeroUsize::MIN)
            }
            (Self::Filling, Provider::Cuda | Provider::TensorRt) => NonZeroUsize::MIN,
        }
    }
}

/// Engines with the same model, at least one.
pub struct Crew {
    first: Box<dyn Engine>,
    others: Vec<Box<dyn Engine>>,
}

impl std::fmt::Debug for Crew {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Crew").field("engines", &self.count()).finish_non_exhaustive()
    }
}

impl Crew {
    /// One alone.
    pub fn new(engine: impl Engine + 'static) -> Self {
        Self { first: Box::new(engine), others: Vec::new() }
    }

    /// One more, with the same model.
    #[must_use]
    pub fn and(mut self, engine: impl Engine + 'static) -> Self {
        self.others.push(Box::new(engine));
        self
    }

    /// The network's input.
    pub fn input(&self) -> ImageSize {
        self.first.input()
    }

    /// How many there are.
    pub fn count(&self) -> NonZeroUsize {
        NonZeroUsize::MIN.saturating_add(self.others.len())
    }

    /// Any of them, for one picture.
    pub fn first(&mut self) -> &mut dyn Engine {
        &mut *self.first
    }

    /// One of them alone.
    pub fn into_first(self) -> Box<dyn Engine> {
        self.first
    }

    /// All of them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Box<dyn Engine>> {
        std::iter::once(&mut self.first).chain(&mut self.others)
    }

    /// Each within something else that is an engine.
    #[must_use]
    pub fn map<E: Engine + 'static>(self, mut change: impl FnMut(Box<dyn Engine>) -> E) -> Self {
        let first = Box::new(change(self.first));
        let others = self.others.into_iter().map(|engine| Box::new(change(engine)) as Box<dyn Engine>);
        Self { first, others: others.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(in_flight: InFlight, provider: Provider, threads: usize, processors: usize) -> usize {
        let number = |number| NonZeroUsize::new(number).unwrap();
        in_flight.count(provider, number(threads), number(processors)).get()
    }

    #[test]
    fn what_waits_fills_the_processor_and_not_the_memory() {
        let filling = |threads, processors| count(InFlight::Filling, Provider::Cpu, threads, processors);
        assert_eq!([filling(1, 1), filling(1, 2), filling(1, 4), filling(1, 64)], [1, 2, 4, 4]);
        assert_eq!([filling(2, 2), filling(2, 4), filling(3, 8), filling(8, 2)], [1, 2, 2, 1]);
    }

    #[test]
    fn a_gpu_is_filled_by_one() {
        assert_eq!(count(InFlight::Filling, Provider::Cuda, 1, 8), 1);
        assert_eq!(count(InFlight::Filling, Provider::TensorRt, 1, 8), 1);
        let three = InFlight::Exactly(NonZeroUsize::new(3).unwrap());
        assert_eq!([count(three, Provider::Cuda, 1, 8), count(three, Provider::Cpu, 8, 1)], [3, 3]);
    }
}
