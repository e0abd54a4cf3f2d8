//! Frames of cameras that claim more than they have, and formats of drivers that lie.

use image::ImageFormat;
use moead_model::architecture::ImageSize;
use moead_runtime::preprocess::convert::{ConvertError, Converter};
use moead_runtime::preprocess::motion_jpeg::{MotionJpeg, MotionJpegError};
use moead_runtime::preprocess::raw::{ColourSpace, Matrix, PixelFormat, Range, RawFormat};
use moead_runtime::score::regions::Rect;

use crate::memory;
use crate::pictures::{encode, small};

/// The decoder's tables, rows and messages.
const OWN: usize = 1 << 20;

fn decoded(bytes: &[u8]) -> (Result<ImageSize, MotionJpegError>, usize) {
    memory::peak(|| MotionJpeg::default().decode(bytes).map(|(size, _)| size))
}

/// An honest frame, and where its header has the height.
fn frame() -> (Vec<u8>, usize) {
    let bytes = encode(&small(), ImageFormat::Jpeg);
    let header = bytes.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    (bytes, header + 5)
}

#[test]
fn a_frame_that_claims_a_size_takes_no_memory_before_it_has_data_for_that() {
    let (bytes, height) = frame();
    assert!(decoded(&bytes).0.is_ok());
    for (side, refusal) in [(0x2000_u16, "the frame is cut short"), (0x7fff, "too large"), (0xffff, "too large")] {
        let mut bytes = bytes.clone();
        bytes[height..height + 2].copy_from_slice(&side.to_be_bytes());
        bytes[height + 2..height + 4].copy_from_slice(&side.to_be_bytes());
        let (found, peak) = decoded(&bytes);
        assert!(found.unwrap_err().to_string().contains(refusal), "{side}");
        assert!(peak < OWN, "{side}: {peak} bytes of memory");
    }
}

#[test]
fn what_a_frame_unfolds_to_is_bounded_by_its_bytes() {
    let (mut bytes, height) = frame();
    bytes[height..height + 4].copy_from_slice(&[0x04, 0x00, 0x04, 0x00]);
    let end = bytes.len() - 2;
    // Zeros are codes, too: as many as the claim needs, and no more.
    for zeros in [0, 1_000, 5_000, 50_000] {
        let mut longer = bytes[..end].to_vec();
        longer.resize(end + zeros, 0);
        longer.extend([0xff, 0xd9]);
        let (found, peak) = decoded(&longer);
        let most = OWN + 1024 * 1024 * 3 + 4 * longer.len();
        let most = if 8 * longer.len() < 3 * 128 * 128 { OWN } else { most };
        assert!(peak <= most, "{zeros} zeros, {found:?}: {peak} bytes of memory, at most {most} are allowed");
    }
}

#[test]
fn a_frame_full_of_markers_ends_soon() {
    let (bytes, _) = frame();
    let scan = bytes.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
    for piece in [&[0xff, 0xfe, 0, 2][..], &[0xff, 0xc4, 0, 2], &[0xff, 0xe2, 0, 2], &[0xff], &[0xff, 0xd0], &[0xff, 0]]
    {
        let many = piece.repeat(200_000);
        let longer = [&bytes[..scan], &many, &bytes[scan..]].concat();
        let (_, peak) = decoded(&longer);
        let most = OWN + 64 * longer.len();
        assert!(peak <= most, "{piece:02x?}: {peak} bytes of memory, at most {most} are allowed");
    }
}

#[test]
fn a_converter_takes_memory_for_some_rows_and_not_for_a_frame() {
    let colour = ColourSpace { matrix: Matrix::Bt709, range: Range::Limited };
    let size = ImageSize { height: 2160, width: 3840 };
    let format = RawFormat { pixels: PixelFormat::Nv12, size, stride: 3840, colour };
    let region = Rect { x: 0, y: 0, width: 3840, height: 2160 };
    let (converter, peak) = memory::peak(|| Converter::new(format, region, ImageSize { height: 224, width: 224 }));
    assert!(converter.is_ok());
    assert!(peak < 1 << 20, "{peak} bytes of memory");
}

#[test]
fn formats_regions_and_targets_beyond_all_limits_are_refused() {
    let colour = ColourSpace { matrix: Matrix::Bt601, range: Range::Full };
    let numbers = [0, 1, 2, 3, 640, 32_768, 32_769, usize::MAX / 4, usize::MAX / 2 + 1, usize::MAX - 1, usize::MAX];
    let one = ImageSize { height: 1, width: 1 };
    let mut accepted = 0;
    for pixels in [PixelFormat::Yuyv, PixelFormat::Nv12, PixelFormat::Yu12, PixelFormat::Rgb3, PixelFormat::Y16] {
        for (height, width) in numbers.into_iter().flat_map(|height| numbers.map(|width| (height, width))) {
            for stride in numbers {
                let format = RawFormat { pixels, size: ImageSize { height, width }, stride, colour };
                let region = Rect { x: width.wrapping_sub(1), y: height.wrapping_sub(1), width: 1, height: 1 };
                match Converter::new(format, region, one) {
                    Ok(mut converter) => {
                        accepted += 1;
                        assert!(format.bytes().is_some_and(|bytes| bytes > stride * (height - 1)));
                        let cut = converter.run(&[], &mut [0; 3]);
                        assert!(matches!(cut, Err(ConvertError::CutShort { found: 0, .. })), "{cut:?}");
                    }
                    Err(error) => assert!(error.to_string().len() < 200, "{error}"),
                }
            }
        }
    }
    assert!(accepted > 100, "{accepted}");
}
