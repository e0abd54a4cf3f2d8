//! What tests run every kernel on.

use fearless_simd::Level;

/// Every vector unit that this machine has.
pub(in crate::engine::tract) fn levels() -> Vec<Level> {
    let level = Level::new();
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    use fearless_simd::Simd as _;
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    let lesser = [
        level.as_sse2().map(|token| token.level()),
        level.as_sse4_2().map(|token| token.level()),
        level.as_avx2().map(|token| token.level()),
    ];
    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
    let lesser = [None; 0];
    lesser.into_iter().flatten().chain([level]).collect()
}

/// Whether a product and a sum are rounded once, together.
pub(in crate::engine::tract) fn has_fused_products(level: Level) -> bool {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    return level.as_avx2().is_some();
    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
    return !level.is_fallback();
}
