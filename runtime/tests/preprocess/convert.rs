//! Raw frames to pixels, against whole numbers in numpy and Pillow's resize.

use std::iter;

use moead_model::architecture::ImageSize;
use moead_runtime::preprocess::convert::{ConvertError, Converter};
use moead_runtime::preprocess::picture::Picture;
use moead_runtime::preprocess::raw::{ColourSpace, Matrix, PixelFormat, Range, RawFormat, RawFormatError};
use moead_runtime::preprocess::resize::resize;
use moead_runtime::score::regions::Rect;
use proptest::prelude::*;
use serde::Deserialize;

use crate::fnv1a64;

/// One line of `golden/convert.json`, written by `golden/convert.py`.
#[derive(Deserialize)]
struct Case {
    seed: u64,
    pixels: String,
    size: [usize; 2],
    stride: usize,
    matrix: String,
    range: String,
    bytes: usize,
    region: [usize; 4],
    target: [usize; 2],
    fnv1a64: String,
}

pub(crate) const FORMATS: [PixelFormat; 10] = [
    PixelFormat::Yuyv,
    PixelFormat::Uyvy,
    PixelFormat::Nv12,
    PixelFormat::Yu12,
    PixelFormat::Yuv422p,
    PixelFormat::Yuv444p,
    PixelFormat::Rgb3,
    PixelFormat::Bgr3,
    PixelFormat::Grey,
    PixelFormat::Y16,
];
const SPACES: [ColourSpace; 4] = [
    ColourSpace { matrix: Matrix::Bt601, range: Range::Limited },
    ColourSpace { matrix: Matrix::Bt601, range: Range::Full },
    ColourSpace { matrix: Matrix::Bt709, range: Range::Limited },
    ColourSpace { matrix: Matrix::Bt709, range: Range::Full },
];

/// The upper bytes of the numbers of SplitMix64.
pub(crate) fn drawn(seed: u64, count: usize) -> Vec<u8> {
    let numbers = iter::successors(Some(seed), |state| Some(state.wrapping_add(0x9e37_79b9_7f4a_7c15))).skip(1);
    let mixed = numbers.map(|z| {
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 56) as u8
    });
    mixed.take(count).collect()
}

pub(crate) fn size(height: usize, width: usize) -> ImageSize {
    ImageSize { height, width }
}

pub(crate) fn whole(size: ImageSize) -> Rect {
    Rect { x: 0, y: 0, width: size.width, height: size.height }
}

fn converted(format: RawFormat, region: Rect, target: ImageSize, bytes: &[u8]) -> Vec<u8> {
    let mut pixels = vec![0; target.height * target.width * 3];
    Converter::new(format, region, target).unwrap().run(bytes, &mut pixels).unwrap();
    pixels
}

fn named<T: Copy + std::fmt::Debug>(values: &[T], name: &str) -> T {
    *values.iter().find(|value| format!("{value:?}") == name).expect("a name of convert.py")
}

#[test]
fn every_bit_is_that_of_whole_numbers_and_pillow() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("golden/convert.json")).unwrap();
    assert!(cases.len() >= 200);
    for case in cases {
        let [height, width] = case.size;
        let colour = ColourSpace {
            matrix: named(&[Matrix::Bt601, Matrix::Bt709], &case.matrix),
            range: named(&[Range::Limited, Range::Full], &case.range),
        };
        let pixels = named(&FORMATS, &case.pixels);
        let format = RawFormat { pixels, size: size(height, width), stride: case.stride, colour };
        assert_eq!(format.bytes(), Some(case.bytes), "seed {}", case.seed);
        // A byte more than needed is no fault: drivers hand out whole pages.
        let bytes = drawn(case.seed, case.bytes + 1);
        let [x, y, width, height] = case.region;
        let found = converted(format, Rect { x, y, width, height }, size(case.target[0], case.target[1]), &bytes);
        assert_eq!(format!("{:016x}", fnv1a64(&found)), case.fnv1a64, "seed {}, {format:?}", case.seed);
    }
}

/// `numerator / denominator`, rounded to the nearest, halves up, clipped.
fn rounded(numerator: i64, denominator: i64) -> u8 {
    (2 * numerator + denominator).div_euclid(2 * denominator).clamp(0, 255) as u8
}

/// Red, green, blue in whole numbers: all fractions over one denominator.
fn exact(colour: ColourSpace, [y, cb, cr]: [u8; 3]) -> [u8; 3] {
    // In ten thousandths.
    let [red, green, blue] = match colour.matrix {
        Matrix::Bt601 => [2990, 5870, 1140],
        Matrix::Bt709 => [2126, 7152, 722],
    };
    let (black, luminance, difference) = match colour.range {
        Range::Limited => (16, 219, 224),
        Range::Full => (0, 255, 255),
    };
    let (y, cb, cr) = (i64::from(y) - black, i64::from(cb) - 128, i64::from(cr) - 128);
    let sum = |divisor: i64, parts: i64| {
        let ten = 10_000 * divisor;
        rounded(255 * (y * difference * ten + parts * luminance), luminance * difference * ten)
    };
    [
        sum(1, 2 * (10_000 - red) * cr),
        sum(green, -2 * (blue * (10_000 - blue) * cb + red * (10_000 - red) * cr)),
        sum(1, 2 * (10_000 - blue) * cb),
    ]
}

#[test]
fn every_colour_is_rounded_to_the_nearest() {
    // All triples as one frame: Cb by columns of 16, Cr by rows of 16, Y within.
    let side = 1 << 12;
    let mut bytes = Vec::with_capacity(3 * side * side);
    for plane in 0..3 {
        for row in 0..side {
            bytes.extend((0..side).map(|column| match plane {
                0 => ((row % 16) * 16 + column % 16) as u8,
                1 => (column / 16) as u8,
                _ => (row / 16) as u8,
            }));
        }
    }
    let (planes, _) = bytes.as_chunks::<{ 1 << 24 }>();
    let mut pixels = vec![0; 3 * side * side];
    for colour in SPACES {
        let format = RawFormat { pixels: PixelFormat::Yuv444p, size: size(side, side), stride: side, colour };
        Converter::new(format, whole(format.size), format.size).unwrap().run(&bytes, &mut pixels).unwrap();
        for (at, &found) in pixels.as_chunks::<3>().0.iter().enumerate() {
            let triple = [planes[0][at], planes[1][at], planes[2][at]];
            let expected = exact(colour, triple);
            assert!(found == expected, "{colour:?}, {triple:?}: expected {expected:?}, found {found:?}");
        }
    }
}

#[test]
fn grey_is_stretched_as_its_range_says() {
    let bytes: Vec<u8> = (0..=255).collect();
    let deep: Vec<u8> = bytes.iter().flat_map(|&byte| [byte.wrapping_mul(7), byte]).collect();
    for colour in SPACES {
        let (black, white) = if colour.range == Range::Limited { (16, 235) } else { (0, 255) };
        let expected: Vec<u8> =
            bytes.iter().flat_map(|&y| [rounded(255 * (i64::from(y) - black), white - black); 3]).collect();
        for (pixels, stride, bytes) in [(PixelFormat::Grey, 256, &bytes), (PixelFormat::Y16, 512, &deep)] {
            let format = RawFormat { pixels, size: size(1, 256), stride, colour };
            assert_eq!(converted(format, whole(format.size), format.size, bytes), expected, "{format:?}");
        }
    }
}

#[test]
fn one_frame_makes_pictures_of_two_sizes() {
    let colour = SPACES[0];
    let format = RawFormat { pixels: PixelFormat::Yuyv, size: size(90, 160), stride: 320, colour };
    let bytes = drawn(1, format.bytes().unwrap());
    let frame = Picture::new(format.size, converted(format, whole(format.size), format.size, &bytes)).unwrap();
    for target in [size(28, 28), size(45, 80), size(180, 320)] {
        assert_eq!(converted(format, whole(format.size), target, &bytes), resize(&frame, target).into_pixels());
    }
}

#[test]
fn what_cannot_be_converted_is_named() {
    let colour = SPACES[0];
    let format = RawFormat { pixels: PixelFormat::Yuyv, size: size(4, 6), stride: 12, colour };
    let refused = |format: RawFormat, region, target| Converter::new(format, region, target).unwrap_err().to_string();
    let region = whole(format.size);
    let target = size(2, 2);
    assert_eq!(
        refused(RawFormat { stride: 11, ..format }, region, target),
        "a row takes 12 bytes, but the next one begins after 11"
    );
    assert_eq!(refused(RawFormat { size: size(0, 6), ..format }, region, target), "a frame of 0x6 has no pixels");
    assert_eq!(
        refused(RawFormat { size: size(4, 40_000), stride: 80_000, ..format }, region, target),
        "a frame of 4x40000 is too large: at most 32768 pixels a side and 100000000 in all"
    );
    assert_eq!(
        refused(RawFormat { stride: usize::MAX, ..format }, region, target),
        format!("rows of {} bytes, 4 of them, are more than can be counted", usize::MAX)
    );
    for region in [
        Rect { x: 1, ..region },
        Rect { y: 4, height: 1, ..region },
        Rect { width: 0, ..region },
        Rect { height: 0, ..region },
        Rect { x: usize::MAX, width: 2, ..region },
    ] {
        assert_eq!(
            Converter::new(format, region, target).unwrap_err(),
            ConvertError::Region { region, frame: format.size }
        );
    }
    assert_eq!(
        refused(format, Rect { x: 2, y: 1, width: 5, height: 3 }, target),
        "a region of 3x5 pixels at column 2, row 1 is not inside a frame of 4x6"
    );
    for target in [size(0, 2), size(2, 0), size(1, 32_769), size(20_000, 20_000)] {
        assert_eq!(Converter::new(format, region, target).unwrap_err(), ConvertError::Target(target));
    }
    let mut converter = Converter::new(format, region, target).unwrap();
    let error = converter.run(&[0; 47], &mut [0; 12]).unwrap_err();
    assert_eq!(error.to_string(), "the frame is cut short: expected 48 bytes, found 47");
    let error = converter.run(&[0; 48], &mut [0; 13]).unwrap_err();
    assert_eq!(error.to_string(), "a picture of 2x2: expected room for 12 bytes, found 13");
    assert!(converter.run(&[0; 49], &mut [0; 12]).is_ok());
}

#[test]
fn formats_that_describe_no_frame_need_no_bytes() {
    let colour = SPACES[0];
    for pixels in FORMATS {
        let format = RawFormat { pixels, size: size(3, 5), stride: 1, colour };
        assert!(matches!(format.check(), Err(RawFormatError::Stride { stride: 1, .. })), "{pixels:?}");
        assert_eq!(format.bytes(), None);
        let format = RawFormat { stride: format.row_bytes(), ..format };
        assert!(format.check().is_ok() && format.bytes() >= Some(format.row_bytes() * 3), "{pixels:?}");
        for side in [usize::MAX, usize::MAX / 2, 1 << 40] {
            let format = RawFormat { size: size(side, side), stride: side, ..format };
            assert!(format.check().is_err() && format.bytes().is_none());
        }
    }
}

proptest! {
    /// The two-step way: the whole frame converted, the region cut out, resized.
    #[test]
    fn a_region_is_cut_out_before_it_is_resized(
        seed: u64,
        pixels in prop::sample::select(&FORMATS[..]),
        colour in prop::sample::select(&SPACES[..]),
        [height, width] in [1usize..30, 1..40],
        padding in 0usize..5,
        [x, y, across, down] in [0usize..40, 0..30, 1..40, 1..30],
        target in [1usize..40, 1..40],
    ) {
        let mut format = RawFormat { pixels, size: size(height, width), stride: 0, colour };
        format.stride = format.row_bytes() + padding;
        let bytes = drawn(seed, format.bytes().unwrap());
        let (x, y) = (x % width, y % height);
        let region = Rect { x, y, width: across.min(width - x), height: down.min(height - y) };
        let target = size(target[0], target[1]);
        let frame = converted(format, whole(format.size), format.size, &bytes);
        let rows = frame.chunks_exact(3 * width).skip(region.y).take(region.height);
        let cut = rows.flat_map(|row| &row[3 * region.x..3 * (region.x + region.width)]).copied().collect();
        let cut = Picture::new(size(region.height, region.width), cut).unwrap();
        prop_assert_eq!(converted(format, region, target, &bytes), resize(&cut, target).into_pixels());
    }
}
