//! From an arrival to the network's input: decode or convert, cut, shrink, normalise.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use moead_model::architecture::{ImageSize, Normalization};

use super::frame::{Content, Frame};
use super::judge::AnswerError;
use crate::engine::EngineError;
use crate::panicked;
use crate::preprocess::convert::{ConvertError, Converter};
use crate::preprocess::decode::{self, DecodeError};
use crate::preprocess::motion_jpeg::{MotionJpeg, MotionJpegError};
use crate::preprocess::normalize;
use crate::preprocess::picture::Picture;
use crate::preprocess::raw::{ColourSpace, Matrix, PixelFormat, Range, RawFormat};
use crate::preprocess::resize::Resizer;
use crate::score::regions::Rect;

/// What becomes of a frame's pixels after the network has seen them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pictures {
    /// They go on to the sinks, as many as the source delivers.
    Kept,
    /// They go on to the sinks, shrunk until no side is longer than this.
    Shrunk(usize),
    /// Only the network's input is made.
    Dropped,
}

/// Why a frame has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The file is no picture that can be read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The frame is no JPEG that can be read.
    #[error(transparent)]
    MotionJpeg(#[from] MotionJpegError),
    /// The frame's bytes are not what its format says.
    #[error(transparent)]
    Convert(#[from] ConvertError),
    /// The region of interest is not in this frame.
    #[error("the region of interest, {}x{} at {},{}, is outside of the frame of {}x{}", .region.width, .region.height, .region.x, .region.y, .size.width, .size.height)]
    Region {
        /// As asked for.
        region: Rect,
        /// Of the frame.
        size: ImageSize,
    },
    /// A decoder gave up in a way that it should not.
    #[error("the decoder failed: {0}")]
    DecoderPanicked(String),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The model lacks an output.
    #[error(transparent)]
    Answer(#[from] AnswerError),
}

/// Makes the network's input from one source's frames. Takes no memory from the second raw frame of a format on.
#[derive(Debug)]
pub(super) struct Preparer {
    network: ImageSize,
    normalization: Normalization,
    region: Option<Rect>,
    pictures: Pictures,
    jpeg: MotionJpeg,
    resizer: Option<Resizer>,
    /// To the network's size.
    shrink: Lens,
    /// To a size for people.
    view: Lens,
}

impl Preparer {
    pub(super) fn new(
        network: ImageSize,
        normalization: Normalization,
        region: Option<Rect>,
        pictures: Pictures,
    ) -> Self {
        let jpeg = MotionJpeg::default();
        let (shrink, view) = (Lens::default(), Lens::default());
        Self { network, normalization, region, pictures, jpeg, resizer: None, shrink, view }
    }

    /// Fills `frame` with the content: its input, its pixels, its size, and a picture for those who draw.
    pub(super) fn prepare(&mut self, content: &Content<'_>, frame: &mut Frame) -> Result<(), FrameError> {
        // Decoders read bytes from anywhere; a panic in one costs its frame, not the run.
        catch_unwind(AssertUnwindSafe(|| self.pixels(content, frame)))
            .unwrap_or_else(|panic| Err(FrameError::DecoderPanicked(words(&*panic))))?;
        // Both have the network's size.
        let _ = normalize::normalize_into(&frame.pixels, self.normalization, &mut frame.input);
        Ok(())
    }

    fn pixels(&mut self, content: &Content<'_>, frame: &mut Frame) -> Result<(), FrameError> {
        match content {
            Content::File(file) => {
                let picture = decode::read(&file.path)?;
                frame.size = picture.size();
                frame.region = whole(frame.size);
                let resizer = self.resizer.take().filter(|resizer| resizer.source() == frame.size);
                let resizer = self.resizer.insert(resizer.unwrap_or_else(|| Resizer::new(frame.size, self.network)));
                // Both have the sizes that the resizer was made for.
                let _ = resizer.resize_into(picture.pixels(), &mut frame.pixels);
                frame.picture = (self.pictures != Pictures::Dropped).then_some(picture);
                Ok(())
            }
            Content::Raw { format, bytes } => {
                let region = region_of(self.region, format.size)?;
                self.shrink.run(*format, region, self.network, bytes, &mut frame.pixels)?;
                (frame.size, frame.region) = (format.size, region);
                view(&mut self.view, self.pictures, *format, region, bytes, frame)
            }
            Content::Jpeg(bytes) => {
                let (size, pixels) = self.jpeg.decode(bytes)?;
                let colour = ColourSpace { matrix: Matrix::Bt601, range: Range::Full };
                let format = RawFormat { pixels: PixelFormat::Rgb3, size, stride: size.width * 3, colour };
                let region = region_of(self.region, size)?;
                self.shrink.run(format, region, self.network, pixels, &mut frame.pixels)?;
                (frame.size, frame.region) = (size, region);
                view(&mut self.view, self.pictures, format, region, pixels, frame)
            }
        }
    }
}

/// Fills the frame's picture, if somebody wants one.
fn view(
    lens: &mut Lens,
    pictures: Pictures,
    format: RawFormat,
    region: Rect,
    bytes: &[u8],
    frame: &mut Frame,
) -> Result<(), FrameError> {
    let size = ImageSize { height: region.height, width: region.width };
    let target = match pictures {
        Pictures::Dropped => return Ok(()),
        Pictures::Kept => size,
        Pictures::Shrunk(side) => shrunk(size, side),
    };
    let picture = frame.picture.take().filter(|picture| picture.size() == target);
    let mut picture = picture.unwrap_or_else(|| Picture::filled(target, [0; 3]));
    lens.run(format, region, target, bytes, picture.pixels_mut())?;
    frame.picture = Some(picture);
    Ok(())
}

/// A converter that is made anew when the format changes.
#[derive(Debug, Default)]
struct Lens(Option<(RawFormat, Rect, ImageSize, Converter)>);

impl Lens {
    fn run(
        &mut self,
        format: RawFormat,
        region: Rect,
        target: ImageSize,
        bytes: &[u8],
        pixels: &mut [u8],
    ) -> Result<(), ConvertError> {
        let fits = |lens: &(RawFormat, Rect, ImageSize, _)| (lens.0, lens.1, lens.2) == (format, region, target);
        let lens = match self.0.take().filter(fits) {
            Some(lens) => lens,
            None => (format, region, target, Converter::new(format, region, target)?),
        };
        self.0.insert(lens).3.run(bytes, pixels)
    }
}

fn whole(size: ImageSize) -> Rect {
    Rect { x: 0, y: 0, width: size.width, height: size.height }
}

/// The part of a frame of that size that was asked for.
fn region_of(region: Option<Rect>, size: ImageSize) -> Result<Rect, FrameError> {
    let Some(region) = region else { return Ok(whole(size)) };
    if lies_in(region, size) { Ok(region) } else { Err(FrameError::Region { region, size }) }
}

/// Whether a region is part of a frame of that size.
pub(super) fn lies_in(region: Rect, size: ImageSize) -> bool {
    let fits = |start: usize, length: usize, whole: usize| start.checked_add(length).is_some_and(|end| end <= whole);
    fits(region.x, region.width, size.width) && fits(region.y, region.height, size.height)
}

/// `size` with no side longer than `side`, in the same proportions.
fn shrunk(size: ImageSize, side: usize) -> ImageSize {
    let longer = size.height.max(size.width).max(1);
    if longer <= side {
        return size;
    }
    let scaled = |pixels: usize| ((pixels * side + longer / 2) / longer).max(1);
    ImageSize { height: scaled(size.height), width: scaled(size.width) }
}

/// What a panic said.
pub(super) fn words(panic: &(dyn Any + Send)) -> String {
    panicked::words(panic).unwrap_or("no message").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_lies_in_a_frame_or_it_does_not() {
        let size = ImageSize { height: 10, width: 20 };
        let rect = |x, y, width, height| Rect { x, y, width, height };
        assert!(lies_in(rect(0, 0, 20, 10), size) && lies_in(rect(19, 9, 1, 1), size));
        for outside in [rect(1, 0, 20, 10), rect(0, 1, 20, 10), rect(20, 0, 1, 1), rect(usize::MAX, 0, 2, 2)] {
            assert!(!lies_in(outside, size), "{outside:?}");
        }
    }

    #[test]
    fn a_view_keeps_its_proportions() {
        let size = |height, width| ImageSize { height, width };
        assert_eq!(shrunk(size(720, 1280), 640), size(360, 640));
        assert_eq!(shrunk(size(100, 200), 640), size(100, 200));
        assert_eq!(shrunk(size(1, 5000), 640), size(1, 640));
    }
}
