//! One frame of a camera's Motion JPEG to red, green, blue.
//!
//! * Frames without Huffman tables, as many cameras send them, get the standard's.
//! * What follows the end of the image does not count: drivers hand out whole buffers. A missing end marker alone is no
//!   fault.
//! * A frame that is cut short is an error, also when somebody closed it with an end marker or filled it up with zeros. For
//!   that, the data is followed by ones: no code consists of ones alone (ISO/IEC 10918-1, C.2), so a decoder that needs more
//!   than there is fails. By itself it would go on with zeros. With restart markers, each must be there and in its turn.
//! * Bytes that are spoilt in between and still mean something cannot be told from a picture.
//! * Grey is repeated. One scan of sequential coding, as all cameras send; progressive pictures and four inks are refused.
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
use super::markers::END_OF_IMAGE;
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

/// Sixteen ones for a code, as many for its number, and for the code before them; each 0xff is followed by a 0 that does not
/// count. Then the end.
const TAIL: [u8; 34] = {
    let mut bytes = [0; 34];
    let mut at = 0;
    while at < 34 {
        bytes[at] = 0xff;
        at += 2;
    }
    bytes[33] = END_OF_IMAGE;
    bytes
};

/// Decodes frame after frame into the same memory.
#[derive(Debug, Clone, Default)]
pub struct MotionJpeg {
    /// A frame with tables and with its tail.
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
        let (start, data) = bytes[..header.end].split_at(2);
        let tables: &[u8] = if header.tables { &[] } else { &tables::SEGMENT };
        self.completed.clear();
        for part in [start, tables, data, &TAIL] {
            self.completed.extend_from_slice(part);
        }
        let size = header.size;
        let options = DecoderOptions::default()
            .set_strict_mode(true)
            .set_max_width(limits::SIDE as usize)
            .set_max_height(limits::SIDE as usize)
            .jpeg_set_out_colorspace(if header.grey { ColorSpace::Luma } else { ColorSpace::RGB });
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&self.completed), options);
        decoder.decode_headers().map_err(|error| failure(&error))?;
        let count = size.height * size.width;
        // Grey goes into the last third.
        let place = if header.grey { 2 * count..3 * count } else { 0..3 * count };
        if decoder.output_buffer_size() != Some(place.len()) {
            return Err(MotionJpegError::Broken("the decoder sees another size".to_owned()));
        }
        self.pixels.resize(3 * count, 0);
        decoder.decode_into(&mut self.pixels[place]).map_err(|error| failure(&error))?;
        if header.grey {
            // What is written stays behind what is read.
            for at in 0..count {
                let luminance = self.pixels[2 * count + at];
                self.pixels[3 * at..3 * at + 3].fill(luminance);
            }
        }
        Ok((size, &self.pixels))
    }
}

fn failure(error: &DecodeErrors) -> MotionJpegError {
    let message = match error {
        DecodeErrors::ExhaustedData | DecodeErrors::IoErrors(_) => return MotionJpegError::CutShort,
        DecodeErrors::Format(message) => message.as_str(),
        error => &error.to_string(),
    };
    // The ones of the tail.
    if message.starts_with("Bad Huffman Code 0xFFFF") {
        return MotionJpegError::CutShort;
    }
    MotionJpegError::Broken(one_line(message))
}
