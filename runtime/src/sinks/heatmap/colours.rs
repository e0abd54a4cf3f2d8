//! Which colour a value has, and how much of the picture shows through it.

use super::canvas::{Colour, mixed};

/// The colour map "inferno" of matplotlib (CC0), 33 of its 256 colours: equal steps of the value look equally large,
/// brightness alone tells low from high, and it reads well with any kind of colour vision.
const INFERNO: [Colour; 33] = [
    [0, 0, 4],
    [4, 3, 18],
    [11, 7, 36],
    [21, 11, 55],
    [33, 12, 74],
    [46, 10, 90],
    [60, 9, 101],
    [74, 12, 107],
    [87, 16, 109],
    [99, 20, 110],
    [112, 25, 110],
    [125, 30, 109],
    [137, 34, 106],
    [150, 39, 102],
    [163, 43, 97],
    [175, 49, 92],
    [187, 55, 85],
    [198, 62, 77],
    [209, 70, 68],
    [219, 79, 59],
    [227, 89, 50],
    [235, 101, 40],
    [241, 113, 30],
    [246, 127, 20],
    [249, 141, 10],
    [251, 156, 6],
    [252, 171, 15],
    [251, 186, 31],
    [249, 202, 50],
    [245, 217, 73],
    [242, 232, 101],
    [243, 245, 134],
    [252, 255, 164],
];

/// Values that are not finite.
const NO_VALUE: [Colour; 2] = [[104; 3], [150; 3]];

/// How wide the stripes are that mark values that are not finite, in pixels.
const STRIPE: usize = 6;

/// The share of the colour where it covers most.
const MOST_OPAQUE: f32 = 0.85;

/// Below this share of the scale the picture shows as it is.
const CLEAR_BELOW: f32 = 0.1;

/// From this share of the scale on the colour covers no more.
const FULL_FROM: f32 = 0.7;

/// The colour at a share of the scale, clipped to 0..=1.
pub(super) fn colour(share: f32) -> Colour {
    let at = share.clamp(0.0, 1.0) * (INFERNO.len() - 1) as f32;
    let below = (at as usize).min(INFERNO.len() - 2);
    mixed(INFERNO[below], INFERNO[below + 1], at - below as f32)
}

/// How much of the colour covers the picture at a share of the scale: nothing where all is normal, most where it is not.
pub(super) fn opacity(share: f32) -> f32 {
    let at = ((share - CLEAR_BELOW) / (FULL_FROM - CLEAR_BELOW)).clamp(0.0, 1.0);
    MOST_OPAQUE * at * at * (3.0 - 2.0 * at)
}

/// The grey stripes for values that are not finite, at a pixel of the drawing.
pub(super) fn no_value(x: usize, y: usize) -> Colour {
    NO_VALUE[(x + y) / STRIPE % 2]
}

/// How much of the grey stripes covers the picture.
pub(super) const NO_VALUE_OPACITY: f32 = 0.8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_gets_brighter_and_covers_more() {
        let brightness =
            |share: f32| colour(share).map(f32::from).iter().zip([0.3, 0.59, 0.11]).map(|(c, w)| c * w).sum::<f32>();
        for step in 0..100 {
            let (low, high) = (step as f32 / 100.0, (step + 1) as f32 / 100.0);
            assert!(brightness(low) < brightness(high), "{low}");
            assert!(opacity(low) <= opacity(high), "{low}");
        }
        assert_eq!(opacity(0.0), 0.0);
        assert_eq!((colour(-3.0), colour(9.0)), (INFERNO[0], INFERNO[32]));
    }
}
