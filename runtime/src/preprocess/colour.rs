//! YCbCr and luminance to red, green, blue: each byte is the real-valued formula's, rounded to the nearest, clipped.
//!
//! With Kr and Kb of the matrix, Kg = 1 - Kr - Kb, luminance y from 0 to 1 and differences pb and pr from -1/2 to 1/2
//! (ITU-R BT.601-7 and BT.709-6, section 3):
//!
//! ```text
//! red   = y + 2 (1 - Kr) pr
//! blue  = y + 2 (1 - Kb) pb
//! green = y - 2 Kb (1 - Kb) / Kg pb - 2 Kr (1 - Kr) / Kg pr
//! ```
//!
//! Products are sums of two integers: 12 fractional bits, and 20 more. So an error of 2^-33 for each level is left, which
//! decides no rounding: the tests ask for all 2^24 triples.

use super::raw::{ColourSpace, Matrix, Range};

/// Fractional bits of a coefficient's upper part.
const UPPER: u32 = 12;
/// Further ones of its lower part.
const LOWER: u32 = 20;

/// Some real values end in exactly one half, which rounds up, and coefficients that were rounded down must not prevent that.
/// More than their error, and less than the distance of any other value from such a half.
const BIAS: f64 = 1.0 / (1 << 24) as f64;

/// A real number: `upper / 2^12 + lower / 2^32`.
#[derive(Debug, Clone, Copy)]
struct Fixed {
    upper: i32,
    lower: i32,
}

impl Fixed {
    fn new(value: f64) -> Self {
        let scaled = value * f64::from(1 << UPPER);
        let upper = scaled.floor();
        Self { upper: upper as i32, lower: ((scaled - upper) * f64::from(1 << LOWER)).round() as i32 }
    }

    #[inline(always)]
    fn times(self, byte: i32) -> Self {
        Self { upper: self.upper * byte, lower: self.lower * byte }
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        Self { upper: self.upper + other.upper, lower: self.lower + other.lower }
    }

    /// The integer below, from 0 to 255.
    #[inline(always)]
    fn clip(self) -> u32 {
        ((self.upper + (self.lower >> LOWER)) >> UPPER).clamp(0, 255) as u32
    }
}

/// What the differences add to luminance, with the half that rounds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chroma {
    red: Fixed,
    green: Fixed,
    blue: Fixed,
}

/// The formula of one colour space.
#[derive(Debug, Clone, Copy)]
pub(super) struct Formula {
    luminance: Fixed,
    /// Of black and of the half that rounds.
    offset: Fixed,
    red: Fixed,
    green: [Fixed; 2],
    blue: Fixed,
    /// Of differences of 128, and `offset`.
    zero: Chroma,
}

impl Formula {
    pub(super) fn new(colour: ColourSpace) -> Self {
        let [red, blue] = match colour.matrix {
            Matrix::Bt601 => [0.299, 0.114],
            Matrix::Bt709 => [0.2126, 0.0722],
        };
        let green = 1.0 - red - blue;
        let (black, luminance, difference) = match colour.range {
            Range::Limited => (16.0, 255.0 / 219.0, 255.0 / 224.0),
            Range::Full => (0.0, 1.0, 1.0),
        };
        let differences = [
            2.0 * (1.0 - red) * difference,
            -2.0 * blue * (1.0 - blue) / green * difference,
            -2.0 * red * (1.0 - red) / green * difference,
            2.0 * (1.0 - blue) * difference,
        ];
        let offset = 0.5 + BIAS - black * luminance;
        let zero = |sum: f64| Fixed::new(offset - 128.0 * sum);
        Self {
            luminance: Fixed::new(luminance),
            offset: Fixed::new(offset),
            red: Fixed::new(differences[0]),
            green: [Fixed::new(differences[1]), Fixed::new(differences[2])],
            blue: Fixed::new(differences[3]),
            zero: Chroma {
                red: zero(differences[0]),
                green: zero(differences[1] + differences[2]),
                blue: zero(differences[3]),
            },
        }
    }

    /// Of bytes Cb and Cr.
    #[inline(always)]
    pub(super) fn chroma(&self, cb: u32, cr: u32) -> Chroma {
        let (cb, cr) = (cb as i32, cr as i32);
        Chroma {
            red: self.zero.red.plus(self.red.times(cr)),
            green: self.zero.green.plus(self.green[0].times(cb)).plus(self.green[1].times(cr)),
            blue: self.zero.blue.plus(self.blue.times(cb)),
        }
    }

    /// Of a byte Y and what its differences add: red in the lowest byte, then green, blue, 0.
    #[inline(always)]
    pub(super) fn pixel(&self, y: u32, chroma: Chroma) -> u32 {
        let luminance = self.luminance.times(y as i32);
        let red = luminance.plus(chroma.red).clip();
        let green = luminance.plus(chroma.green).clip();
        let blue = luminance.plus(chroma.blue).clip();
        red | green << 8 | blue << 16
    }

    /// Of luminance alone.
    #[inline(always)]
    pub(super) fn grey(&self, y: u32) -> u32 {
        self.luminance.times(y as i32).plus(self.offset).clip() * 0x01_0101
    }
}
