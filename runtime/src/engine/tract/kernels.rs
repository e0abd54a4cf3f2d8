//! Loops over numbers, as fast as the machine has vectors. They know slices, not graphs.
//!
//! Each is written once, over `fearless_simd`'s vectors, and chosen at run time for AVX-512, AVX2 with FMA, older x86 and
//! NEON; beside it stands a scalar twin, which tests compare it with. One needs `unsafe`, `eight_bit/dots`, on ARM.

/// Repeats a block with a constant that counts: sums in an array stay in registers only where each index is a literal, and
/// whether a compiler unrolls a loop in time for that changes with the code around it (a factor of 2.5 was measured).
macro_rules! unrolled {
    ($index:ident < $count:ident => $body:block) => {
        unrolled!(@ $index < $count => $body, 0 1 2 3 4 5)
    };
    (@ $index:ident < $count:ident => $body:block, $($number:literal)*) => {
        $({
            const $index: usize = $number;
            if $index < $count $body
        })*
    };
}

pub(super) mod activation;
pub(super) mod attention;
pub(super) mod depthwise;
pub(super) mod eight_bit;
pub(super) mod excite;
pub(super) mod experts;
mod lanes;
pub(super) mod layer_norm;
#[cfg(test)]
mod levels;
pub(super) mod matmul;
pub(super) mod places;
pub(super) mod windows;
