//! The numbers that the decoder computes with: 32 bits for training, 64 bits where a test asks whether a derivative is one.

use std::fmt::Debug;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::product::{self, Matrix, MatrixMut, Mode};

/// A floating-point number.
pub trait Number:
    Copy
    + Debug
    + Default
    + PartialOrd
    + Send
    + Sync
    + Sum
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + 'static
{
    /// 0
    const ZERO: Self;
    /// 1
    const ONE: Self;
    /// Less than every other.
    const LEAST: Self;

    /// The nearest of its numbers.
    fn from_f64(value: f64) -> Self;

    /// Exact.
    fn to_f64(self) -> f64;

    /// Its square root.
    #[must_use]
    fn sqrt(self) -> Self;

    /// e to the power of it, for numbers that are not above 0. NaN stays NaN.
    #[must_use]
    fn exp(self) -> Self;

    /// `out` = `left` times `right`, or that added to it, on this thread.
    fn product(left: Matrix<'_, Self>, right: Matrix<'_, Self>, out: MatrixMut<'_, Self>, mode: Mode);
}

impl Number for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const LEAST: Self = f32::NEG_INFINITY;

    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value as Self
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        f32::sqrt(self)
    }

    /// Cephes' `expf`, without branches, so that a loop over it becomes vectors: within 2 units in the last place. Below -87 it is 0.
    #[inline(always)]
    fn exp(self) -> Self {
        /// 1.5 * 2^23: adding it rounds to a whole number, which then stands in the lowest bits.
        const ROUND: f32 = 12_582_912.0;
        const LEAST: f32 = -87.0;
        const LN_2_HIGH: f32 = 0.693_359_4;
        const LN_2_LOW: f32 = -2.121_944_4e-4;
        let bounded = if self < LEAST { LEAST } else { self };
        let rounded = bounded * std::f32::consts::LOG2_E + ROUND;
        let power = rounded - ROUND;
        let rest = bounded - power * LN_2_HIGH - power * LN_2_LOW;
        let mut series = 1.987_569_2e-4;
        for coefficient in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
            series = series * rest + coefficient;
        }
        let value = series * rest * rest + rest + 1.0;
        let scaled = f32::from_bits(value.to_bits().wrapping_add(rounded.to_bits() << 23));
        if self < LEAST { 0.0 } else { scaled }
    }

    fn product(left: Matrix<'_, Self>, right: Matrix<'_, Self>, out: MatrixMut<'_, Self>, mode: Mode) {
        product::of_f32(left, right, out, mode);
    }
}

impl Number for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const LEAST: Self = f64::NEG_INFINITY;

    fn from_f64(value: f64) -> Self {
        value
    }

    fn to_f64(self) -> f64 {
        self
    }

    fn sqrt(self) -> Self {
        f64::sqrt(self)
    }

    fn exp(self) -> Self {
        f64::exp(self)
    }

    fn product(left: Matrix<'_, Self>, right: Matrix<'_, Self>, out: MatrixMut<'_, Self>, mode: Mode) {
        product::plain(left, right, out, mode);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_within_two_units_of_the_true_one() {
        for step in 0..200_000 {
            let x = -87.0 * step as f32 / 200_000.0;
            let (found, wanted) = (Number::exp(x), f64::from(x).exp());
            let unit = f64::from(f32::EPSILON) * wanted;
            assert!((f64::from(found) - wanted).abs() <= 2.0 * unit, "{x}: {found} instead of {wanted}");
        }
        assert_eq!(Number::exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(Number::exp(-88.0_f32), 0.0);
        assert!(Number::exp(f32::NAN).is_nan());
    }
}
