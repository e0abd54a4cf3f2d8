//! Pictures of every kind against Pillow's answers, and what becomes of files that are no pictures, too large, or cut.

use std::fs;
use std::path::PathBuf;

use moead_model::architecture::ImageSize;
use moead_runtime::preprocess::decode::{self, DecodeError, Format, decode};
use moead_runtime::preprocess::limits;
use serde::Deserialize;

use crate::fnv1a64;

/// One line of `pictures/pictures.json`, written by `pictures/make.py`.
#[derive(Deserialize)]
struct Entry {
    file: String,
    size: [usize; 2],
    /// Of lossless formats.
    fnv1a64: Option<String>,
    /// Of lossy ones, in hexadecimal.
    pixels: Option<String>,
}

fn path(file: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/preprocess/pictures")).join(file)
}

fn bytes(file: &str) -> Vec<u8> {
    fs::read(path(file)).expect("a picture of make.py")
}

fn entries() -> Vec<Entry> {
    serde_json::from_slice(&bytes("pictures.json")).expect("written by make.py")
}

#[test]
fn lossless_pictures_are_pillows_bit_for_bit() {
    let mut compared = 0;
    for Entry { file, size: [height, width], fnv1a64: expected, .. } in entries() {
        let picture = decode::read(&path(&file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!(picture.size(), ImageSize { height, width }, "{file}");
        if let Some(expected) = expected {
            assert_eq!(format!("{:016x}", fnv1a64(picture.pixels())), expected, "{file}");
            compared += 1;
        }
    }
    assert!(compared >= 30);
}

/// Decoders may round the inverse transform, the colours and the enlarged chroma in their own way.
const LOSSY_LEVELS: u8 = 4;
/// Where chroma is enlarged, the last column mixes in what the encoder put behind the edge; libjpeg looks no further.
const LAST_COLUMN_LEVELS: u8 = 16;

#[test]
fn lossy_pictures_are_close_to_pillows() {
    let mut compared = 0;
    for Entry { file, size: [_, width], pixels, .. } in entries() {
        let Some(pixels) = pixels else { continue };
        let found = decode(&bytes(&file)).unwrap();
        for (at, (&found, hex)) in found.pixels().iter().zip(pixels.as_bytes().chunks(2)).enumerate() {
            let expected = u8::from_str_radix(str::from_utf8(hex).unwrap(), 16).unwrap();
            let last = at / 3 % width == width - 1;
            let most = if last { LAST_COLUMN_LEVELS } else { LOSSY_LEVELS };
            assert!(found.abs_diff(expected) <= most, "{file}: byte {at}: {found}, Pillow {expected}");
        }
        compared += 1;
    }
    assert!(compared >= 8);
}

#[test]
fn a_cut_file_is_an_error_wherever_it_is_cut() {
    for Entry { file, .. } in entries() {
        let whole = bytes(&file);
        let picture = decode(&whole).unwrap();
        for length in 0..whole.len() {
            match decode(&whole[..length]) {
                // Whatever is missing was no part of the picture.
                Ok(found) => assert_eq!(found, picture, "{file} cut to {length} of {}", whole.len()),
                Err(DecodeError::Broken { .. } | DecodeError::Unrecognised { .. }) => {}
                Err(error) => panic!("{file} cut to {length}: {error:?}"),
            }
        }
    }
}

#[test]
fn a_cut_jpeg_that_was_closed_is_an_error() {
    for file in ["grey.jpg", "rgb_444.jpg", "rgb_420.jpg", "restarts.jpg", "cmyk.jpg", "orientation_6.jpg"] {
        let whole = bytes(file);
        let scan = whole.windows(2).rposition(|pair| pair == [0xff, 0xda]).unwrap();
        // The last code may end within the last two bytes, and nothing be missing.
        for length in scan + 2..whole.len() - 4 {
            let closed = [&whole[..length], [0xff, 0xd9].as_slice()].concat();
            assert!(matches!(decode(&closed), Err(DecodeError::Broken { .. })), "{file} closed at {length}");
        }
    }
}

#[test]
fn bytes_after_the_picture_do_not_matter() {
    for Entry { file, .. } in entries() {
        let whole = bytes(&file);
        assert_eq!(decode(&[&whole, b"and more".as_slice()].concat()).unwrap(), decode(&whole).unwrap(), "{file}");
    }
}

#[test]
fn what_is_no_picture_says_how_it_begins() {
    assert_eq!(decode(b"").unwrap_err().to_string(), "not a PNG, JPEG, BMP, TIFF or WebP: empty");
    let error = decode(b"{\"a\": 1, \"b\": 2}").unwrap_err();
    assert_eq!(error.to_string(), "not a PNG, JPEG, BMP, TIFF or WebP: begins with 7b 22 61 22 3a 20 31 2c");
    assert!(matches!(decode(&bytes("rgb.gif")), Err(DecodeError::Unrecognised { .. })));
}

#[test]
fn unsupported_kinds_are_named() {
    let error = decode(&bytes("float.tiff")).unwrap_err();
    assert!(matches!(error, DecodeError::Unsupported { format: Format::Tiff, .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "TIFF of a kind that is not supported: 32 bits a pixel, as floats and long numbers have"
    );
}

#[test]
fn cmyk_is_converted() {
    let picture = decode(&bytes("cmyk.jpg")).unwrap();
    let rgb = decode(&bytes("rgb.png")).unwrap();
    let sum: u32 = picture.pixels().iter().zip(rgb.pixels()).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
    assert!(sum / (rgb.pixels().len() as u32) < 12, "{sum}");
}

#[test]
fn a_huge_header_is_refused_before_memory_is_taken() {
    let mut bmp = bytes("rgb.bmp");
    bmp[18..22].copy_from_slice(&40_000_i32.to_le_bytes());
    assert_eq!(decode(&bmp).unwrap_err().to_string(), "too large: 40000 pixels wide, at most 32768");
    bmp[18..22].copy_from_slice(&20_000_i32.to_le_bytes());
    bmp[22..26].copy_from_slice(&20_000_i32.to_le_bytes());
    assert_eq!(decode(&bmp).unwrap_err().to_string(), "too large: 400000000 pixels, at most 100000000");
}

#[test]
fn a_folder_is_no_picture() {
    assert!(matches!(decode::read(&path("")), Err(DecodeError::Read(_))));
    assert!(matches!(decode::read(&path("missing.png")), Err(DecodeError::Read(_))));
}

#[test]
fn a_huge_file_is_refused_before_it_is_read() {
    let file = std::env::temp_dir().join(format!("moead-huge-{}.png", std::process::id()));
    fs::File::create(&file).unwrap().set_len(limits::FILE_BYTES + 1).unwrap();
    let error = decode::read(&file).unwrap_err();
    fs::remove_file(&file).unwrap();
    assert_eq!(error.to_string(), "too large: 268435457 bytes, at most 268435456");
}
