//! Rows of floats as whole numbers, each row in steps of its own.

use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, dispatch, f32x16, u32x16};

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
            4 => {
                dispatch!(level, simd => round::<_, 4>(simd, (unit, grain), numbers.chunks_exact(width.max(1)).zip(to)))
            }
            _ => {
                dispatch!(level, simd => round::<_, 2>(simd, (unit, grain), numbers.chunks_exact(width.max(1)).zip(to)))
            }
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

#[inline(always)]
fn round<'a, S: Simd, const PER_WORD: usize>(
    simd: S,
    (unit, grain): (Unit, Grain),
    rows: impl Iterator<Item = (&'a [f32], (&'a mut [i32], &'a mut f32))>,
) {
    let shift = unit.shift(grain.zero()) - grain.zero();
    for (numbers, (words, to)) in rows {
        let step = largest(simd, numbers) * grain.part + grain.least;
        *to = step;
        let per_step = 1.0 / step;
        let (whole, rest) = numbers.as_chunks::<BLOCK>();
        let (whole, some) = whole.as_chunks::<PER_WORD>();
        let words = words.as_chunks_mut::<BLOCK>().0;
        for (words, block) in words.iter_mut().zip(whole) {
            *words = words_of(simd, block, per_step, shift);
        }
        if some.len() + rest.len() > 0 {
            // The rest of the last block is zero, whatever byte means that: so is the weight that it meets.
            let mut block = [[0.0; BLOCK]; PER_WORD];
            let numbers = some.iter().flatten().chain(rest);
            block.as_flattened_mut().iter_mut().zip(numbers).for_each(|(to, from)| *to = *from);
            words[whole.len()] = words_of(simd, &block, per_step, shift);
        }
    }
}

#[inline(always)]
fn words_of<S: Simd, const PER_WORD: usize>(
    simd: S,
    block: &[[f32; BLOCK]; PER_WORD],
    per_step: f32,
    shift: i32,
) -> [i32; BLOCK] {
    let bits = 32 / PER_WORD as u32;
    let (mask, per_step) = (u32x16::splat(simd, (1 << bits) - 1), f32x16::splat(simd, per_step));
    let mut words = u32x16::splat(simd, 0);
    for (index, numbers) in block.iter().enumerate() {
        let whole = nearest(simd, f32x16::from_slice(simd, numbers) * per_step, shift);
        words |= (whole & mask) << (index as u32 * bits);
    }
    let mut result = [0; BLOCK];
    result.iter_mut().zip(words.as_slice()).for_each(|(to, &word)| *to = word.cast_signed());
    result
}

#[inline(always)]
fn largest<S: Simd>(simd: S, numbers: &[f32]) -> f32 {
    let (blocks, rest) = numbers.as_chunks::<BLOCK>();
    let mut lanes = f32x16::splat(simd, 0.0);
    for block in blocks {
        lanes = lanes.max(f32x16::from_slice(simd, block).abs());
    }
    let greater = |a: f32, b: f32| if a > b { a } else { b };
    rest.iter().map(|number| number.abs()).chain(lanes.as_slice().iter().copied()).fold(0.0, greater)
}

/// The nearest whole numbers less `shift`, the even one of two, of numbers up to 2^22: where 1.5 x 2^23 is added, the last bit is
/// worth 1. What is no number becomes any.
#[inline(always)]
fn nearest<S: Simd>(simd: S, numbers: f32x16<S>, shift: i32) -> u32x16<S> {
    const ADDED: f32 = 12_582_912.0;
    let bits = (numbers + f32x16::splat(simd, ADDED)).to_bits();
    bits - u32x16::splat(simd, ADDED.to_bits().wrapping_add_signed(shift))
}

#[cfg(test)]
mod tests {
    use super::super::super::levels::levels;
    use super::*;

    #[test]
    fn halves_go_to_the_even_neighbour() {
        for number in [-127.0_f32, -2.5, -1.5, -0.5, -0.0, 0.49, 0.5, 1.5, 2.5, 126.5, 254.5, 255.0] {
            for level in levels() {
                let found = dispatch!(level, simd => nearest(simd, f32x16::splat(simd, number), 3).as_slice()[15]);
                assert_eq!(found.cast_signed(), number.round_ties_even() as i32 - 3, "{number}");
            }
        }
    }

    #[test]
    fn a_row_of_zeros_has_the_least_step() {
        let level = Level::new();
        let words = Words::of_rows((level, Unit::Plain), &[0.0, -0.0, 0.0], 3, Grain::new(0.5, 1e-30, 128));
        assert_eq!(words.row(0), (&[0; BLOCK][..], 1e-30));
    }
}
