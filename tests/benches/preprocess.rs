//! A camera's frame to the network's pixels: ours in this process and OpenCV in Python, in turn, one thread each.

mod peer;
mod timing;

use moead_model::architecture::ImageSize;
use moead_runtime::preprocess::convert::Converter;
use moead_runtime::preprocess::motion_jpeg::MotionJpeg;
use moead_runtime::preprocess::raw::{ColourSpace, Matrix, PixelFormat, Range, RawFormat};
use moead_runtime::score::regions::Rect;
use peer::Peer;
use timing::{Summary, cpu_seconds, say};

const FRAME: ImageSize = ImageSize { height: 720, width: 1280 };
const INPUT: ImageSize = ImageSize { height: 224, width: 224 };
/// As most cameras offer it for looking at.
const VIEW: ImageSize = ImageSize { height: 360, width: 640 };
/// Makes a picture of a frame's bytes.
type Work = Box<dyn FnMut(&[u8])>;

/// The first ones warm caches.
const WARM: usize = 5;

fn main() {
    let rounds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(100);
    let folder = tempfile::tempdir().expect("a temporary folder");
    // It draws the frames, too, so that both see the same bytes.
    let mut opencv = Peer::start("opencv_peer.py", &[folder.path()]);
    opencv.run("draw");
    let frame = |name: &str| std::fs::read(folder.path().join(name)).expect("drawn by the peer");
    for (name, bytes, target, mut ours) in [
        ("YUYV", "yuyv", INPUT, raw(PixelFormat::Yuyv, 2 * FRAME.width, INPUT)),
        ("YUYV", "yuyv", VIEW, raw(PixelFormat::Yuyv, 2 * FRAME.width, VIEW)),
        ("NV12", "nv12", INPUT, raw(PixelFormat::Nv12, FRAME.width, INPUT)),
        ("MJPG", "jpg", INPUT, motion_jpeg(INPUT)),
    ] {
        let bytes = (frame(bytes), format!("{bytes} {} {}", target.height, target.width));
        say(&format!("{name}, {FRAME} to {target}"));
        let mut own = Summary::new("ours");
        let mut theirs = Summary::new("OpenCV, INTER_AREA");
        for round in 0..rounds + WARM {
            let before = cpu_seconds();
            ours(&bytes.0);
            let seconds = cpu_seconds() - before;
            let peer = opencv.run(&bytes.1);
            if round >= WARM {
                own.add(seconds);
                theirs.add(peer);
            }
        }
        own.report(None);
        theirs.report(Some(&own));
    }
}

/// Converts the whole frame.
fn converter(pixels: PixelFormat, stride: usize, target: ImageSize) -> (Converter, Vec<u8>) {
    let colour = ColourSpace { matrix: Matrix::Bt601, range: Range::Limited };
    let format = RawFormat { pixels, size: FRAME, stride, colour };
    let region = Rect { x: 0, y: 0, width: FRAME.width, height: FRAME.height };
    let converter = Converter::new(format, region, target).expect("a frame that there is");
    (converter, vec![0; target.height * target.width * 3])
}

fn raw(pixels: PixelFormat, stride: usize, target: ImageSize) -> Work {
    let (mut converter, mut picture) = converter(pixels, stride, target);
    Box::new(move |bytes| converter.run(bytes, &mut picture).expect("a whole frame"))
}

fn motion_jpeg(target: ImageSize) -> Work {
    let mut decoder = MotionJpeg::default();
    let (mut converter, mut picture) = converter(PixelFormat::Rgb3, 3 * FRAME.width, target);
    Box::new(move |bytes| {
        let (size, pixels) = decoder.decode(bytes).expect("a whole frame");
        assert_eq!(size, FRAME);
        converter.run(pixels, &mut picture).expect("a whole frame");
    })
}
