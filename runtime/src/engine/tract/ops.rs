//! Our ops in tract's graph: each checks shapes once, when it is put there, and hands slices to a kernel.
#![forbid(unsafe_code)]

pub(super) mod attention;
pub(super) mod depthwise;
pub(super) mod eight_bit_experts;
pub(super) mod experts;
pub(super) mod layer_norm;
pub(super) mod linear;
mod parallel;
pub(super) mod places;
pub(super) mod pointwise;
pub(super) mod routing;
pub(super) mod tail;
pub(super) mod windows;
