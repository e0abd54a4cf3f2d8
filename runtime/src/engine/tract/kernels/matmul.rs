//! Products of matrices of 32-bit floats, made for the shapes of this network, with what follows a product done on the tile
//! while it is in registers.
//!
//! `left` (R x K) is broadcast number by number, `right` (K x N) is read a vector at a time, and a tile of [`ROWS`] rows and
//! [`columns`] columns of the result stays in registers over the whole depth K: twelve sums of independent chains hide the
//! latency of a multiply-add, and every number that is loaded is used several times.
//!
//! Whichever operand is constant is packed once, when the model is loaded. The other one is a picture's:
//! - convolutions of 1 x 1: weights left, the channels' rows right, read where they are or packed strip by strip;
//! - products with tokens: tokens left, weights right.
//!
//! The code is generic over the vector unit (AVX-512, AVX2 with FMA, NEON, and what any x86 has), which is chosen when the
//! program runs. It needs no `unsafe`; why this one and no crate: `docs/design/products.md`.

mod finish;
mod left;
mod right;
mod tile;

pub(crate) use finish::{Addend, Bias, Blend, Blocked, Finish, Place, Rows, Scattered};
pub(crate) use left::{BLOCK, Layout, Left};
pub(crate) use right::{Columns, Plain, Right, Strip, columns};

use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, dispatch, f32x4, f32x8, f32x16};

/// Vectors of 32-bit floats, of any width that the unit `S` has.
pub(crate) trait Floats<S: Simd>: SimdFloat<S, Element = f32> {}
impl<S: Simd, V: SimdFloat<S, Element = f32>> Floats<S> for V {}

/// The product of `left` with strips of the right operand; every tile goes to `finish`.
///
/// A panel of `left` meets all `strips` before the next one does, so the strips should fit the nearest cache together.
pub(crate) fn product(level: Level, left: &Left<'_>, strips: &[Strip<'_>], finish: &mut impl Finish) {
    dispatch!(level, simd => {
        for (row, height, panel) in left.panels() {
            for strip in strips {
                tile_of(simd, (left, row), (height, panel), strip, finish);
            }
        }
    });
}

#[inline(always)]
fn tile_of<S: Simd>(
    simd: S,
    (left, row): (&Left<'_>, usize),
    panel: (usize, &[f32]),
    right: &Strip<'_>,
    finish: &mut impl Finish,
) {
    let place = Place { row, column: right.column, rows: left.rows() - row, width: right.width };
    let depth = left.depth();
    match (right.room, S::f32s::LEN) {
        (32, 16) => any_height::<S, f32x16<S>, 2>(simd, place, depth, panel, right, finish),
        (16, 16) => any_height::<S, f32x16<S>, 1>(simd, place, depth, panel, right, finish),
        (16, 8) => any_height::<S, f32x8<S>, 2>(simd, place, depth, panel, right, finish),
        (8, 8 | 16) => any_height::<S, f32x8<S>, 1>(simd, place, depth, panel, right, finish),
        #[cfg(target_arch = "aarch64")]
        (16, 4) => any_height::<S, f32x4<S>, 4>(simd, place, depth, panel, right, finish),
        (8, 4) => any_height::<S, f32x4<S>, 2>(simd, place, depth, panel, right, finish),
        (4, 4 | 8) => any_height::<S, f32x4<S>, 1>(simd, place, depth, panel, right, finish),
        (room, lanes) => unreachable!("a strip with room for {room} columns and vectors of {lanes}"),
    }
}

#[inline(always)]
fn any_height<S: Simd, V: Floats<S>, const C: usize>(
    simd: S,
    place: Place,
    depth: usize,
    (height, panel): (usize, &[f32]),
    right: &Strip<'_>,
    finish: &mut impl Finish,
) {
    match height {
        6 if S::f32s::LEN != 8 => finished::<S, V, 6, C>(simd, place, depth, panel, right, finish),
        5 if S::f32s::LEN == 8 => finished::<S, V, 5, C>(simd, place, depth, panel, right, finish),
        4 => finished::<S, V, 4, C>(simd, place, depth, panel, right, finish),
        _ => finished::<S, V, 2, C>(simd, place, depth, panel, right, finish),
    }
}

#[inline(always)]
fn finished<S: Simd, V: Floats<S>, const R: usize, const C: usize>(
    simd: S,
    place: Place,
    depth: usize,
    panel: &[f32],
    right: &Strip<'_>,
    finish: &mut impl Finish,
) {
    let sums = tile::tile::<S, V, R, C>(simd, depth, panel, right);
    // A whole strip is stored without asking where it ends.
    if place.width == C * V::LEN {
        finish.tile::<S, V, R, C, true>(simd, place, sums);
    } else {
        finish.tile::<S, V, R, C, false>(simd, place, sums);
    }
}

#[cfg(test)]
mod tests;
