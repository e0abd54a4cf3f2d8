//! Our ops in tract's graph: each checks shapes once, when it is put there, and hands slices to a kernel.

pub(super) mod depthwise;
pub(super) mod windows;
