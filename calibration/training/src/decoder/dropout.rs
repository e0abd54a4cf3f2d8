//! Dropout: in training, numbers become 0 at random and the others grow, so that their expectation stays.

use rayon::prelude::*;

use crate::number::Number;
use crate::random::{Purpose, Seed};

/// What is dropped at one site of the network.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dropout {
    seed: Seed,
    step: u64,
    site: u64,
    /// Dropped where 32 random bits are below it.
    below: u32,
    grow: f64,
}

impl Dropout {
    /// * `share`: dropped, from 0 to below 1.
    /// * `site`: counted along the network.
    pub(super) fn new(seed: Seed, step: u64, site: u64, share: f64) -> Self {
        let below = (share * 2.0_f64.powi(32)).round() as u32;
        Self { seed, step, site, below, grow: (1.0 - share).recip() }
    }

    /// Whether anything is dropped.
    pub(super) fn is_on(self) -> bool {
        self.below > 0
    }

    /// What the numbers that stay are multiplied with.
    pub(super) fn grow(self) -> f64 {
        self.grow
    }

    /// Drops some of the numbers.
    ///
    /// * `part`: of the site's numbers. The same step, site and part drop the same places.
    pub(super) fn apply<T: Number>(self, numbers: &mut [T], part: &[u64]) {
        if !self.is_on() {
            return;
        }
        let mut random = self.seed.stream(Purpose::Dropout, &[&[self.step, self.site], part].concat());
        let grow = T::from_f64(self.grow);
        let factor = |bits: u32| if bits < self.below { T::ZERO } else { grow };
        let (pairs, last) = numbers.as_chunks_mut::<2>();
        for [first, second] in pairs {
            let bits = random.next_u64();
            *first *= factor((bits >> 32) as u32);
            *second *= factor(bits as u32);
        }
        for number in last {
            *number *= factor((random.next_u64() >> 32) as u32);
        }
    }

    /// The same for many numbers, on all threads.
    pub(super) fn apply_to_all<T: Number>(self, numbers: &mut [T], part: u64) {
        /// Numbers of a stream; fixed, so that the number of threads does not show.
        const BLOCK: usize = 1 << 15;
        if self.is_on() {
            let blocks = numbers.par_chunks_mut(BLOCK).enumerate();
            blocks.for_each(|(block, numbers)| self.apply(numbers, &[part, block as u64]));
        }
    }
}
