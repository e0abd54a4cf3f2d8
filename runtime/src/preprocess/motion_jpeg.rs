//! One frame of a camera's Motion JPEG to red, green, blue.
//!
//! * Frames without Huffman tables, as many cameras send them, get the standard's ([`tables`]).
//! * What follows the end of the image does not count: drivers hand out whole buffers. A missing end marker alone is no
//!   fault.
//! * A frame that is cut short is an error, also when somebody closed it with an end marker or filled it up with zeros: the
//!   decoder gets the data without the end marker, so it has to find the last block before that. With restart markers, each
//!   must be there and in its turn.
//! * Bytes that are spoilt in between and still mean something cannot be told from a picture.
//! * Grey is repeated. Four inks (CMYK) are refused: no camera sends them.
//!
//! What decoding costs in memory, beside the pixels, is the decoder's own and is given back after each frame. It promises
//! not to panic; whoever decodes foreign bytes in a stream should catch that all the same.

mod header;
mod tables;

use moead_model::architecture::ImageSize;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::decode::one_line;
use super::limits;
use super::whole::Fault;
use header::Header;

/// Why there are no pixels. Every message is one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MotionJpegError {
    /// It does not begin as a JPEG does.
    #[error("not a JPEG")]
    Unrecognised,
    /// The data stops before the picture does.
    #[error("the frame is cut short")]
    CutShort,
    /// Beyond [`limits::SIDE`] or [`limits::PIXELS`].
    #[error("a frame of {0} is too large: at most {side} pixels a side and {all} in all", side = limits::SIDE, all = limits::PIXELS)]
    TooLarge(ImageSize),
    /// A kind of JPEG that is not decoded.
    #[error("a JPEG of a kind that is not supported: {0}")]
    Unsupported(&'static str),
    /// Against the rules of the format.
    #[error("broken JPEG: {0}")]
    Broken(String),
}

impl From<Fault> for MotionJpegError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::CutShort | Fault::Empty => Self::CutShort,
            fault => Self::Broken(fault.to_string()),
        }
    }
}

/// What no picture's row looks like.
const UNTOUCHED: [u8; 12] = [255, 0, 131, 0, 255, 17, 251, 3, 0, 248, 255, 96];

/// Decodes frame after frame into the same memory.
#[derive(Debug, Clone, Default)]
pub struct MotionJpeg {
    /// A frame with tables, when it came without.
    completed: Vec<u8>,
    pixels: Vec<u8>,
}

impl MotionJpeg {
    /// Decodes a frame to its size and height x width x 3 bytes of red, green, blue.
    ///
    /// # Errors
    /// [`MotionJpegError`].
    pub fn decode(&mut self, bytes: &[u8]) -> Result<(ImageSize, &[u8]), MotionJpegError> {
        if bytes.len() as u64 > limits::FILE_BYTES {
            return Err(MotionJpegError::Broken(format!("{} bytes, at most {}", bytes.len(), limits::FILE_BYTES)));
        }
        let header = Header::read(bytes)?;
        let data = &bytes[..header.end];
        let data = if header.tables {
            data
        } else {
            self.completed.clear();
            let (start, rest) = data.split_at(2);
            [start, &tables::SEGMENT, rest].into_iter().for_each(|part| self.completed.extend_from_slice(part));
            &self.completed
        };
        let size = header.size;
        let options = DecoderOptions::default()
            .set_strict_mode(true)
            .set_max_width(limits::SIDE as usize)
            .set_max_height(limits::SIDE as usize)
            .jpeg_set_max_scans(limits::JPEG_SCANS)
            .jpeg_set_out_colorspace(if header.grey { ColorSpace::Luma } else { ColorSpace::RGB });
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(data), options);
        decoder.decode_headers().map_err(|error| failure(&error))?;
        let count = size.height * size.width;
        let place = if header.grey { 2 * count..3 * count } else { 0..3 * count };
        // Someone else's header would be another size, or grey against expectation.
        if decoder.output_buffer_size() != Some(place.len()) {
            return Err(MotionJpegError::Broken("two headers that contradict each other".to_owned()));
        }
        self.pixels.resize(3 * count, 0);
        let pixels = &mut self.pixels[place];
        // The memory holds the frame before. The decoder goes from the top down, so the last row tells whether it came to
        // the end.
        let length = pixels.len();
        let last = &mut pixels[length - length / size.height..];
        last.iter_mut().zip(UNTOUCHED.iter().cycle()).for_each(|(byte, &mark)| *byte = mark);
        decoder.decode_into(pixels).map_err(|error| failure(&error))?;
        let last = &pixels[length - length / size.height..];
        if last.len() >= UNTOUCHED.len() && last.iter().zip(UNTOUCHED.iter().cycle()).all(|(byte, mark)| byte == mark) {
            return Err(MotionJpegError::CutShort);
        }
        if header.grey {
            // The pixels lie in the last third; what is written stays behind what is read.
            for at in 0..count {
                let luminance = self.pixels[2 * count + at];
                self.pixels[3 * at..3 * at + 3].fill(luminance);
            }
        }
        Ok((size, &self.pixels))
    }
}

fn failure(error: &DecodeErrors) -> MotionJpegError {
    match error {
        DecodeErrors::ExhaustedData | DecodeErrors::IoErrors(_) => MotionJpegError::CutShort,
        DecodeErrors::FormatStatic("Premature end of buffer") => MotionJpegError::CutShort,
        error => MotionJpegError::Broken(one_line(&error.to_string())),
    }
}
