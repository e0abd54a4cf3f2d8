//! What follows a convolution, number by number.

use fearless_simd::prelude::*;
use fearless_simd::{Simd, f32x16};

use super::lanes::{LANES, first, load};
use super::matmul::Floats;

/// A function of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::engine::tract) enum Activation {
    /// x
    Identity,
    /// max(x, 0)
    Relu,
    /// max(x, 0), at most 6
    Relu6,
    /// x / (1 + exp(-x))
    Silu,
}

impl Activation {
    /// The scalar twin of [`apply`], which is within 8 units in the last place of it for x > -16, and within 20 on
    /// machines without fused multiplication and addition; below, within 2e-6 of |x|.
    #[cfg(test)]
    pub(in crate::engine::tract) fn of(self, x: f32) -> f32 {
        match self {
            Self::Identity => x,
            Self::Relu if x < 0.0 => 0.0,
            Self::Relu6 if x < 0.0 => 0.0,
            Self::Relu6 if x > 6.0 => 6.0,
            Self::Relu | Self::Relu6 => x,
            Self::Silu => (f64::from(x) / (1.0 + (-f64::from(x)).exp())) as f32,
        }
    }
}

/// Applies it to as many numbers of `source` as `target` is long, and gives the sum of the results. NaN stays NaN.
#[inline(always)]
pub(super) fn apply<S: Simd>(simd: S, activation: Activation, source: &[f32], target: &mut [f32]) -> f32 {
    match activation {
        Activation::Identity => each(
            simd,
            source,
            target,
            #[inline(always)]
            |x| x,
        ),
        Activation::Relu => each(
            simd,
            source,
            target,
            #[inline(always)]
            |x| relu(simd, x),
        ),
        Activation::Relu6 => each(
            simd,
            source,
            target,
            #[inline(always)]
            |x| relu6(simd, x),
        ),
        Activation::Silu => each(
            simd,
            source,
            target,
            #[inline(always)]
            |x| silu(simd, x),
        ),
    }
}

#[inline(always)]
fn each<S: Simd>(simd: S, source: &[f32], target: &mut [f32], function: impl Fn(f32x16<S>) -> f32x16<S>) -> f32 {
    let mut sums = f32x16::splat(simd, 0.0);
    let (targets, rest) = target.as_chunks_mut::<LANES>();
    let (sources, end) = source.split_at(targets.len() * LANES);
    for (source, target) in sources.as_chunks::<LANES>().0.iter().zip(targets) {
        let result = function(f32x16::from_slice(simd, source));
        result.store_slice(target);
        sums += result;
    }
    if !rest.is_empty() {
        let result = first(simd, function(load(simd, end, rest.len())), rest.len());
        rest.copy_from_slice(&result.to_array()[..rest.len()]);
        sums += result;
    }
    sums.reduce_sum()
}

/// Applies it to each lane. NaN stays NaN.
#[inline(always)]
pub(super) fn of_vector<S: Simd, V: Floats<S>>(simd: S, activation: Activation, x: V) -> V {
    match activation {
        Activation::Identity => x,
        Activation::Relu => relu(simd, x),
        Activation::Relu6 => relu6(simd, x),
        Activation::Silu => silu(simd, x),
    }
}

/// max(x, 0), as a choice: the maxima of processors disagree about NaN.
#[inline(always)]
pub(super) fn relu<S: Simd, V: Floats<S>>(simd: S, x: V) -> V {
    let zero = V::splat(simd, 0.0);
    x.simd_lt(zero).select(zero, x)
}

/// max(x, 0), at most 6.
#[inline(always)]
pub(super) fn relu6<S: Simd, V: Floats<S>>(simd: S, x: V) -> V {
    let (zero, six) = (V::splat(simd, 0.0), V::splat(simd, 6.0));
    let x = x.simd_lt(zero).select(zero, x);
    x.simd_gt(six).select(six, x)
}

/// x / (1 + exp(-x)). Of minus infinity it is minus infinity, not the limit 0: what overflowed stays visible.
#[inline(always)]
pub(super) fn silu<S: Simd, V: Floats<S>>(simd: S, x: V) -> V {
    let one = V::splat(simd, 1.0);
    x * (one / (one + exp(simd, -x)))
}

/// 1 / (1 + exp(-x)), of NaN NaN.
#[inline(always)]
pub(super) fn sigmoid<S: Simd, V: Floats<S>>(simd: S, x: V) -> V {
    let one = V::splat(simd, 1.0);
    x.is_nan().select(x, one / (one + exp(simd, -x)))
}

/// The largest number whose power of e is finite with something to spare, and minus it the smallest.
const EXP_RANGE: f32 = 87.0;
/// 1.5 * 2^23: adding it rounds to a whole number, which then stands in the lowest bits.
const ROUND: f32 = 12_582_912.0;
/// 2^x for |x| <= 0.5, from the constant term up: minimax, relative error 9e-8.
#[expect(clippy::approx_constant, reason = "near ln 2, and not it: over the whole range the fit is better so")]
const POWERS_OF_2: [f32; 6] = [1.0, 0.693_147, 0.240_222_42, 0.055_507_336, 0.009_671_513, 0.001_326_472_7];

/// e^x for |x| <= [`EXP_RANGE`], beyond it the value at the border. Of NaN it is some number: callers multiply by x.
#[inline(always)]
pub(super) fn exp<S: Simd, V: Floats<S>>(simd: S, x: V) -> V {
    let bound = V::splat(simd, EXP_RANGE);
    let x = x.min(bound).max(-bound);
    let scale = V::splat(simd, std::f32::consts::LOG2_E);
    let round = V::splat(simd, ROUND);
    let rounded = x.mul_add(scale, round);
    let fraction = x.mul_sub(scale, rounded - round);
    let mut power = V::splat(simd, POWERS_OF_2[5]);
    for coefficient in [4, 3, 2, 1, 0] {
        power = power.mul_add(fraction, V::splat(simd, POWERS_OF_2[coefficient]));
    }
    V::from_bits(power.to_bits() + (rounded.to_bits() << 23))
}

#[cfg(test)]
mod tests {
    use fearless_simd::dispatch;

    use super::super::levels::{has_fused_products, levels};
    use super::*;

    const ACTIVATIONS: [Activation; 4] = [Activation::Identity, Activation::Relu, Activation::Relu6, Activation::Silu];

    /// Units in the last place between two numbers of one sign.
    fn ulp(a: f32, b: f32) -> u32 {
        a.to_bits().abs_diff(b.to_bits())
    }

    #[test]
    fn numbers_from_the_smallest_to_the_largest_agree_with_the_scalar_twin() {
        // Every exponent, some mantissas, both signs: a multiple of no block.
        let magnitudes = (0..0x7F80_0000_u32).step_by(if cfg!(miri) { 0x0123_4567 } else { 0x0000_3331 });
        let numbers: Vec<f32> = magnitudes.flat_map(|bits| [f32::from_bits(bits), -f32::from_bits(bits)]).collect();
        for (level, activation) in levels().into_iter().flat_map(|level| ACTIVATIONS.map(|each| (level, each))) {
            let mut found = vec![f32::NAN; numbers.len()];
            dispatch!(level, simd => {
                apply(simd, activation, &numbers, &mut found);
            });
            for (&x, &found) in numbers.iter().zip(&found) {
                let wanted = activation.of(x);
                let is_close = match activation {
                    // Below, what is left is nearly 0, and of minus infinity's neighbours some x * 1e-38.
                    Activation::Silu if x < -16.0 => (found - wanted).abs() < 2e-6 * x.abs().max(1.0),
                    Activation::Silu => ulp(found, wanted) <= if has_fused_products(level) { 8 } else { 20 },
                    _ => found == wanted,
                };
                assert!(is_close, "{level:?}: {activation:?} of {x}: {found} instead of {wanted}");
            }
        }
    }

    #[test]
    fn what_is_not_finite_does_not_become_finite() {
        for (level, activation) in levels().into_iter().flat_map(|level| ACTIVATIONS.map(|each| (level, each))) {
            let mut results = [0.0; 3];
            dispatch!(level, simd => {
                apply(simd, activation, &[f32::NAN, f32::INFINITY, f32::NEG_INFINITY], &mut results);
            });
            let [none, plus, minus] = results;
            assert!(none.is_nan(), "{level:?}: {activation:?} of NaN is {none}");
            let expected = match activation {
                Activation::Identity | Activation::Silu => (f32::INFINITY, f32::NEG_INFINITY),
                Activation::Relu => (f32::INFINITY, 0.0),
                Activation::Relu6 => (6.0, 0.0),
            };
            assert_eq!((plus, minus), expected, "{level:?}: {activation:?}");
        }
    }

    #[test]
    fn the_sum_is_of_the_results() {
        for (level, activation) in levels().into_iter().flat_map(|level| ACTIVATIONS.map(|each| (level, each))) {
            for count in [0, 1, 15, 16, 17, 100] {
                let values: Vec<f32> = (0..count).map(|index| index as f32 - 8.0).collect();
                let mut target = vec![f32::NAN; count];
                let sum = dispatch!(level, simd => apply(simd, activation, &values, &mut target));
                let wanted: f32 = values.iter().map(|&value| activation.of(value)).sum();
                assert!((sum - wanted).abs() <= 1e-5 * wanted.abs(), "{level:?} {activation:?}: {sum}, {wanted}");
            }
        }
    }
}
