//! The self-test picture: drawn from a seed, the same in the exporter (which computes what a model must answer) and on
//! the device (which asks the model), so that no picture is stored.
//!
//! Rule: a 16 x 16 lattice of random colours, enlarged with straight lines between them, plus fine noise. SplitMix64
//! (Steele, Lea, Flood 2014; the constants of `java.util.SplittableRandom`) started at the seed gives every number, in the
//! order lattice (rows, columns, channels), then noise (rows, columns, channels). All arithmetic is on integers, so any
//! machine draws the same bytes.

use crate::architecture::ImageSize;

/// SplitMix64: `state += 0x9e3779b97f4a7c15`, then two xor-multiply steps. Period 2^64.
#[derive(Debug, Clone)]
pub struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    /// A stream that starts at `seed`.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

const LATTICE: usize = 16;
/// Fixed point of the interpolation.
const ONE: usize = 1 << 12;

/// Draws the picture: height x width x 3, 8 bit, row-major, red first.
pub fn picture(seed: u64, size: ImageSize) -> Vec<u8> {
    let mut stream = SplitMix64::new(seed);
    let mut byte = move || (stream.next_u64() >> 56) as usize;
    let lattice: Vec<usize> = (0..LATTICE * LATTICE * 3).map(|_| byte()).collect();
    let place = |at: usize, length: usize| {
        // Position of pixel `at` on the lattice, in 1/ONE; the last pixel lies on the last node.
        let fixed = at * (LATTICE - 1) * ONE / (length - 1).max(1);
        let node = (fixed / ONE).min(LATTICE - 2);
        (node, fixed - node * ONE)
    };
    let mut pixels = Vec::with_capacity(size.height * size.width * 3);
    for y in 0..size.height {
        let (row, dy) = place(y, size.height);
        for x in 0..size.width {
            let (column, dx) = place(x, size.width);
            for channel in 0..3 {
                let node = |r: usize, c: usize| lattice[(r * LATTICE + c) * 3 + channel];
                let upper = node(row, column) * (ONE - dx) + node(row, column + 1) * dx;
                let lower = node(row + 1, column) * (ONE - dx) + node(row + 1, column + 1) * dx;
                let smooth = (upper * (ONE - dy) + lower * dy) / (ONE * ONE);
                // Three parts picture, one part noise: every frequency is there, so every layer has work.
                pixels.push(((3 * smooth + byte()) / 4) as u8);
            }
        }
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_published_one() {
        let mut stream = SplitMix64::new(1_234_567);
        let published = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        for value in published {
            assert_eq!(stream.next_u64(), value);
        }
    }

    #[test]
    fn the_picture_has_the_asked_size_and_differs_by_seed() {
        let size = ImageSize { height: 64, width: 96 };
        let one = picture(1, size);
        assert_eq!(one.len(), 64 * 96 * 3);
        assert_ne!(one, picture(2, size));
        assert_eq!(one, picture(1, size));
    }
}
