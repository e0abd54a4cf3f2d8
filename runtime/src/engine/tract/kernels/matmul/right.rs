//! The right operand: strips of columns, packed or where they are.

use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, dispatch};

/// How the unit at hand cuts columns into strips.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Columns {
    lanes: usize,
}

/// How the vector unit `level` cuts columns into strips.
pub(crate) fn columns(level: Level) -> Columns {
    Columns { lanes: dispatch!(level, simd => lanes(simd)) }
}

#[inline(always)]
fn lanes<S: Simd>(_: S) -> usize {
    S::f32s::LEN
}

impl Columns {
    /// Columns of a whole strip: with six rows, twelve sums, or 24 where there are 32 registers of four numbers.
    pub(crate) fn whole(self) -> usize {
        match self.lanes {
            4 if cfg!(target_arch = "aarch64") => 16,
            lanes => 2 * lanes,
        }
    }

    /// Rows of a tile. Twelve sums, two vectors and two factors are one register too many for AVX2, whose inner loop then takes
    /// twice the time.
    pub(crate) fn height(self) -> usize {
        if self.lanes == 8 { 5 } else { 6 }
    }

    /// Columns for which a strip that holds `width` of them has room.
    pub(crate) fn room(self, width: usize) -> usize {
        match width {
            // A quarter of a vector of 16 costs as much as half of one.
            1..=4 if self.lanes < 16 => 4,
            1..=8 => 8,
            9..=16 => 16,
            _ => self.whole(),
        }
    }

    /// First column and width of each strip of `count` columns.
    pub(crate) fn strips(self, count: usize) -> impl Iterator<Item = (usize, usize)> {
        (0..count).step_by(self.whole()).map(move |column| (column, (count - column).min(self.whole())))
    }
}

/// Some columns of a right operand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Strip<'a> {
    /// From the first row's first column on.
    pub(crate) numbers: &'a [f32],
    /// From a row to the next.
    pub(crate) pitch: usize,
    /// The first column's number in the whole operand.
    pub(crate) column: usize,
    /// Columns.
    pub(crate) width: usize,
    /// Columns that are read; what is behind `width` does not matter.
    pub(crate) room: usize,
}

/// A packed right operand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Right<'a> {
    cut: Columns,
    depth: usize,
    count: usize,
    numbers: &'a [f32],
}

impl<'a> Right<'a> {
    /// Packs K x N numbers, row-major: strip after strip, the last one filled up with zeros.
    pub(crate) fn pack(cut: Columns, (depth, count): (usize, usize), numbers: &[f32]) -> Vec<f32> {
        assert_eq!(numbers.len(), depth * count, "a matrix of {depth} x {count}");
        let mut packed = Vec::new();
        for (column, width) in cut.strips(count) {
            copy_strip(cut, numbers, (column, width), (depth, count), &mut packed);
        }
        packed
    }

    /// Packs K x N numbers of which the columns are given: `count` rows of `depth` numbers, `pitch` from row to row.
    pub(crate) fn pack_columns(
        cut: Columns,
        (depth, count): (usize, usize),
        (columns, pitch): (&[f32], usize),
        packed: &mut Vec<f32>,
    ) {
        for (column, width) in cut.strips(count) {
            let start = packed.len();
            let room = cut.room(width);
            packed.resize(start + depth * room, 0.0);
            for index in 0..width {
                let numbers = &columns[(column + index) * pitch..][..depth];
                for (row, &number) in packed[start..].chunks_exact_mut(room).zip(numbers) {
                    row[index] = number;
                }
            }
        }
    }

    /// Numbers of K x N when packed.
    pub(crate) fn len(cut: Columns, (depth, count): (usize, usize)) -> usize {
        cut.strips(count).map(|(_, width)| cut.room(width) * depth).sum()
    }

    /// Views what [`Right::pack`] or [`Right::pack_columns`] made of K x N numbers.
    pub(crate) fn new(cut: Columns, (depth, count): (usize, usize), numbers: &'a [f32]) -> Self {
        Self { cut, depth, count, numbers }
    }

    /// K.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// All strips.
    pub(crate) fn strips(self) -> impl Iterator<Item = Strip<'a>> {
        self.cut.strips(self.count).map(move |(column, width)| {
            let room = self.cut.room(width);
            Strip {
                numbers: &self.numbers[column * self.depth..][..room * self.depth],
                pitch: room,
                column,
                width,
                room,
            }
        })
    }
}

/// Appends a strip of a row-major K x N matrix, with zeros where there is room left.
fn copy_strip(
    cut: Columns,
    numbers: &[f32],
    (column, width): (usize, usize),
    (depth, pitch): (usize, usize),
    packed: &mut Vec<f32>,
) {
    let room = cut.room(width);
    packed.reserve(depth * room);
    for row in numbers.chunks_exact(pitch.max(1)).take(depth) {
        packed.extend_from_slice(&row[column..][..width]);
        packed.resize(packed.len() + room - width, 0.0);
    }
}

/// A row-major K x N matrix that changes from picture to picture, read where it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plain<'a> {
    /// K x N.
    pub(crate) numbers: &'a [f32],
    /// K.
    pub(crate) depth: usize,
    /// N.
    pub(crate) count: usize,
}

impl<'a> Plain<'a> {
    /// Strips of the columns `columns`; the last is copied to `packed` where a vector would read beyond it.
    pub(crate) fn strips(
        self,
        cut: Columns,
        columns: std::ops::Range<usize>,
        packed: &'a mut Vec<f32>,
    ) -> Vec<Strip<'a>> {
        let Self { numbers, depth, count } = self;
        let mut strips = Vec::new();
        let mut rest = columns.clone();
        while !rest.is_empty() {
            let width = rest.len().min(cut.whole());
            if cut.room(width) != width {
                break;
            }
            strips.push(Strip {
                numbers: &numbers[rest.start..],
                pitch: count,
                column: rest.start,
                width,
                room: width,
            });
            rest.start += width;
        }
        if !rest.is_empty() {
            packed.clear();
            let room = cut.room(rest.len());
            copy_strip(cut, numbers, (rest.start, rest.len()), (depth, count), packed);
            strips.push(Strip { numbers: packed, pitch: room, column: rest.start, width: rest.len(), room });
        }
        strips
    }
}
