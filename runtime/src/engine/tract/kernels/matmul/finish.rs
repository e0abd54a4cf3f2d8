//! What is done with a tile of sums: bias, addend, activation, and where it goes.

use fearless_simd::Simd;

use super::super::activation::{Activation, of_vector};
use super::Floats;
use super::left::{BLOCK, Layout};

/// Where a tile is in the product.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// Of the tile's first number.
    pub(crate) row: usize,
    /// Of the tile's first number.
    pub(crate) column: usize,
    /// Rows from there on that exist; a tile may be higher.
    pub(crate) rows: usize,
    /// Columns from there on that exist; a tile may be wider.
    pub(crate) width: usize,
}

/// Takes the tiles of a product.
pub(crate) trait Finish {
    /// `WHOLE`: all columns of the tile exist.
    fn tile<S: Simd, V: Floats<S>, const R: usize, const C: usize, const WHOLE: bool>(
        &mut self,
        simd: S,
        place: Place,
        sums: [[V; C]; R],
    );
}

/// A number for each row or for each column.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bias<'a> {
    /// Nothing.
    None,
    /// R numbers.
    OfRows(&'a [f32]),
    /// N numbers.
    OfColumns(&'a [f32]),
}

/// A row-major matrix to add, as large as the product, `pitch` numbers from row to row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addend<'a> {
    /// From the product's first number on.
    pub(crate) numbers: &'a [f32],
    /// From a row to the next.
    pub(crate) pitch: usize,
}

/// Activation(product + bias + addend).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Blend<'a> {
    pub(crate) bias: Bias<'a>,
    pub(crate) addend: Option<Addend<'a>>,
    pub(crate) activation: Activation,
}

impl Blend<'_> {
    /// Nothing but the product.
    pub(crate) const PLAIN: Blend<'static> = Blend { bias: Bias::None, addend: None, activation: Activation::Identity };

    #[inline(always)]
    fn apply<S: Simd, V: Floats<S>, const R: usize, const C: usize, const WHOLE: bool>(
        &self,
        simd: S,
        place: Place,
        mut sums: [[V; C]; R],
    ) -> [[V; C]; R] {
        match self.bias {
            Bias::None => {}
            Bias::OfRows(bias) => {
                let bias = &bias[place.row..];
                unrolled!(ROW < R => {
                    let bias = V::splat(simd, if ROW < place.rows { bias[ROW] } else { 0.0 });
                    unrolled!(COLUMN < C => {
                        sums[ROW][COLUMN] += bias;
                    });
                });
            }
            Bias::OfColumns(bias) => {
                let bias = load::<S, V, C, WHOLE>(simd, &bias[place.column..], place.width);
                unrolled!(ROW < R => {
                    unrolled!(COLUMN < C => {
                        sums[ROW][COLUMN] += bias[COLUMN];
                    });
                });
            }
        }
        if let Some(Addend { numbers, pitch }) = self.addend {
            unrolled!(ROW < R => {
                if ROW < place.rows {
                    let numbers = &numbers[(place.row + ROW) * pitch + place.column..];
                    let addend = load::<S, V, C, WHOLE>(simd, numbers, place.width);
                    unrolled!(COLUMN < C => {
                        sums[ROW][COLUMN] += addend[COLUMN];
                    });
                }
            });
        }
        if self.activation != Activation::Identity {
            unrolled!(ROW < R => {
                unrolled!(COLUMN < C => {
                    sums[ROW][COLUMN] = of_vector(simd, self.activation, sums[ROW][COLUMN]);
                });
            });
        }
        sums
    }
}

/// A row of a tile: the numbers that exist, then zeros.
#[inline(always)]
fn load<S: Simd, V: Floats<S>, const C: usize, const WHOLE: bool>(simd: S, numbers: &[f32], width: usize) -> [V; C] {
    let mut row = [V::splat(simd, 0.0); C];
    if WHOLE {
        let numbers = &numbers[..C * V::LEN];
        unrolled!(COLUMN < C => {
            row[COLUMN] = V::from_slice(simd, &numbers[COLUMN * V::LEN..(COLUMN + 1) * V::LEN]);
        });
    } else {
        let numbers = &numbers[..width];
        for (vector, numbers) in row.iter_mut().zip(numbers.chunks(V::LEN)) {
            vector.as_mut_slice()[..numbers.len()].copy_from_slice(numbers);
        }
    }
    row
}

/// A row of a tile, as far as it exists.
#[inline(always)]
fn store<S: Simd, V: Floats<S>, const C: usize, const WHOLE: bool>(row: [V; C], numbers: &mut [f32], width: usize) {
    if WHOLE {
        let numbers = &mut numbers[..C * V::LEN];
        unrolled!(COLUMN < C => {
            row[COLUMN].store_slice(&mut numbers[COLUMN * V::LEN..(COLUMN + 1) * V::LEN]);
        });
    } else {
        let numbers = &mut numbers[..width];
        for (vector, numbers) in row.iter().zip(numbers.chunks_mut(V::LEN)) {
            numbers.copy_from_slice(&vector.as_slice()[..numbers.len()]);
        }
    }
}

/// Stores a product row-major.
#[derive(Debug)]
pub(crate) struct Rows<'a, 'b> {
    /// What precedes.
    pub(crate) blend: Blend<'a>,
    /// The product's rows, from column `first` on.
    pub(crate) rows: &'a mut [&'b mut [f32]],
    /// The column with which the slices begin.
    pub(crate) first: usize,
}

impl Finish for Rows<'_, '_> {
    #[inline(always)]
    fn tile<S: Simd, V: Floats<S>, const R: usize, const C: usize, const WHOLE: bool>(
        &mut self,
        simd: S,
        place: Place,
        sums: [[V; C]; R],
    ) {
        let sums = self.blend.apply::<S, V, R, C, WHOLE>(simd, place, sums);
        let rows = &mut self.rows[place.row..];
        unrolled!(ROW < R => {
            if ROW < place.rows {
                store::<S, V, C, WHOLE>(sums[ROW], &mut rows[ROW][place.column - self.first..], place.width);
            }
        });
    }
}

/// Stores a product as the left operand of the next.
#[derive(Debug)]
pub(crate) struct Blocked<'a> {
    /// What precedes.
    pub(crate) blend: Blend<'a>,
    /// Of the next product's left operand: R x N.
    pub(crate) layout: Layout,
    /// Its numbers.
    pub(crate) numbers: &'a mut [f32],
}

impl Finish for Blocked<'_> {
    #[inline(always)]
    fn tile<S: Simd, V: Floats<S>, const R: usize, const C: usize, const WHOLE: bool>(
        &mut self,
        simd: S,
        place: Place,
        sums: [[V; C]; R],
    ) {
        let sums = self.blend.apply::<S, V, R, C, WHOLE>(simd, place, sums);
        unrolled!(COLUMN < C => {
            let column = place.column + COLUMN * V::LEN;
            if WHOLE || column < place.column + place.width {
                // Whole blocks belong to a row, so a whole vector may be stored. The panel is as high as the tile.
                let numbers = &mut self.numbers[self.layout.place(place.row, column)..];
                let numbers = &mut numbers[..(R - 1) * BLOCK + V::LEN];
                unrolled!(ROW < R => {
                    sums[ROW][COLUMN].store_slice(&mut numbers[ROW * BLOCK..][..V::LEN]);
                });
            }
        });
    }
}

/// Adds rows, each times its gate, to rows of the result that they came from.
#[derive(Debug)]
pub(crate) struct Scattered<'a> {
    /// N numbers.
    pub(crate) bias: &'a [f32],
    /// For each row of the product: the result's row, and the gate.
    pub(crate) targets: &'a [(usize, f32)],
    /// The result, row-major, N numbers a row.
    pub(crate) numbers: &'a mut [f32],
}

impl Finish for Scattered<'_> {
    #[inline(always)]
    fn tile<S: Simd, V: Floats<S>, const R: usize, const C: usize, const WHOLE: bool>(
        &mut self,
        simd: S,
        place: Place,
        sums: [[V; C]; R],
    ) {
        let pitch = self.bias.len();
        let bias = load::<S, V, C, WHOLE>(simd, &self.bias[place.column..], place.width);
        unrolled!(ROW < R => {
            if ROW < place.rows {
                let (target, gate) = self.targets[place.row + ROW];
                let gate = V::splat(simd, gate);
                let numbers = &mut self.numbers[target * pitch + place.column..];
                let mut row = load::<S, V, C, WHOLE>(simd, numbers, place.width);
                unrolled!(COLUMN < C => {
                    row[COLUMN] += (sums[ROW][COLUMN] + bias[COLUMN]) * gate;
                });
                store::<S, V, C, WHOLE>(row, numbers, place.width);
            }
        });
    }
}
