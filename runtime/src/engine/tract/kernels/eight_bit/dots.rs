//! ARM's dot products of bytes, which the standard library offers to nightly compilers only.
#![expect(unsafe_code, reason = "the instruction has no stable name in Rust; asking the processor for it comes before")]

use std::arch::aarch64::{int32x4_t, vdupq_n_s32};
use std::arch::asm;

use super::tile::{Block, Tile};
use super::unit::{BLOCK, ROWS, WIDTH};

/// Says that the processor has the instruction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token(());

impl Token {
    pub(super) fn new() -> Option<Self> {
        std::arch::is_aarch64_feature_detected!("dotprod").then_some(Self(()))
    }
}

/// Four numbers of each half of a strip.
type Quarter = [int32x4_t; 4];

/// The sums of a panel's rows with a strip of weights.
pub(super) fn tile(_: Token, panel: &[Block], weights: &[[[i32; WIDTH]; BLOCK]]) -> Tile {
    // SAFETY: there is no token on a processor without the feature that the function is compiled for.
    unsafe { halves(panel, weights) }
}

#[target_feature(enable = "neon,dotprod")]
fn halves(panel: &[Block], weights: &[[[i32; WIDTH]; BLOCK]]) -> Tile {
    let mut tile = [[0; WIDTH]; ROWS];
    for half in 0..2 {
        let mut sums: [Quarter; ROWS] = [[vdupq_n_s32(0); 4]; ROWS];
        for (block, weights) in panel.iter().zip(weights) {
            for (word, weights) in weights.iter().enumerate() {
                let weights: Quarter = vectors(&weights.as_chunks().0[half]);
                unrolled!(ROW < ROWS => {
                    let bytes = vdupq_n_s32(block[ROW][word]);
                    for (sum, weights) in sums[ROW].iter_mut().zip(weights) {
                        *sum = dot(*sum, bytes, weights);
                    }
                });
            }
        }
        for (row, sums) in tile.iter_mut().zip(sums) {
            row.as_chunks_mut().0[half] = numbers(sums);
        }
    }
    tile
}

fn vectors(numbers: &[i32; 16]) -> Quarter {
    // SAFETY: both are 64 bytes, and any bytes are whole numbers.
    unsafe { std::mem::transmute(*numbers) }
}

fn numbers(vectors: Quarter) -> [i32; 16] {
    // SAFETY: as in `vectors`.
    unsafe { std::mem::transmute(vectors) }
}

/// Adds to each number the four products of its bytes.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn dot(mut sum: int32x4_t, left: int32x4_t, right: int32x4_t) -> int32x4_t {
    // SAFETY: the instruction touches these registers alone, and the function is compiled for processors that have it.
    unsafe {
        asm!("sdot {sum:v}.4s, {left:v}.16b, {right:v}.16b", sum = inout(vreg) sum, left = in(vreg) left,
            right = in(vreg) right, options(pure, nomem, nostack, preserves_flags));
    }
    sum
}
