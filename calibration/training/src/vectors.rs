//! Loops over numbers, compiled for the widest vectors of the machine that they run on.

use fearless_simd::{Level, dispatch};

use crate::number::Number;

/// Runs work that consists of loops which a compiler makes vectors of. Whatever it calls must be inlined into it.
#[inline(always)]
pub(crate) fn vectorized<R>(work: impl FnOnce() -> R) -> R {
    let level = Level::new();
    dispatch!(level, _simd => work())
}

/// Numbers of a sum that are added side by side, since additions wait for each other.
const LANES: usize = 16;

/// The sum of what `term` makes of each pair.
#[inline(always)]
pub(crate) fn sum_of_pairs<T: Number>(a: &[T], b: &[T], term: impl Fn(T, T) -> T) -> T {
    let mut sums = [T::ZERO; LANES];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for at in 0..LANES {
            sums[at] += term(a[at], b[at]);
        }
    }
    let mut sum: T = sums.into_iter().sum();
    for (a, b) in a_rest.iter().zip(b_rest) {
        sum += term(*a, *b);
    }
    sum
}

/// The sum of what `term` makes of each number.
#[inline(always)]
pub(crate) fn sum_of<T: Number>(numbers: &[T], term: impl Fn(T) -> T) -> T {
    sum_of_pairs(numbers, numbers, |number, _| term(number))
}

/// `to` += `from`
pub(crate) fn add<T: Number>(to: &mut [T], from: &[T]) {
    vectorized(
        #[inline(always)]
        || to.iter_mut().zip(from).for_each(|(to, from)| *to += *from),
    );
}

/// `from` added to each run of as many numbers.
pub(crate) fn add_to_each<T: Number>(to: &mut [T], from: &[T]) {
    to.chunks_exact_mut(from.len().max(1)).for_each(|to| add(to, from));
}

/// Each run of as many numbers as `to` has, added to it.
pub(crate) fn add_each<T: Number>(to: &mut [T], from: &[T]) {
    from.chunks_exact(to.len().max(1)).for_each(|from| add(to, from));
}

/// `count` copies, one behind the other.
pub(crate) fn repeated<T: Number>(numbers: &[T], count: usize) -> Vec<T> {
    numbers.repeat(count)
}

/// The sum of two.
pub(crate) fn sum<T: Number>(a: &[T], b: &[T]) -> Vec<T> {
    a.iter().zip(b).map(|(a, b)| *a + *b).collect()
}
