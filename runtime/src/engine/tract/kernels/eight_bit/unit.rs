//! What the processor at hand multiplies whole numbers with, and the form that it wants them in.

use fearless_simd::Level;

/// Columns of a strip of weights.
pub(super) const WIDTH: usize = 32;
/// Rows of a tile.
pub(crate) const ROWS: usize = 6;
/// Words of a row that lie side by side: a cache line.
pub(super) const BLOCK: usize = 16;

/// Several numbers of a row in a word of 32 bits, multiplied and summed by one instruction.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Unit {
    /// AVX-512 VNNI: four bytes times four bytes with a sign.
    #[cfg(target_arch = "x86_64")]
    Vnni(fearless_simd::Avx512),
    /// AVX2: two 16-bit numbers times two. Its product of bytes would saturate.
    #[cfg(target_arch = "x86_64")]
    Pairs(fearless_simd::Avx2),
    /// ARM's dot products: four bytes with a sign times four.
    #[cfg(target_arch = "aarch64")]
    Dots(super::dots::Token),
    /// Two 16-bit numbers times two, as the compiler sees fit.
    Plain,
}

impl Unit {
    /// The best that comes with `level`.
    pub(crate) fn of(level: Level) -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(token) = level.as_avx512() {
            return Self::Vnni(token);
        } else if let Some(token) = level.as_avx2() {
            return Self::Pairs(token);
        }
        #[cfg(target_arch = "aarch64")]
        if let Some(token) = level.as_neon().and(super::dots::Token::new()) {
            return Self::Dots(token);
        }
        let _ = level;
        Self::Plain
    }

    /// Numbers of a word.
    pub(super) fn per_word(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Vnni(_) => 4,
            #[cfg(target_arch = "x86_64")]
            Self::Pairs(_) => 2,
            #[cfg(target_arch = "aarch64")]
            Self::Dots(_) => 4,
            Self::Plain => 2,
        }
    }

    /// What a byte of which `zero` means zero is stored without.
    pub(super) fn shift(self, zero: i32) -> i32 {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Vnni(_) => 0,
            #[cfg(target_arch = "x86_64")]
            Self::Pairs(_) => zero,
            #[cfg(target_arch = "aarch64")]
            Self::Dots(_) => 128,
            Self::Plain => zero,
        }
    }

    /// What every stored number is too large by.
    pub(super) fn surplus(self, zero: i32) -> i32 {
        zero - self.shift(zero)
    }

    /// Words of a row of `depth` numbers, in whole blocks.
    pub(super) fn words(self, depth: usize) -> usize {
        depth.div_ceil(BLOCK * self.per_word()) * BLOCK
    }

    /// `numbers`, a word's, in a word.
    #[inline(always)]
    pub(super) fn word(self, numbers: impl Iterator<Item = i32>) -> i32 {
        let bits = 32 / self.per_word();
        let mask = (1 << bits) - 1;
        numbers.enumerate().fold(0, |word, (index, number)| word | (number & mask) << (index * bits))
    }

    /// Packs K x N weights, row-major: strips of 32 columns, the last one filled up; in each, the words of a row of words side
    /// by side. A block of 16 words has a block of numbers: the first of each word, then the second of each.
    pub(crate) fn pack(self, (depth, count): (usize, usize), weights: &[i8]) -> Vec<i32> {
        assert_eq!(weights.len(), depth * count, "a matrix of {depth} x {count}");
        let (per_word, words) = (self.per_word(), self.words(depth));
        let number = |row: usize, column: usize| match row < depth && column < count {
            true => i32::from(weights[row * count + column]),
            false => 0,
        };
        let mut packed = Vec::with_capacity(words * count.next_multiple_of(WIDTH));
        for strip in (0..count).step_by(WIDTH) {
            for word in 0..words {
                let first = word / BLOCK * BLOCK * per_word + word % BLOCK;
                let rows = (0..per_word).map(|index| first + index * BLOCK);
                packed.extend(
                    (strip..strip + WIDTH).map(|column| self.word(rows.clone().map(|row| number(row, column)))),
                );
            }
        }
        packed
    }
}
