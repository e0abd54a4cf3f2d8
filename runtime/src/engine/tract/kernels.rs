//! Loops over numbers, as fast as the machine has vectors. They know slices, not graphs.
//!
//! Each is written once, over `fearless_simd`'s vectors, and chosen at run time for AVX-512, AVX2 with FMA, older x86 and
//! NEON; beside it stands a scalar twin, which tests compare it with. None needs `unsafe`; one that does belongs here too.

pub(super) mod activation;
pub(super) mod attention;
pub(super) mod depthwise;
pub(super) mod excite;
pub(super) mod experts;
mod lanes;
pub(super) mod layer_norm;
#[cfg(test)]
mod levels;
pub(super) mod matmul;
pub(super) mod windows;
