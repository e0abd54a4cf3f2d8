//! Red, green and blue as other formats of cameras, by the formulas of ITU-R BT.601, rounded.
//!
//! Limited range, Y from 16 to 235, for YUYV and NV12, as USB cameras deliver them; full range for GREY. Pixels that share
//! their colour get that of their mean.

/// Factors of luminance, full range, in 65536ths.
const LUMINANCE: [i32; 3] = [19595, 38470, 7471];
/// The same times 219 / 255.
const Y: [i32; 3] = [16829, 33039, 6417];
/// Of the blue difference, times 224 / 255.
const CB: [i32; 3] = [-9714, -19071, 28785];
/// Of the red difference, times 224 / 255.
const CR: [i32; 3] = [28785, -24104, -4681];

/// `sums` are of `1 << shift` pixels.
#[inline]
fn weigh(factors: [i32; 3], sums: [i32; 3], offset: i32, shift: u32) -> u8 {
    // No sum leaves 32 bits, and none the byte at the end: the factors of each add up to at most 65536, and at most four
    // bytes are summed. Unchecked, processors compute many at once.
    let weighed = |at: usize| factors[at].wrapping_mul(sums[at]);
    let sum = weighed(0).wrapping_add(weighed(1)).wrapping_add(weighed(2)).wrapping_add(1 << (15 + shift));
    (sum >> (16 + shift)).wrapping_add(offset) as u8
}

#[inline]
fn sum([r, g, b]: [u8; 3], [red, green, blue]: [u8; 3]) -> [i32; 3] {
    [i32::from(r) + i32::from(red), i32::from(g) + i32::from(green), i32::from(b) + i32::from(blue)]
}

#[inline]
fn luma([r, g, b]: [u8; 3]) -> u8 {
    weigh(Y, [r.into(), g.into(), b.into()], 16, 0)
}

/// A row in 8 bits of luminance.
pub(super) fn grey(row: &[u8], target: &mut [u8]) {
    for (target, pixel) in target.iter_mut().zip(row.as_chunks::<3>().0) {
        let &[r, g, b] = pixel;
        *target = weigh(LUMINANCE, [r.into(), g.into(), b.into()], 0, 0);
    }
}

/// A row of pairs: Y0 Cb Y1 Cr.
pub(super) fn yuyv(row: &[u8], target: &mut [u8]) {
    let pairs = row.as_chunks::<3>().0.as_chunks::<2>().0;
    for (target, pair) in target.as_chunks_mut::<4>().0.iter_mut().zip(pairs) {
        let both = sum(pair[0], pair[1]);
        *target = [luma(pair[0]), weigh(CB, both, 128, 1), luma(pair[1]), weigh(CR, both, 128, 1)];
    }
}

/// A row's Y.
pub(super) fn y(row: &[u8], target: &mut [u8]) {
    for (target, &pixel) in target.iter_mut().zip(row.as_chunks::<3>().0) {
        *target = luma(pixel);
    }
}

/// Two rows' Cb Cr.
pub(super) fn pairs(upper: &[u8], lower: &[u8], target: &mut [u8]) {
    let squares = upper.as_chunks::<3>().0.as_chunks::<2>().0.iter().zip(lower.as_chunks::<3>().0.as_chunks::<2>().0);
    for (target, (&[a, b], &[c, d])) in target.as_chunks_mut::<2>().0.iter_mut().zip(squares) {
        let ([r, g, u], [red, green, blue]) = (sum(a, b), sum(c, d));
        let all = [r + red, g + green, u + blue];
        *target = [weigh(CB, all, 128, 2), weigh(CR, all, 128, 2)];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ITU-R BT.601-7, 2.5: from analogue R, G, B in 0 to 1, with Y in 16 to 235 and differences in 16 to 240.
    fn formula([r, g, b]: [f64; 3]) -> [f64; 3] {
        let y = 0.299 * r + 0.587 * g + 0.114 * b;
        [16.0 + 219.0 * y, 128.0 + 224.0 * (b - y) / 1.772, 128.0 + 224.0 * (r - y) / 1.402]
    }

    fn colours() -> impl Iterator<Item = [u8; 3]> {
        let steps = [0, 1, 16, 63, 128, 200, 254, 255];
        steps.into_iter().flat_map(move |r| steps.into_iter().flat_map(move |g| steps.map(move |b| [r, g, b])))
    }

    fn is_near(found: u8, expected: f64) -> bool {
        (f64::from(found) - expected).abs() <= 0.51
    }

    #[test]
    fn single_colours_are_those_of_the_recommendation() {
        for colour in colours() {
            let [y, cb, cr] = formula(colour.map(|channel| f64::from(channel) / 255.0));
            let mut packed = [0; 4];
            yuyv(&[colour, colour].concat(), &mut packed);
            let expected = [y, cb, y, cr];
            assert!(packed.into_iter().zip(expected).all(|(found, expected)| is_near(found, expected)), "{colour:?}");
            let mut level = [0];
            grey(&colour, &mut level);
            assert!(is_near(level[0], (y - 16.0) / 219.0 * 255.0), "{colour:?}");
        }
    }

    #[test]
    fn pixels_that_share_their_colour_get_that_of_their_mean() {
        let all: Vec<_> = colours().collect();
        for [a, b, c, d] in all.as_chunks::<4>().0 {
            let mean = |pixels: &[[u8; 3]]| {
                std::array::from_fn(|channel| {
                    pixels.iter().map(|pixel| f64::from(pixel[channel])).sum::<f64>() / pixels.len() as f64 / 255.0
                })
            };
            let mut packed = [0; 4];
            yuyv(&[*a, *b].concat(), &mut packed);
            let [_, cb, cr] = formula(mean(&[*a, *b]));
            assert!(is_near(packed[1], cb) && is_near(packed[3], cr), "{a:?} {b:?}");
            let mut pair = [0; 2];
            pairs(&[*a, *b].concat(), &[*c, *d].concat(), &mut pair);
            let [_, cb, cr] = formula(mean(&[*a, *b, *c, *d]));
            assert!(is_near(pair[0], cb) && is_near(pair[1], cr), "{a:?} {b:?} {c:?} {d:?}");
            let mut lumas = [0; 2];
            y(&[*a, *b].concat(), &mut lumas);
            assert_eq!(lumas[0], luma(*a));
        }
    }
}
