//! Products of matrices, in which training spends most of its time.
//!
//! An operand is copied into the order in which the inner loop reads it, block by block, whatever its own order is: a product with a
//! transposed matrix costs no more than one without. A tile of 6 rows and two vectors stays in registers over the depth of a block.
//! The code is generic over the vector unit, which is chosen when the program runs, and needs no `unsafe`; why this one and no crate:
//! `docs/design/training.md`.
//!
//! The same operands give the same bits, however many threads there are: they divide the rows of the result, and no sum.

mod matrix;
mod packed;
mod tile;

use std::cell::RefCell;

pub use matrix::{Matrix, MatrixMut};
use packed::Scratch;

use crate::number::Number;

/// What happens to the numbers that stand where the product goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// They are overwritten.
    Replace,
    /// The product is added to them.
    Add,
}

/// Multiplications for which it is worth waking another thread.
const WORTH_A_THREAD: usize = 1 << 21;

/// `out` = `left` times `right`, or that added to it, on as many threads as there are.
///
/// * `left`: R x K, `right`: K x N, `out`: R x N.
pub fn product<T: Number>(left: Matrix<'_, T>, right: Matrix<'_, T>, out: MatrixMut<'_, T>, mode: Mode) {
    debug_assert_eq!((left.rows, left.columns, right.columns), (out.rows, right.rows, out.columns));
    divided(left, right, out, mode, rayon::current_num_threads());
}

fn divided<T: Number>(left: Matrix<'_, T>, right: Matrix<'_, T>, out: MatrixMut<'_, T>, mode: Mode, threads: usize) {
    let work = left.rows * left.columns * right.columns;
    if threads < 2 || work < 2 * WORTH_A_THREAD || left.rows < 2 {
        return T::product(left, right, out, mode);
    }
    let half = (left.rows / 2).next_multiple_of(packed::HEIGHT).min(left.rows - 1);
    let (upper, lower) = out.split(half);
    rayon::join(
        || divided(left.rows(0, half), right, upper, mode, threads / 2),
        || divided(left.rows(half, left.rows - half), right, lower, mode, threads - threads / 2),
    );
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// On this thread, with vectors.
pub(crate) fn of_f32(left: Matrix<'_, f32>, right: Matrix<'_, f32>, mut out: MatrixMut<'_, f32>, mode: Mode) {
    SCRATCH.with_borrow_mut(|scratch| tile::product(left, right, &mut out, mode, scratch));
}

/// On this thread, number by number.
pub(crate) fn plain<T: Number>(left: Matrix<'_, T>, right: Matrix<'_, T>, out: MatrixMut<'_, T>, mode: Mode) {
    for row in 0..out.rows {
        for column in 0..out.columns {
            let sum = (0..left.columns).map(|k| left.at(row, k) * right.at(k, column)).sum();
            let target = &mut out.numbers[row * out.pitch + column];
            *target = if mode == Mode::Add { *target + sum } else { sum };
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbers(count: usize, salt: usize) -> Vec<f32> {
        (0..count).map(|at| ((at * 7919 + salt * 31) % 1009) as f32 / 504.5 - 1.0).collect()
    }

    /// Either order of the numbers, `columns` of them wanted and `spare` more between rows.
    fn view(numbers: &[f32], (rows, columns): (usize, usize), spare: usize, turned: bool) -> Matrix<'_, f32> {
        match turned {
            false => Matrix::new(&numbers[..rows * (columns + spare)], columns + spare).columns(spare, columns),
            true => Matrix::new(&numbers[..columns * (rows + spare)], rows + spare).columns(spare, rows).transposed(),
        }
    }

    proptest! {
        #[test]
        fn vectors_give_what_the_plain_loop_gives(
            (rows, depth, columns) in (1..260_usize, 1..300_usize, 1..80_usize),
            spare in 0..3_usize,
            turned in any::<[bool; 2]>(),
            add in any::<bool>(),
        ) {
            let mode = if add { Mode::Add } else { Mode::Replace };
            let (left, right) = (numbers((rows + 3) * (depth + 3), 1), numbers((depth + 3) * (columns + 3), 2));
            let left = view(&left, (rows, depth), spare, turned[0]);
            let right = view(&right, (depth, columns), spare, turned[1]);
            let start = numbers(rows * (columns + spare), 3);
            let (mut found, mut wanted) = (start.clone(), start.clone());
            of_f32(left, right, MatrixMut::new(&mut found, columns + spare).columns(spare, columns), mode);
            plain(left, right, MatrixMut::new(&mut wanted, columns + spare).columns(spare, columns), mode);
            for (at, ((found, wanted), start)) in found.iter().zip(&wanted).zip(&start).enumerate() {
                prop_assert!((found - wanted).abs() < 1e-5 * depth as f32, "{at}: {found} instead of {wanted}");
                prop_assert!(at % (columns + spare) >= spare || found == start, "{at} lies between the rows");
            }
            let mut on_threads = start;
            let out = MatrixMut::new(&mut on_threads, columns + spare).columns(spare, columns);
            divided(left, right, out, mode, 3);
            prop_assert_eq!(on_threads, found);
        }
    }
}
