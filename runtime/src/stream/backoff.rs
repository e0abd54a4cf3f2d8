//! Pauses between attempts: short at first, then longer, never quite the same.

use std::time::Duration;

/// The first pause.
const FIRST: Duration = Duration::from_millis(200);
/// The longest one: somebody who plugs a camera in looks at it for that long.
const LONGEST: Duration = Duration::from_secs(5);
/// A pause is shorter by up to this share, so that several programs do not ask a hub at once for ever.
const JITTER: f64 = 0.25;

/// Doubles from pause to pause.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
    random: u64,
}

impl Backoff {
    pub(super) fn new(seed: u64) -> Self {
        Self { next: FIRST, random: seed }
    }

    /// Back to short pauses.
    pub(super) fn reset(&mut self) {
        self.next = FIRST;
    }

    /// How long to wait now.
    pub(super) fn next(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(LONGEST);
        pause.mul_f64(1.0 - JITTER * self.share())
    }

    /// 0 to 1, by SplitMix64 (Steele, Lea, Flood, 2014).
    fn share(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) as f64 / u64::MAX as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_five_seconds_and_differ() {
        let mut backoff = Backoff::new(7);
        let pauses: Vec<_> = (0..10).map(|_| backoff.next()).collect();
        let bounds = [200, 400, 800, 1600, 3200, 5000, 5000, 5000, 5000, 5000].map(Duration::from_millis);
        for (pause, bound) in pauses.iter().zip(bounds) {
            assert!(*pause <= bound && *pause >= bound.mul_f64(0.75), "{pause:?} of {bound:?}");
        }
        assert_ne!(pauses[6], pauses[7]);
        backoff.reset();
        assert!(backoff.next() <= FIRST);
    }

    #[test]
    fn two_sources_do_not_pause_alike() {
        assert_ne!(Backoff::new(0).next(), Backoff::new(1).next());
    }
}
