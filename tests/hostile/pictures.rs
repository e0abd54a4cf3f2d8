//! Pictures that claim, unfold or end early. What they may cost follows from `limits` and from their own bytes.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, RgbImage};
use moead_runtime::preprocess::decode::decode;
use moead_runtime::preprocess::picture::Picture;

use crate::memory;

/// What a decoder may take for itself; its tables for huffman codes are some megabytes.
const TABLES: usize = 8 << 20;

/// Decodes; `pixels` is what the header may ask for.
#[track_caller]
pub(crate) fn decoded(bytes: &[u8], pixels: usize) -> Result<Picture, String> {
    let (result, peak) = memory::peak(|| decode(bytes));
    // Decoded, as 8-bit colour, and turned upright; JPEG holds its coefficients, too.
    let most = TABLES + 8 * bytes.len() + 12 * pixels;
    assert!(peak <= most, "{peak} bytes of memory, at most {most} are allowed");
    result.map_err(|error| {
        let text = error.to_string();
        assert!(text.len() < 600 && !text.contains('\n'), "{text}");
        text
    })
}

#[track_caller]
pub(crate) fn assert_refused(what: &str, bytes: &[u8], pixels: usize, telling: &str) {
    let error = decoded(bytes, pixels).expect_err(what);
    assert!(error.contains(telling), "{what}: {telling:?} is not in {error:?}");
}

pub(crate) fn encode(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    image.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
    bytes
}

pub(crate) fn small() -> DynamicImage {
    DynamicImage::ImageRgb8(RgbImage::from_fn(16, 12, |x, y| image::Rgb([x as u8 * 9, y as u8 * 7, (x * y) as u8])))
}

/// A small picture in every format.
fn every_format() -> Vec<(ImageFormat, Vec<u8>)> {
    let formats = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Bmp, ImageFormat::Tiff, ImageFormat::WebP];
    formats.into_iter().map(|format| (format, encode(&small(), format))).collect()
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for &byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1));
        }
    }
    !crc
}

pub(crate) fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let content = [kind, data].concat();
    [&(data.len() as u32).to_be_bytes()[..], &content, &crc(&content).to_be_bytes()].concat()
}

/// A PNG of 8-bit colour with these chunks between header and end.
pub(crate) fn png(width: u32, height: u32, chunks: &[u8]) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    [b"\x89PNG\r\n\x1a\n", &chunk(b"IHDR", &header)[..], chunks, &chunk(b"IEND", b"")].concat()
}

/// The first chunk of that kind.
fn data_of(png: &[u8], kind: &[u8; 4]) -> Vec<u8> {
    let place = png.windows(4).position(|window| window == kind).unwrap();
    let length = u32::from_be_bytes(png[place - 4..place].try_into().unwrap()) as usize;
    png[place + 4..][..length].to_vec()
}

#[test]
fn headers_are_compared_with_the_limits_before_memory_is_taken() {
    let data = chunk(b"IDAT", b"\x78\x9c\x03\x00\x00\x00\x00\x01");
    assert_refused("a side", &png(100_000, 100_000, &data), 0, "too large: 100000 pixels wide, at most 32768");
    assert_refused("height", &png(1, 0x7fff_ffff, &data), 0, "too large: 2147483647 pixels high, at most 32768");
    assert_refused("pixels", &png(32_768, 32_768, &data), 0, "too large: 1073741824 pixels, at most 100000000");
    assert_refused("nothing", &png(0, 5, &data), 0, "PNG");
    assert_refused("beyond the format", &png(u32::MAX, u32::MAX, &data), 0, "PNG");
    // Within the limits: the memory is asked for, and given back.
    assert_refused("no data", &png(5000, 5000, &data), 5000 * 5000, "broken PNG");
}

#[test]
fn a_bomb_within_the_limits_is_only_a_large_picture() {
    let (width, height) = (5000, 4000);
    let bytes = encode(&DynamicImage::new_rgb8(width, height), ImageFormat::Png);
    let pixels = (width * height) as usize;
    assert!(bytes.len() * 100 < 3 * pixels, "{} bytes", bytes.len());
    let picture = decoded(&bytes, pixels).unwrap();
    assert_eq!(picture.pixels().len(), 3 * pixels);
    // The same stream as a colour profile, as text, and behind a header of one pixel: nobody unfolds it.
    let stream = data_of(&bytes, b"IDAT");
    let pixel = chunk(b"IDAT", &data_of(&encode(&DynamicImage::new_rgb8(1, 1), ImageFormat::Png), b"IDAT"));
    for (kind, front) in [(b"iCCP", &b"profile\0\0"[..]), (b"zTXt", b"text\0\0"), (b"iTXt", b"text\0\x01\0\0\0")] {
        let bomb = chunk(kind, &[front, &stream].concat());
        let _ = decoded(&png(1, 1, &[bomb.repeat(50), pixel.clone()].concat()), 1);
    }
    let _ = decoded(&png(1, 1, &chunk(b"IDAT", &stream)), 1);
    assert_refused("a bomb beyond", &png(32_000, 30_000, &chunk(b"IDAT", &stream)), 0, "too large");
}

#[test]
fn a_cut_picture_is_refused_or_lacks_nothing() {
    for (format, whole) in every_format() {
        let picture = decoded(&whole, 16 * 12).unwrap();
        for length in 0..whole.len() {
            if let Ok(found) = decoded(&whole[..length], 16 * 12) {
                assert_eq!(found, picture, "{format:?} cut to {length} of {}", whole.len());
            }
        }
    }
}

#[test]
fn a_changed_byte_is_another_picture_or_none() {
    for (_, whole) in every_format() {
        for place in 0..whole.len() {
            for change in [0x01, 0x80, 0xff] {
                let mut changed = whole.clone();
                changed[place] ^= change;
                let (result, peak) = memory::peak(|| decode(&changed));
                let most = TABLES + result.map_or(0, |picture| 4 * picture.pixels().len());
                assert!(peak <= most, "byte {place}: {peak} bytes of memory, at most {most}");
            }
        }
    }
}

#[test]
fn bytes_behind_a_magic_number_are_not_believed() {
    let magics: [&[u8]; 7] = [
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"BM",
        b"II*\0",
        b"MM\0*",
        b"RIFF\xff\xff\xff\xffWEBPVP8 ",
        b"RIFF\x20\0\0\0WEBPVP8X",
    ];
    let mut state = 5_u64;
    let mut random = |length: usize| -> Vec<u8> {
        let step = |state: &mut u64| {
            *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (*state >> 56) as u8
        };
        (0..length).map(|_| step(&mut state)).collect()
    };
    for magic in magics {
        for length in [0, 1, 10, 100, 1000, 20_000] {
            for filling in [vec![0; length], vec![0xff; length], random(length), random(length), random(length)] {
                let bytes = [magic, &filling].concat();
                let (result, peak) = memory::peak(|| decode(&bytes));
                assert!(result.is_err() && peak < TABLES, "{magic:?} and {length} bytes: {peak} bytes of memory");
            }
        }
    }
    for bytes in [vec![], vec![0; 100_000], vec![0xff; 100_000], random(100_000)] {
        assert_refused("no magic number", &bytes, 0, "not a PNG, JPEG, BMP, TIFF or WebP");
    }
}

#[test]
fn huge_metadata_is_read_past() {
    let jpeg = encode(&small(), ImageFormat::Jpeg);
    let segment = |kind: u8, data: &[u8]| [&[0xff, kind][..], &(data.len() as u16 + 2).to_be_bytes(), data].concat();
    let exif = [&b"Exif\0\0II*\0\x08\0\0\0"[..], &[0xff; 65_000]].concat();
    for kind in [0xe1, 0xe2, 0xed, 0xee, 0xfe] {
        let bytes = [&jpeg[..2], &segment(kind, &exif).repeat(100), &jpeg[2..]].concat();
        let _ = decoded(&bytes, 16 * 12);
    }
    // An orientation that nobody has, and one behind an offset of 4 GB.
    for entry in
        [*b"\x01\0\x12\x01\x03\0\x01\0\0\0\xff\0\0\0", *b"\x01\0\x12\x01\x03\0\xff\xff\xff\xff\xff\xff\xff\xff"]
    {
        let exif = [&b"Exif\0\0II*\0\x08\0\0\0"[..], &entry].concat();
        let bytes = [&jpeg[..2], &segment(0xe1, &exif), &jpeg[2..]].concat();
        assert!(decoded(&bytes, 16 * 12).is_ok());
    }
    let whole = encode(&small(), ImageFormat::Png);
    for kind in [b"eXIf", b"tEXt", b"zTXt", b"iCCP", b"prVt"] {
        let bytes = [&whole[..33], &chunk(kind, &vec![0x41; 5_000_000]), &whole[33..]].concat();
        let _ = decoded(&bytes, 16 * 12);
    }
}
