//! e^x and what is made of it, a vector at a time.

use fearless_simd::Simd;
use fearless_simd::prelude::*;

use super::activation::Activation;
use super::matmul::Floats;

/// Below it e^x is smaller than the smallest normal number, and taken as 0.
const LOWEST: f32 = -87.0;
/// Above it e^x is infinite in 32 bits, or nearly, and taken as that of this.
const HIGHEST: f32 = 88.0;
/// Adding it rounds a number below 2^22 to a whole one, which its lowest bits then hold.
const ROUNDER: f32 = 12_582_912.0;
/// ln 2 in two parts: products of the first with whole numbers up to 2^9 are exact.
const LN_2: (f32, f32) = (0.693_359_4, -2.121_944_4e-4);
/// (e^r - 1 - r) / r^2 for |r| <= ln 2 / 2; S. Moshier, Cephes, `expf`.
const SERIES: [f32; 6] = [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_6e-1, 5.000_000_1e-1];

/// e^x within 2e-7 of its value for -87 <= x <= 88; 0 below, e^88 above. Not a number stays what it is.
#[inline(always)]
pub(crate) fn exp<S: Simd, V: Floats<S>>(simd: S, x: V) -> V {
    let number = |value: f32| V::splat(simd, value);
    let is_low = x.simd_lt(number(LOWEST));
    let bounded = is_low.select(number(LOWEST), x);
    let bounded = bounded.simd_gt(number(HIGHEST)).select(number(HIGHEST), bounded);
    let rounded = bounded.mul_add(number(std::f32::consts::LOG2_E), number(ROUNDER));
    let whole = rounded - number(ROUNDER);
    let rest = whole.mul_add(number(-LN_2.0), bounded);
    let rest = whole.mul_add(number(-LN_2.1), rest);
    let mut sum = number(SERIES[0]);
    for factor in &SERIES[1..] {
        sum = sum.mul_add(rest, number(*factor));
    }
    let sum = (rest * rest).mul_add(sum, rest) + number(1.0);
    // 2^whole: the bits that `rounded` ends with, moved to where the exponent is.
    let scale = V::from_bits((rounded.to_bits() << 23) + 1.0_f32.to_bits());
    is_low.select(number(0.0), sum * scale)
}

/// The function of each number. Not a number stays what it is.
#[inline(always)]
pub(crate) fn activate<S: Simd, V: Floats<S>>(simd: S, activation: Activation, x: V) -> V {
    match activation {
        Activation::Identity => x,
        Activation::Relu => not_below_zero(simd, x),
        Activation::Relu6 => {
            let (x, six) = (not_below_zero(simd, x), V::splat(simd, 6.0));
            x.simd_gt(six).select(six, x)
        }
        Activation::Silu => silu(simd, x),
    }
}

#[inline(always)]
fn not_below_zero<S: Simd, V: Floats<S>>(simd: S, x: V) -> V {
    let zero = V::splat(simd, 0.0);
    x.simd_lt(zero).select(zero, x)
}

/// x / (1 + e^-x).
#[inline(always)]
pub(crate) fn silu<S: Simd, V: Floats<S>>(simd: S, x: V) -> V {
    x / (exp(simd, -x) + V::splat(simd, 1.0))
}

#[cfg(test)]
mod tests {
    use fearless_simd::{Level, dispatch, f32x16};

    use super::super::levels::{has_fused_products, levels};
    use super::*;

    fn exp_of(level: Level, x: f32) -> f32 {
        dispatch!(level, simd => exp(simd, f32x16::splat(simd, x)).to_array()[5])
    }

    #[test]
    fn powers_agree_with_64_bits() {
        for level in levels() {
            let bound = if has_fused_products(level) { 2e-7 } else { 4e-7 };
            for step in -8700..=8800 {
                let x = step as f32 / 100.0 + 0.003_7;
                let wanted = f64::from(x.clamp(LOWEST, HIGHEST)).exp();
                let error = (f64::from(exp_of(level, x)) - wanted) / wanted;
                assert!(error.abs() < bound, "{level:?}: e^{x} is off by {error}");
            }
        }
    }

    #[test]
    fn beyond_the_range_a_power_is_0_or_that_of_the_border() {
        for level in levels() {
            assert_eq!(exp_of(level, -87.5), 0.0);
            assert_eq!(exp_of(level, f32::NEG_INFINITY), 0.0);
            assert_eq!(exp_of(level, f32::INFINITY), exp_of(level, HIGHEST));
            assert!(exp_of(level, HIGHEST).is_finite());
            assert!(exp_of(level, f32::NAN).is_nan());
        }
    }
}
