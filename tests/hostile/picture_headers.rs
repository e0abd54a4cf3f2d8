//! Headers of TIFF, BMP, WebP and JPEG that claim sizes, tables and directories which are not there.

use image::ImageFormat;

use crate::pictures::{assert_refused, decoded, encode, small};

/// A little-endian TIFF: entries of a directory (tag, type, count, value), and where the next one lies.
fn tiff(entries: &[(u16, u16, u32, u32)], next: u32) -> Vec<u8> {
    let mut bytes = b"II*\0\x08\0\0\0".to_vec();
    bytes.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        bytes.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        bytes.extend([count.to_le_bytes(), value.to_le_bytes()].concat());
    }
    bytes.extend(next.to_le_bytes());
    bytes.extend([7; 64]);
    bytes
}

#[test]
fn tiff_directories_may_claim_and_loop() {
    let rows = [
        (256, 4, 1, 4),
        (257, 4, 1, 4),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (277, 3, 1, 1),
        (278, 4, 1, 4),
    ];
    let with = |more: &[(u16, u16, u32, u32)], next| tiff(&[&rows[..], more].concat(), next);
    let start = 8 + 2 + 12 * 9 + 4;
    let honest = with(&[(273, 4, 1, start), (279, 4, 1, 16)], 0);
    assert_eq!(decoded(&honest, 16).unwrap().pixels(), [7; 48]);
    let itself = with(&[(273, 4, 1, start), (279, 4, 1, 16)], 8);
    assert_refused("a directory that follows itself", &itself, 16, "broken TIFF");
    for (offsets, counts) in [
        ((273, 4, u32::MAX, 8), (279, 4, u32::MAX, 8)),
        ((273, 4, 1, u32::MAX), (279, 4, 1, u32::MAX)),
        ((273, 4, 1, start), (279, 4, 1, 1)),
        ((273, 4, 1, 8), (279, 4, 1, u32::MAX)),
        ((273, 4, 0, 0), (279, 4, 0, 0)),
        ((273, 16, u32::MAX, 8), (279, 16, u32::MAX, 8)),
    ] {
        let found = decoded(&with(&[offsets, counts], 8), 16);
        assert!(found.is_err() || found == decoded(&honest, 16), "{offsets:?} {counts:?}");
    }
    // Tables of 4 GB in other tags, orientation among them.
    for tag in [258, 274, 277, 320, 339, 347, 34_675, 700] {
        let _ = decoded(&tiff(&[&rows[..], &[(tag, 3, u32::MAX, 8)]].concat(), 8), 16);
    }
    for (width, height) in [(u32::MAX, u32::MAX), (100_000, 1), (1, 100_000), (32_768, 32_768)] {
        let mut entries = rows;
        (entries[0].3, entries[1].3) = (width, height);
        let _ = decoded(&tiff(&[&entries[..], &[(273, 4, 1, 8), (279, 4, 1, 16)]].concat(), 0), 0);
    }
    let _ = decoded(b"II*\0\x04\0\0\0\xff\xff", 0);
    let _ = decoded(b"II*\0\xff\xff\xff\xff", 0);
    let _ = decoded(b"II+\0\x08\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff", 0);
}

#[test]
fn bmp_headers_may_be_negative() {
    let bmp = |width: i32, height: i32, depth: u16, compression: u32, colours: u32| {
        let mut bytes = b"BM\xff\xff\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
        bytes.extend([width.to_le_bytes(), height.to_le_bytes()].concat());
        bytes.extend([1_u16.to_le_bytes(), depth.to_le_bytes()].concat());
        for number in [compression, 0, 0, 0, colours, 0] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend([5; 48]);
        bytes
    };
    // From the top down, which is honest.
    assert_eq!(decoded(&bmp(4, -4, 24, 0, 0), 16).unwrap().pixels(), [5; 48]);
    for (width, height) in
        [(-4, 4), (0, 4), (4, 0), (i32::MIN, i32::MIN), (4, i32::MIN), (i32::MAX, i32::MAX), (100_000, 1)]
    {
        for (depth, compression) in [(24, 0), (8, 1), (4, 2), (32, 3), (1, 0), (16, 3)] {
            for colours in [0, u32::MAX] {
                let found = decoded(&bmp(width, height, depth, compression, colours), 0);
                assert!(found.is_err(), "{width} x {height}, {depth} bits, {compression}, {colours}");
            }
        }
    }
    for (depth, compression) in [(0, 0), (3, 0), (8, 1), (4, 2), (8, 0), (255, 0), (24, 99), (0, 4), (0, 5)] {
        let _ = decoded(&bmp(4, 4, depth, compression, u32::MAX), 16);
    }
}

#[test]
fn webp_and_jpeg_claims_are_compared_with_the_limits() {
    let riff = |chunks: &[u8]| [b"RIFF", &(chunks.len() as u32 + 4).to_le_bytes()[..], b"WEBP", chunks].concat();
    // 16384 x 16384, lossless; 16383 x 16383, lossy; 2^24 x 2^24, extended.
    let lossless = riff(b"VP8L\x06\0\0\0\x2f\xff\xff\xff\x0f\0");
    let lossy = riff(b"VP8 \x0a\0\0\0\x10\0\0\x9d\x01\x2a\xff\x3f\xff\x3f");
    let extended = riff(b"VP8X\x0a\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff");
    for bytes in [&lossless, &lossy, &extended] {
        assert!(decoded(bytes, 0).is_err());
    }
    for size in [0, 1, 0x7fff_ffff, u32::MAX] {
        let bytes = [&b"RIFF\xff\xff\xff\xffWEBPVP8 "[..], &size.to_le_bytes(), &[0; 40]].concat();
        assert_refused("a chunk's size", &bytes, 0, "WebP");
    }
    let mut jpeg = encode(&small(), ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|window| window == [0xff, 0xc0]).unwrap();
    for (height, width) in [([0xff, 0xff], [0xff, 0xff]), ([0, 0], [0, 16]), ([0, 12], [0, 0]), ([0x80, 1], [0, 1])] {
        jpeg[frame + 5..frame + 7].copy_from_slice(&height);
        jpeg[frame + 7..frame + 9].copy_from_slice(&width);
        assert!(decoded(&jpeg, 0).is_err(), "{height:?} {width:?}");
    }
}
