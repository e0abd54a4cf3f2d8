//! Frames of Motion JPEG: against Pillow, without tables, cut, closed, filled up, spoilt.

use std::fs;
use std::path::Path;

use moead_runtime::preprocess::motion_jpeg::{MotionJpeg, MotionJpegError};
use serde::Deserialize;

use crate::convert::{drawn, size};

/// One line of `frames/frames.json`, written by `frames/make.py`.
#[derive(Deserialize)]
struct Entry {
    file: String,
    size: [usize; 2],
    /// In hexadecimal.
    pixels: String,
}

fn bytes(folder: &str, file: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/preprocess").join(folder).join(file)).unwrap()
}

fn frames() -> Vec<(Entry, Vec<u8>)> {
    let entries: Vec<Entry> = serde_json::from_slice(&bytes("frames", "frames.json")).unwrap();
    assert!(entries.len() >= 8);
    entries
        .into_iter()
        .map(|entry| (bytes("frames", &entry.file), entry))
        .map(|(bytes, entry)| (entry, bytes))
        .collect()
}

fn frame(kind: &str) -> Vec<u8> {
    bytes("frames", &format!("{kind}.jpg"))
}

fn decoded(bytes: &[u8]) -> Result<Vec<u8>, MotionJpegError> {
    MotionJpeg::default().decode(bytes).map(|(_, pixels)| pixels.to_vec())
}

fn message(bytes: &[u8]) -> String {
    decoded(bytes).unwrap_err().to_string()
}

/// Where the segment of a marker begins, and its whole length.
fn segment(bytes: &[u8], code: u8) -> Option<(usize, usize)> {
    let mut at = 2;
    loop {
        let &[0xff, found, high, low] = bytes.get(at..)?.first_chunk()? else { return None };
        let length = 2 + usize::from(u16::from_be_bytes([high, low]));
        if found == code {
            return Some((at, length));
        }
        // Behind a scan's header there are no segments.
        (found != 0xda).then_some(())?;
        at += length;
    }
}

/// As many cameras send it: without Huffman tables.
fn without_tables(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    while let Some((at, length)) = segment(&bytes, 0xc4) {
        bytes.drain(at..at + length);
    }
    bytes
}

/// Where the data of the scan begins.
fn data(bytes: &[u8]) -> usize {
    let (at, length) = segment(bytes, 0xda).unwrap();
    at + length
}

/// As for files: decoders may round in their own way, and differ by more in the last column where chroma is enlarged.
const LEVELS: u8 = 4;
const LAST_COLUMN_LEVELS: u8 = 16;

#[test]
fn pixels_are_close_to_pillows() {
    let mut decoder = MotionJpeg::default();
    for (Entry { file, size: [height, width], pixels: expected }, bytes) in frames() {
        let (found_size, pixels) = decoder.decode(&bytes).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!(found_size, size(height, width), "{file}");
        assert_eq!(2 * pixels.len(), expected.len(), "{file}");
        for (at, (&found, expected)) in pixels.iter().zip(expected.as_bytes().as_chunks::<2>().0).enumerate() {
            let expected = u8::from_str_radix(std::str::from_utf8(expected).unwrap(), 16).unwrap();
            let last = at / 3 % width == width - 1;
            let most = if last { LAST_COLUMN_LEVELS } else { LEVELS };
            assert!(found.abs_diff(expected) <= most, "{file}, byte {at}: expected {expected}, found {found}");
        }
    }
}

#[test]
fn a_frame_without_tables_is_decoded_with_the_standards() {
    for (Entry { file, .. }, bytes) in frames() {
        let without = without_tables(&bytes);
        assert!(without.len() + 100 < bytes.len(), "{file}");
        assert_eq!(decoded(&without), decoded(&bytes), "{file}");
    }
}

#[test]
fn what_follows_the_end_does_not_count_and_the_end_itself_may_be_missing() {
    for (Entry { file, .. }, bytes) in frames() {
        let expected = decoded(&bytes);
        let open = &bytes[..bytes.len() - 2];
        let trash = drawn(1, 50_000);
        for (bytes, tail) in
            [(&bytes[..], &[0; 50_000][..]), (&bytes, &trash), (&bytes, &bytes), (open, &[]), (open, &[0; 50_000])]
        {
            assert_eq!(decoded(&[bytes, tail].concat()), expected, "{file}");
        }
    }
}

#[test]
fn a_frame_that_is_cut_anywhere_is_an_error() {
    for (Entry { file, .. }, bytes) in frames() {
        let whole = decoded(&bytes);
        // By itself, closed by somebody, filled up with zeros, and both.
        for tail in [&[][..], &[0xff, 0xd9], &[0; 4096], &[0xff, 0xd9, 0, 0, 0, 0]] {
            for length in 0..bytes.len() {
                let found = decoded(&[&bytes[..length], tail].concat());
                if length >= bytes.len() - 3 && found == whole {
                    // Nothing but the end marker, or the last byte's padding, was lost.
                    continue;
                }
                let error = found.expect_err(&format!("{file}, {length} bytes, {} behind", tail.len()));
                if length > data(&bytes) {
                    assert_eq!(error, MotionJpegError::CutShort, "{file}, {length} bytes, {} behind", tail.len());
                }
            }
        }
    }
}

#[test]
fn restarts_come_each_in_its_turn() {
    for kind in ["422_restarts", "444_restarts"] {
        let bytes = frame(kind);
        let pairs = bytes.windows(2).enumerate().skip(data(&bytes));
        let restarts: Vec<usize> =
            pairs.filter(|(_, pair)| pair[0] == 0xff && matches!(pair[1], 0xd0..=0xd7)).map(|(at, _)| at).collect();
        assert!(restarts.len() > 4, "{kind}");
        let (lost, end) = (restarts[2], restarts[3]);
        assert_eq!(message(&[&bytes[..lost], &bytes[end..]].concat()), "broken JPEG: a restart out of turn");
        assert_eq!(message(&[&bytes[..end], &bytes[lost..]].concat()), "broken JPEG: a restart out of turn");
        let last = restarts[restarts.len() - 1];
        assert_eq!(decoded(&[&bytes[..last], &[0xff, 0xd9]].concat()), Err(MotionJpegError::CutShort));
    }
    // Where the header announces none.
    let bytes = frame("422");
    let at = data(&bytes) + 20;
    let restart = [&bytes[..at], &[0xff, 0xd0], &bytes[at..]].concat();
    assert_eq!(message(&restart), "broken JPEG: a restart out of turn");
    let marker = [&bytes[..at], &[0xff, 0xc4], &bytes[at..]].concat();
    assert_eq!(message(&marker), "broken JPEG: marker 0xc4 amid the picture");
}

#[test]
fn spoilt_bytes_are_an_error_or_a_picture_of_that_size() {
    for (Entry { file, size: [height, width], .. }, bytes) in frames() {
        let mut decoder = MotionJpeg::default();
        for seed in 0..200 {
            let mut spoilt = bytes.clone();
            let at = data(&bytes) + seed * (bytes.len() - data(&bytes) - 62) / 200;
            spoilt[at..at + 60].copy_from_slice(&drawn(seed as u64, 60));
            if let Ok((found, pixels)) = decoder.decode(&spoilt) {
                assert_eq!((found, pixels.len()), (size(height, width), height * width * 3), "{file}, seed {seed}");
                // Nothing of the frames before shines through.
                let pixels = pixels.to_vec();
                assert_eq!(decoded(&spoilt), Ok(pixels), "{file}, seed {seed}");
            }
        }
    }
}

#[test]
fn what_is_no_frame_is_an_error() {
    let bytes = frame("422");
    assert_eq!(message(&[]), "not a JPEG");
    assert_eq!(message(&[0; 1000]), "not a JPEG");
    assert_eq!(message(&[0xff]), "not a JPEG");
    assert_eq!(message(&[0xff, 0xd8]), "the frame is cut short");
    assert_eq!(message(&[0xff, 0xd8, 0xff, 0xd9]), "the frame is cut short");
    assert_eq!(message(&bytes[..data(&bytes)]), "the frame is cut short");
    assert_eq!(message(&[&[0xff, 0xd8], &bytes[..]].concat()), "broken JPEG: marker 0xd8 amid the picture");
    let (scan, _) = segment(&bytes, 0xda).unwrap();
    assert_eq!(message(&[&[0xff, 0xd8], &bytes[scan..]].concat()), "broken JPEG: a scan before its frame header");
    let (at, length) = segment(&bytes, 0xc0).unwrap();
    let twice = [&bytes[..at + length], &bytes[at..]].concat();
    assert_eq!(message(&twice), "broken JPEG: two frame headers");
}

#[test]
fn a_frame_header_that_lies_is_found_out_before_memory_is_taken() {
    let bytes = frame("422");
    let (at, _) = segment(&bytes, 0xc0).unwrap();
    let with = |place: usize, values: &[u8]| {
        let mut bytes = bytes.clone();
        bytes[at + place..][..values.len()].copy_from_slice(values);
        message(&bytes)
    };
    // Precision, height, width, count, the first component.
    assert_eq!(with(4, &[12]), "a JPEG of a kind that is not supported: other than 8 bits a sample");
    assert_eq!(with(5, &[0, 0]), "broken JPEG: no pixels");
    assert_eq!(with(7, &[0, 0]), "broken JPEG: no pixels");
    assert_eq!(
        with(5, &[0x80, 1]),
        "a frame of 32769x48 is too large: at most 32768 pixels a side and 100000000 in all"
    );
    assert_eq!(
        with(5, &[0x40, 0, 0x40, 0]),
        "a frame of 16384x16384 is too large: at most 32768 pixels a side and 100000000 in all"
    );
    // Within the limits, but more blocks than there are bits.
    assert_eq!(with(5, &[0x20, 0, 0x20, 0]), "the frame is cut short");
    assert_eq!(with(9, &[2]), "broken JPEG: a frame header with another number of components than it says");
    assert_eq!(with(11, &[0x01]), "broken JPEG: a sampling factor that there is not");
    assert_eq!(with(11, &[0x51]), "broken JPEG: a sampling factor that there is not");
    for (code, kind) in [(0xc2, "progressive"), (0xc3, "lossless"), (0xc5, "hierarchical"), (0xc9, "arithmetic coding")]
    {
        assert_eq!(with(1, &[code]), format!("a JPEG of a kind that is not supported: {kind}"));
    }
    let (scan, _) = segment(&bytes, 0xda).unwrap();
    let mut one = bytes.clone();
    one[scan + 4] = 1;
    assert_eq!(message(&one), "a JPEG of a kind that is not supported: several scans");
}

#[test]
fn four_inks_and_progressive_pictures_are_refused() {
    assert_eq!(message(&bytes("pictures", "cmyk.jpg")), "a JPEG of a kind that is not supported: four inks");
    assert_eq!(message(&bytes("pictures", "progressive.jpg")), "a JPEG of a kind that is not supported: progressive");
}

#[test]
fn a_frame_of_another_size_or_kind_may_follow() {
    let mut decoder = MotionJpeg::default();
    for kind in ["422", "odd_grey", "444", "odd_420", "grey", "422_restarts"] {
        let bytes = frame(kind);
        assert_eq!(decoder.decode(&bytes).map(|(_, pixels)| pixels.to_vec()), decoded(&bytes), "{kind}");
        assert!(decoder.decode(&bytes[..400]).is_err());
    }
}
