//! The inner loop: a tile of sums of products of whole numbers.

use super::unit::{BLOCK, ROWS, Unit, WIDTH};
use super::words::Words;

/// Sums.
pub(super) type Tile = [[i32; WIDTH]; ROWS];
/// Words of a panel's rows, a cache line of each.
pub(super) type Block = [[i32; BLOCK]; ROWS];

/// Rows of a left operand, as many together as a tile has.
#[derive(Debug)]
pub(super) struct Panels {
    words: usize,
    blocks: Vec<Block>,
    steps: Vec<f32>,
}

/// Some rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Panel<'a> {
    /// The first one's number.
    pub(super) first: usize,
    pub(super) blocks: &'a [Block],
}

impl Panels {
    /// Copies rows together.
    pub(super) fn gather(rows: &Words, chosen: impl ExactSizeIterator<Item = usize>) -> Self {
        let per_row = rows.per_row() / BLOCK;
        let mut blocks = vec![[[0; BLOCK]; ROWS]; chosen.len().div_ceil(ROWS) * per_row];
        let mut steps = Vec::with_capacity(chosen.len());
        for (index, row) in chosen.enumerate() {
            let (words, step) = rows.row(row);
            let panel = &mut blocks[index / ROWS * per_row..][..per_row];
            for (block, words) in panel.iter_mut().zip(words.as_chunks().0) {
                block[index % ROWS] = *words;
            }
            steps.push(step);
        }
        Self { words: rows.per_row(), blocks, steps }
    }

    /// Words of a row.
    pub(super) fn words(&self) -> usize {
        self.words
    }

    /// Each panel, with its rows' steps.
    pub(super) fn panels(&self) -> impl Iterator<Item = (Panel<'_>, &[f32])> {
        let blocks = self.blocks.chunks_exact((self.words / BLOCK).max(1));
        let panels = blocks.enumerate().map(|(index, blocks)| Panel { first: index * ROWS, blocks });
        panels.zip(self.steps.chunks(ROWS))
    }
}

/// The sums of a panel's rows with a strip of weights.
#[inline(always)]
pub(super) fn tile(unit: Unit, panel: &[Block], weights: &[i32]) -> Tile {
    let weights = weights.as_chunks::<WIDTH>().0.as_chunks::<BLOCK>().0;
    match unit {
        #[cfg(target_arch = "x86_64")]
        Unit::Vnni(token) => x86::vnni(token, panel, weights),
        #[cfg(target_arch = "x86_64")]
        Unit::Pairs(token) => x86::pairs(token, panel, weights),
        #[cfg(target_arch = "aarch64")]
        Unit::Dots(token) => super::dots::tile(token, panel, weights),
        Unit::Plain => plain(panel, weights),
    }
}

/// The scalar twin.
fn plain(panel: &[Block], weights: &[[[i32; WIDTH]; BLOCK]]) -> Tile {
    let halves = |word: i32| (i32::from(word as i16), word >> 16);
    let mut sums = [[0; WIDTH]; ROWS];
    for (block, weights) in panel.iter().zip(weights) {
        for (word, weights) in weights.iter().enumerate() {
            for (sums, row) in sums.iter_mut().zip(block) {
                let (low, high) = halves(row[word]);
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    let weight = halves(*weight);
                    *sum += low * weight.0 + high * weight.1;
                }
            }
        }
    }
    sums
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use fearless_simd::prelude::*;
    use fearless_simd::{i32x8, i32x16};

    use super::{BLOCK, Block, ROWS, Tile, WIDTH};

    fearless_simd::kernel!(
        /// Six rows of two vectors: twelve independent chains.
        #[inline]
        pub(super) fn vnni(simd: Avx512, panel: &[Block], weights: &[[[i32; WIDTH]; BLOCK]]) -> Tile {
            let mut sums = [[_mm512_setzero_si512(); 2]; ROWS];
            for (block, weights) in panel.iter().zip(weights) {
                for (word, weights) in weights.iter().enumerate() {
                    let left: __m512i = i32x16::from_slice(simd, &weights[..16]).into();
                    let right: __m512i = i32x16::from_slice(simd, &weights[16..]).into();
                    unrolled!(ROW < ROWS => {
                        let bytes = _mm512_set1_epi32(block[ROW][word]);
                        sums[ROW][0] = _mm512_dpbusd_epi32(sums[ROW][0], bytes, left);
                        sums[ROW][1] = _mm512_dpbusd_epi32(sums[ROW][1], bytes, right);
                    });
                }
            }
            let mut tile = [[0; WIDTH]; ROWS];
            unrolled!(ROW < ROWS => {
                let [left, right] = sums[ROW];
                let vectors: [i32x16<_>; 2] = [left.simd_into(simd), right.simd_into(simd)];
                vectors[0].store_slice(&mut tile[ROW][..16]);
                vectors[1].store_slice(&mut tile[ROW][16..]);
            });
            tile
        }
    );

    /// Rows and columns that AVX2's sixteen registers hold at once, with what is multiplied.
    const FEW: usize = 3;
    const HALF: usize = WIDTH / 2;

    fearless_simd::kernel!(
        /// Quarters of the tile, one after the other.
        #[inline]
        pub(super) fn pairs(simd: Avx2, panel: &[Block], weights: &[[[i32; WIDTH]; BLOCK]]) -> Tile {
            let mut tile = [[0; WIDTH]; ROWS];
            for (first, column) in [(0, 0), (0, HALF), (FEW, 0), (FEW, HALF)] {
                let mut sums = [[_mm256_setzero_si256(); 2]; FEW];
                for (block, weights) in panel.iter().zip(weights) {
                    let rows: &[[i32; BLOCK]; FEW] = (&block.as_chunks().0[first / FEW]) as _;
                    for (word, weights) in weights.iter().enumerate() {
                        let weights = &weights[column..column + HALF];
                        let left: __m256i = i32x8::from_slice(simd, &weights[..8]).into();
                        let right: __m256i = i32x8::from_slice(simd, &weights[8..]).into();
                        for (sums, row) in sums.iter_mut().zip(rows) {
                            let pair = _mm256_set1_epi32(row[word]);
                            sums[0] = _mm256_add_epi32(sums[0], _mm256_madd_epi16(pair, left));
                            sums[1] = _mm256_add_epi32(sums[1], _mm256_madd_epi16(pair, right));
                        }
                    }
                }
                for (row, [left, right]) in tile[first..].iter_mut().zip(sums) {
                    let vectors: [i32x8<_>; 2] = [left.simd_into(simd), right.simd_into(simd)];
                    vectors[0].store_slice(&mut row[column..][..8]);
                    vectors[1].store_slice(&mut row[column + 8..][..8]);
                }
            }
            tile
        }
    );
}
