//! What the work on a frame takes from the allocator: nothing.

use std::cell::Cell;

use moead_runtime::preprocess::convert::Converter;
use moead_runtime::preprocess::raw::{ColourSpace, Matrix, PixelFormat, Range, RawFormat};
use moead_runtime::preprocess::resize::Resizer;
use moead_runtime::score::regions::Rect;
use moead_tests::allocator::{Watch, Watched};

use crate::convert::{FORMATS, drawn, size, whole};

struct Counting;

thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

impl Watch for Counting {
    fn takes(&self, _bytes: usize) -> bool {
        // A thread that is ending has no counter any more.
        let _ = CALLS.try_with(|calls| calls.set(calls.get() + 1));
        true
    }
}

#[global_allocator]
static ALLOCATOR: Watched<Counting> = Watched(Counting);

/// How often this thread asked for memory meanwhile.
fn calls(work: impl FnOnce()) -> usize {
    let before = CALLS.get();
    work();
    CALLS.get() - before
}

#[test]
fn asking_for_memory_is_noticed() {
    assert_eq!(calls(|| drop(std::hint::black_box(vec![1_u8; 100]))), 1);
    assert_eq!(calls(|| drop(std::hint::black_box(vec![0_u8; 100]))), 1);
}

#[test]
fn a_converter_takes_no_memory_for_a_frame() {
    let colour = ColourSpace { matrix: Matrix::Bt709, range: Range::Limited };
    let frame = size(72, 128);
    for pixels in FORMATS {
        let mut format = RawFormat { pixels, size: frame, stride: 0, colour };
        format.stride = format.row_bytes();
        let bytes = drawn(2, format.bytes().unwrap());
        let region = Rect { x: 3, y: 5, width: 111, height: 60 };
        // Smaller, larger, wider and lower, as it is, and much lower: then the vertical pass comes first.
        for target in [size(22, 22), size(100, 150), size(20, 150), frame, size(2, 100)] {
            for region in [region, whole(frame)] {
                let mut picture = vec![0; target.height * target.width * 3];
                let mut converter = Converter::new(format, region, target).unwrap();
                let work = || converter.run(&bytes, &mut picture).unwrap();
                assert_eq!(calls(work), 0, "{pixels:?} to {target}");
            }
        }
    }
}

#[test]
fn a_resizer_takes_no_memory_for_a_picture() {
    let (source, target) = (size(72, 128), size(22, 22));
    let mut resizer = Resizer::new(source, target);
    let pixels = drawn(3, 72 * 128 * 3);
    let mut resized = vec![0; 22 * 22 * 3];
    assert_eq!(calls(|| resizer.resize_into(&pixels, &mut resized).unwrap()), 0);
    assert_eq!(calls(|| assert!(resizer.resize_into(&[], &mut resized).is_err())), 0);
}

#[test]
fn a_raw_frame_of_another_length_takes_none_either() {
    let colour = ColourSpace { matrix: Matrix::Bt601, range: Range::Full };
    let format = RawFormat { pixels: PixelFormat::Yuyv, size: size(8, 8), stride: 16, colour };
    let mut converter = Converter::new(format, whole(format.size), size(4, 4)).unwrap();
    assert_eq!(calls(|| assert!(converter.run(&[0; 127], &mut [0; 48]).is_err())), 0);
}
