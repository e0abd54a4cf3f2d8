//! Rows of floats as whole numbers, each row in steps of its own.

use std::hash::{Hash, Hasher};

use fearless_simd::{Level, dispatch};

use super::unit::{BLOCK, Unit};

/// How a row becomes bytes: a step is `part` of the largest absolute value, and `least` more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grain {
    part: f32,
    least: f32,
    zero: u8,
}

impl Grain {
    /// * `zero`: the byte that means zero.
    pub(crate) fn new(part: f32, least: f32, zero: u8) -> Self {
        Self { part, least, zero }
    }

    pub(super) fn zero(self) -> i32 {
        i32::from(self.zero)
    }

    fn bits(self) -> (u32, u32, u8) {
        (self.part.to_bits(), self.least.to_bits(), self.zero)
    }
}

impl PartialEq for Grain {
    fn eq(&self, other: &Self) -> bool {
        self.bits() == other.bits()
    }
}

impl Eq for Grain {}

impl Hash for Grain {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bits().hash(state);
    }
}

/// Rows as words.
#[derive(Debug)]
pub(crate) struct Words {
    grain: Grain,
    per_row: usize,
    words: Vec<i32>,
    steps: Vec<f32>,
}

impl Words {
    /// Rounds rows of `width` numbers, row-major.
    pub(crate) fn of_rows((level, unit): (Level, Unit), numbers: &[f32], width: usize, grain: Grain) -> Self {
        let (per_row, rows) = (unit.words(width), numbers.len() / width.max(1));
        let mut words = Self { grain, per_row, words: vec![0; rows * per_row], steps: vec![0.0; rows] };
        let to = words.words.chunks_exact_mut(per_row.max(1)).zip(&mut words.steps);
        match unit.per_word() {
            4 => dispatch!(level, _simd => round::<4>(unit, grain, numbers.chunks_exact(width.max(1)).zip(to))),
            _ => dispatch!(level, _simd => round::<2>(unit, grain, numbers.chunks_exact(width.max(1)).zip(to))),
        }
        words
    }

    pub(super) fn grain(&self) -> Grain {
        self.grain
    }

    pub(super) fn per_row(&self) -> usize {
        self.per_row
    }

    /// A row's words and its step.
    pub(super) fn row(&self, index: usize) -> (&[i32], f32) {
        (&self.words[index * self.per_row..][..self.per_row], self.steps[index])
    }
}

/// Loops over arrays whose lengths are known, which the compiler turns into vectors of the unit for which it is inlined.
#[inline(always)]
fn round<'a, const PER_WORD: usize>(
    unit: Unit,
    grain: Grain,
    rows: impl Iterator<Item = (&'a [f32], (&'a mut [i32], &'a mut f32))>,
) {
    let shift = unit.shift(grain.zero()) - grain.zero();
    let bits = 32 / PER_WORD as u32;
    let mask = (1 << bits) - 1;
    for (numbers, (words, to)) in rows {
        let step = largest(numbers) * grain.part + grain.least;
        *to = step;
        let per_step = 1.0 / step;
        let words = words.as_chunks_mut::<BLOCK>().0;
        for (words, numbers) in words.iter_mut().zip(numbers.chunks(BLOCK * PER_WORD)) {
            let mut block = [[0.0; BLOCK]; PER_WORD];
            for (to, numbers) in block.iter_mut().zip(numbers.chunks(BLOCK)) {
                match numbers.as_chunks::<BLOCK>().0.first() {
                    Some(numbers) => *to = *numbers,
                    None => to[..numbers.len()].copy_from_slice(numbers),
                }
            }
            for (index, numbers) in block.iter().enumerate() {
                for (word, number) in words.iter_mut().zip(numbers) {
                    *word |= ((nearest(number * per_step) - shift) & mask) << (index as u32 * bits);
                }
            }
        }
    }
}

#[inline(always)]
fn largest(numbers: &[f32]) -> f32 {
    let greater = |a: f32, b: f32| if a > b { a } else { b };
    let mut lanes = [0.0; BLOCK];
    let (blocks, rest) = numbers.as_chunks::<BLOCK>();
    for block in blocks {
        for (lane, number) in lanes.iter_mut().zip(block) {
            *lane = greater(number.abs(), *lane);
        }
    }
    rest.iter().map(|number| number.abs()).chain(lanes).fold(0.0, greater)
}

/// The nearest whole number, the even one of two, of numbers up to 2^22: where this is added, the last bit is worth 1. What is no
/// number becomes any.
#[inline(always)]
fn nearest(number: f32) -> i32 {
    const ADDED: f32 = 12_582_912.0;
    ((number + ADDED).to_bits() as i32).wrapping_sub(ADDED.to_bits() as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_to_the_even_neighbour() {
        for number in [-127.0_f32, -2.5, -1.5, -0.5, -0.0, 0.49, 0.5, 1.5, 2.5, 126.5, 254.5, 255.0] {
            assert_eq!(nearest(number), number.round_ties_even() as i32, "{number}");
        }
    }

    #[test]
    fn a_row_of_zeros_has_the_least_step() {
        let level = Level::new();
        let words = Words::of_rows((level, Unit::Plain), &[0.0, -0.0, 0.0], 3, Grain::new(0.5, 1e-30, 128));
        assert_eq!(words.row(0), (&[0; BLOCK][..], 1e-30));
    }
}
