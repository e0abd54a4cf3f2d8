//! The inner loop: a tile of the product, in registers.

use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, SimdFloat, dispatch, f32x4, f32x8, f32x16};

use super::Mode;
use super::matrix::{Matrix, MatrixMut};
use super::packed::{DEPTH, HEIGHT, ROWS, Scratch, pack_left, pack_right};

/// Vectors of 32-bit floats, of any width that the unit `S` has.
trait Floats<S: Simd>: SimdFloat<S, Element = f32> {}
impl<S: Simd, V: SimdFloat<S, Element = f32>> Floats<S> for V {}

/// The product in blocks of the depth, of rows, of strips, of panels.
pub(super) fn product(
    left: Matrix<'_, f32>,
    right: Matrix<'_, f32>,
    out: &mut MatrixMut<'_, f32>,
    mode: Mode,
    scratch: &mut Scratch,
) {
    let level = Level::new();
    dispatch!(level, simd => blocks(simd, left, right, out, mode, scratch));
}

#[inline(always)]
fn blocks<S: Simd>(
    simd: S,
    left: Matrix<'_, f32>,
    right: Matrix<'_, f32>,
    out: &mut MatrixMut<'_, f32>,
    mode: Mode,
    scratch: &mut Scratch,
) {
    match S::f32s::LEN {
        16 => each::<S, f32x16<S>, 2>(simd, left, right, out, mode, scratch),
        8 => each::<S, f32x8<S>, 2>(simd, left, right, out, mode, scratch),
        _ => each::<S, f32x4<S>, 2>(simd, left, right, out, mode, scratch),
    }
}

#[inline(always)]
fn each<S: Simd, V: Floats<S>, const C: usize>(
    simd: S,
    left: Matrix<'_, f32>,
    right: Matrix<'_, f32>,
    out: &mut MatrixMut<'_, f32>,
    mode: Mode,
    scratch: &mut Scratch,
) {
    let width = C * V::LEN;
    let depth = left.columns;
    let parts = depth.div_ceil(DEPTH);
    for part in 0..parts {
        // Parts of about the same depth.
        let from = part * depth / parts;
        let deep = (part + 1) * depth / parts - from;
        let replaces = mode == Mode::Replace && part == 0;
        pack_right(right, (from, deep), width, &mut scratch.right);
        for first in (0..left.rows).step_by(ROWS) {
            let rows = ROWS.min(left.rows - first);
            // Rows of numbers side by side are read where they are.
            if left.column_step != 1 {
                pack_left(left, (first, rows), (from, deep), &mut scratch.left);
            }
            let panels = scratch.left.as_chunks::<HEIGHT>().0;
            for (strip, numbers) in scratch.right.chunks_exact(width * deep).enumerate() {
                let column = strip * width;
                let columns = width.min(out.columns - column);
                for (panel, row) in (first..first + rows).step_by(HEIGHT).enumerate() {
                    let height = HEIGHT.min(first + rows - row);
                    let sums = if left.column_step == 1 {
                        // Where rows are missing, the last one stands in; nobody looks at what it gives.
                        let row =
                            |at: usize| &left.numbers[(row + at.min(height - 1)) * left.row_step + from..][..deep];
                        let (a, b, c, d, e, f) = (row(0), row(1), row(2), row(3), row(4), row(5));
                        tile::<S, V, C>(
                            simd,
                            deep,
                            #[inline(always)]
                            |k| [a[k], b[k], c[k], d[k], e[k], f[k]],
                            numbers,
                        )
                    } else {
                        let panel = &panels[panel * deep..][..deep];
                        tile::<S, V, C>(
                            simd,
                            deep,
                            #[inline(always)]
                            |k| panel[k],
                            numbers,
                        )
                    };
                    store::<S, V, C>(simd, &sums, out, (row, height), (column, columns), replaces);
                }
            }
        }
    }
}

/// The sums of six rows and `C` vectors of columns over a block's depth.
///
/// * `factors`: the rows' numbers in column k of the left operand.
/// * `right`: a strip.
#[inline(always)]
fn tile<S: Simd, V: Floats<S>, const C: usize>(
    simd: S,
    depth: usize,
    factors: impl Fn(usize) -> [f32; HEIGHT],
    right: &[f32],
) -> [[V; C]; HEIGHT] {
    let mut sums = [[V::splat(simd, 0.0); C]; HEIGHT];
    for (k, row) in (0..depth).zip(right.chunks_exact(C * V::LEN)) {
        let mut vectors = [V::splat(simd, 0.0); C];
        for (at, vector) in vectors.iter_mut().enumerate() {
            *vector = V::from_slice(simd, &row[at * V::LEN..][..V::LEN]);
        }
        let factors = factors(k);
        macro_rules! row {
            ($($at:literal)*) => { $({
                let factor = V::splat(simd, factors[$at]);
                for (sum, vector) in sums[$at].iter_mut().zip(vectors) {
                    *sum = factor.mul_add(vector, *sum);
                }
            })* };
        }
        row!(0 1 2 3 4 5);
    }
    sums
}

#[inline(always)]
fn store<S: Simd, V: Floats<S>, const C: usize>(
    simd: S,
    sums: &[[V; C]; HEIGHT],
    out: &mut MatrixMut<'_, f32>,
    (row, height): (usize, usize),
    (column, columns): (usize, usize),
    replaces: bool,
) {
    let pitch = out.pitch;
    for (at, sums) in sums.iter().enumerate().take(height) {
        let target = &mut out.numbers[(row + at) * pitch + column..][..columns];
        if columns == C * V::LEN {
            for (sum, target) in sums.iter().zip(target.chunks_exact_mut(V::LEN)) {
                let sum = if replaces { *sum } else { *sum + V::from_slice(simd, target) };
                sum.store_slice(target);
            }
            continue;
        }
        let mut whole = [0.0; 32];
        for (sum, whole) in sums.iter().zip(whole.chunks_exact_mut(V::LEN)) {
            sum.store_slice(whole);
        }
        for (target, sum) in target.iter_mut().zip(whole) {
            *target = if replaces { sum } else { *target + sum };
        }
    }
}
