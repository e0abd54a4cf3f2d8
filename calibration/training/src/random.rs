//! Random numbers: one seed, and a stream of its own for each purpose, so that nothing depends on what was drawn before.
//!
//! ```text
//! key    = seed; for each word w of purpose, places: key = mix(key + 0x9e3779b97f4a7c15 * (w + 1)), wrapping
//! mix    = the finalizer of SplitMix64
//! stream = xoshiro256++, its state the first four outputs of SplitMix64 started at key
//! ```
//!
//! A run that is taken up again at step s draws what an uninterrupted run draws at step s: no state is stored.

use rand::{Rng as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;

/// What random numbers are for: the first word of a stream's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Initial values; then the tensor's name.
    Initial = 1,
    /// The order of pictures; then the pass over them.
    Order = 2,
    /// Noise on features; then the step.
    Jitter = 3,
    /// Dropout; then step, site, part.
    Dropout = 4,
    /// Which pictures are held out.
    HeldOut = 5,
    /// Drawn defects; then the picture.
    Defects = 6,
    /// Altered copies; then the picture, then the copy.
    Augmentation = 7,
}

/// Of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub u64);

impl Seed {
    /// The stream of that name.
    pub fn stream(self, purpose: Purpose, places: &[u64]) -> Stream {
        let words = [purpose as u64].into_iter().chain(places.iter().copied());
        let key = words.fold(self.0, |key, word| {
            mix(key.wrapping_add(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(word.wrapping_add(1))))
        });
        // `seed_from_u64` of this generator is SplitMix64, by its authors' advice.
        Stream(Xoshiro256PlusPlus::seed_from_u64(key))
    }

    /// The stream of a purpose and a name: FNV-1a of its bytes is the word behind the purpose.
    pub fn named(self, purpose: Purpose, name: &str) -> Stream {
        let hash = name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        self.stream(purpose, &[hash])
    }
}

fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// Random numbers of one purpose.
#[derive(Debug, Clone)]
pub struct Stream(Xoshiro256PlusPlus);

impl Stream {
    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// From 0 to below 1, in steps of 2^-53.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * 2.0_f64.powi(-53)
    }

    /// From `low` to below `high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// From 0 to below `count`, by Lemire's multiplication; its bias, below count / 2^64, shows nowhere.
    pub fn below(&mut self, count: usize) -> usize {
        ((u128::from(self.next_u64()) * count as u128) >> 64) as usize
    }

    /// Two numbers of the standard normal distribution, by Box and Muller.
    pub fn normals(&mut self) -> [f64; 2] {
        // 1 - unit lies in (0, 1]: its logarithm is finite.
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        let (sine, cosine) = (std::f64::consts::TAU * self.unit()).sin_cos();
        [radius * cosine, radius * sine]
    }

    /// An order of `count` things, each as likely as any other.
    pub fn order(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for at in (1..count).rev() {
            let other = self.below(at + 1);
            order.swap(at, other);
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_apart_and_can_be_had_again() {
        let first = |purpose, places: &[u64]| Seed(7).stream(purpose, places).next_u64();
        let all = [
            first(Purpose::Jitter, &[0]),
            first(Purpose::Jitter, &[1]),
            first(Purpose::Order, &[0]),
            first(Purpose::Dropout, &[0, 1]),
            first(Purpose::Dropout, &[1, 0]),
            Seed(8).stream(Purpose::Jitter, &[0]).next_u64(),
        ];
        let mut apart = all.to_vec();
        apart.sort_unstable();
        apart.dedup();
        assert_eq!(apart.len(), all.len());
        assert_eq!(all[0], first(Purpose::Jitter, &[0]));
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let mut stream = Seed(1).stream(Purpose::Jitter, &[]);
        let normals: Vec<f64> = (0..50_000).flat_map(|_| stream.normals()).collect();
        let mean = |power: i32| normals.iter().map(|x| x.powi(power)).sum::<f64>() / normals.len() as f64;
        // Four deviations of each mean over 100,000.
        assert!(mean(1).abs() < 0.013 && (mean(2) - 1.0).abs() < 0.018 && (mean(4) - 3.0).abs() < 0.13);
        let mut order = stream.order(100);
        assert_ne!(order, (0..100).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..100).collect::<Vec<_>>());
    }
}
