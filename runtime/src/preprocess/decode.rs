//! A file's bytes to 8-bit red, green, blue.
//!
//! * The format is recognised from the content; the name does not count. PNG, JPEG, BMP, TIFF, WebP.
//! * The orientation that EXIF (in TIFF: the tag) states is applied, as OpenCV's `imread` does and Pillow does not.
//! * Grey is repeated. Alpha is dropped, not blended: what the colours are under transparent pixels counts.
//! * Of 16 bits the upper 8 are kept, as OpenCV does, and Pillow for colour; Pillow clips 16-bit grey (`I;16`) to 255.
//! * Floats are refused: nothing says what white is. So are whole numbers of 32 bits, and TIFFs with palettes or YCbCr (as most colour
//!   TIFFs with JPEG inside have it), which the decoder does not know.
//! * CMYK is converted by the plain formula (1 - ink) (1 - black), without a colour profile. Profiles never count.
//! * Of several pictures in one file, the first counts.
//! * JPEG differs between decoders; the published models saw libjpeg's. On photos: at most 5 levels, 0.01 on average and
//!   0.3 where chroma is stored at half size; there the last column may differ by more, where colours change at the edge.
//!
//! A file that is cut short is an error, never a picture with a filled-up rest. The decoders promise not to panic on
//! hostile bytes; should one do so all the same, the stream that called it catches that, and it costs one picture.

use std::fmt::{self, Write as _};
use std::fs::{self, File};
use std::io::{self, Cursor, Read as _};
use std::path::Path;

use image::error::{ImageError, UnsupportedErrorKind};
use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ExtendedColorType, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage};
use moead_model::architecture::ImageSize;

use super::picture::Picture;
use super::{limits, whole};

/// The formats of pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Portable Network Graphics.
    Png,
    /// JPEG, baseline or progressive.
    Jpeg,
    /// Windows bitmaps.
    Bmp,
    /// Tagged Image File Format.
    Tiff,
    /// WebP, lossy or lossless.
    WebP,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::Bmp => "BMP",
            Self::Tiff => "TIFF",
            Self::WebP => "WebP",
        })
    }
}

/// Why there is no picture. Every message is one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// No format of [`Format`].
    #[error("not a PNG, JPEG, BMP, TIFF or WebP: {}", if first_bytes.is_empty() { "empty" } else { first_bytes })]
    Unrecognised {
        /// `begins with` and at most [`limits::SHOWN_BYTES`] bytes in hexadecimal; nothing when there are none.
        first_bytes: String,
    },
    /// A kind of that format which is not decoded.
    #[error("{format} of a kind that is not supported: {what}")]
    Unsupported {
        /// As recognised.
        format: Format,
        /// The kind.
        what: String,
    },
    /// Beyond one of [`limits`].
    #[error("too large: {found} {what}, at most {limit}")]
    TooLarge {
        /// What was counted.
        what: &'static str,
        /// How much of it there is, or at least is asked for.
        found: u64,
        /// From [`limits`].
        limit: u64,
    },
    /// Decoding takes more than [`limits::DECODING_BYTES`].
    #[error("too large: decoding this {format} takes more than {limit} bytes")]
    Memory {
        /// As recognised.
        format: Format,
        /// Bytes.
        limit: u64,
    },
    /// Cut short, or against the rules of its format.
    #[error("broken {format}: {message}")]
    Broken {
        /// As recognised.
        format: Format,
        /// What the decoder found.
        message: String,
    },
}

/// Decodes the picture in a file.
///
/// # Errors
/// As [`bytes_of`] and [`decode`].
pub fn read(path: &Path) -> Result<Picture, DecodeError> {
    decode(&bytes_of(path)?)
}

/// The bytes of a picture's file.
///
/// # Errors
/// [`DecodeError::Read`], [`DecodeError::TooLarge`]. Folders, pipes and devices are refused: a pipe could block for ever.
pub fn bytes_of(path: &Path) -> Result<Vec<u8>, DecodeError> {
    let metadata = fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
    }
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file").into());
    }
    at_most("bytes", metadata.len(), limits::FILE_BYTES)?;
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
    // The file may have grown since.
    File::open(path)?.take(limits::FILE_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A picture of which nothing is decoded yet: its file is there to its end, and its header keeps the [`limits`].
pub struct Undecoded<'a> {
    format: Format,
    decoder: Box<dyn ImageDecoder + 'a>,
}

impl<'a> Undecoded<'a> {
    /// # Errors
    /// [`DecodeError`], never [`DecodeError::Read`].
    pub fn of(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        at_most("bytes", bytes.len() as u64, limits::FILE_BYTES)?;
        let (format, image_format) = recognise(bytes)?;
        let whole = match format {
            Format::Jpeg => whole::jpeg(bytes),
            Format::WebP => whole::webp(bytes),
            Format::Tiff => whole::tiff(bytes),
            Format::Png | Format::Bmp => Ok(()),
        };
        whole.map_err(|fault| DecodeError::Broken { format, message: fault.to_string() })?;
        let mut reader = ImageReader::with_format(Cursor::new(bytes), image_format);
        let mut decoding = Limits::no_limits();
        decoding.max_alloc = Some(limits::DECODING_BYTES);
        reader.limits(decoding);
        // So far only the header is read.
        let decoder = reader.into_decoder().map_err(|error| failure(format, &error))?;
        let (width, height) = decoder.dimensions();
        at_most("pixels wide", width.into(), limits::SIDE.into())?;
        at_most("pixels high", height.into(), limits::SIDE.into())?;
        at_most("pixels", u64::from(width) * u64::from(height), limits::PIXELS)?;
        at_most("bytes of pixels", decoder.total_bytes(), limits::DECODING_BYTES)?;
        if width == 0 || height == 0 {
            return Err(DecodeError::Broken { format, message: "no pixels".to_owned() });
        }
        Ok(Self { format, decoder: Box::new(decoder) })
    }

    /// The pixels as the file has them: of its own type, and not turned.
    ///
    /// # Errors
    /// [`DecodeError`], never [`DecodeError::Read`].
    pub fn image(self) -> Result<DynamicImage, DecodeError> {
        DynamicImage::from_decoder(self.decoder).map_err(|error| failure(self.format, &error))
    }
}

/// Decodes a picture from the bytes of its file.
///
/// # Errors
/// [`DecodeError`], never [`DecodeError::Read`].
pub fn decode(bytes: &[u8]) -> Result<Picture, DecodeError> {
    let Undecoded { format, mut decoder } = Undecoded::of(bytes)?;
    let failed = |error| failure(format, &error);
    let (width, height) = decoder.dimensions();
    let colour = decoder.color_type();
    let Some(layout) = Layout::of(colour) else {
        return Err(DecodeError::Unsupported { format, what: "floats as pixels".to_owned() });
    };
    let orientation = decoder.orientation().map_err(failed)?;
    // Fits: it was compared with a limit far below.
    let mut decoded = vec![0; decoder.total_bytes() as usize];
    decoder.read_image(&mut decoded).map_err(failed)?;
    upright(layout.rgb(decoded), width, height, orientation)
        .ok_or_else(|| DecodeError::Broken { format, message: "fewer pixels than the header says".to_owned() })
}

fn at_most(what: &'static str, found: u64, limit: u64) -> Result<(), DecodeError> {
    if found > limit { Err(DecodeError::TooLarge { what, found, limit }) } else { Ok(()) }
}

fn recognise(bytes: &[u8]) -> Result<(Format, ImageFormat), DecodeError> {
    let guessed = image::guess_format(bytes).ok();
    let format = match guessed {
        Some(ImageFormat::Png) => Some(Format::Png),
        Some(ImageFormat::Jpeg) => Some(Format::Jpeg),
        Some(ImageFormat::Bmp) => Some(Format::Bmp),
        Some(ImageFormat::Tiff) => Some(Format::Tiff),
        Some(ImageFormat::WebP) => Some(Format::WebP),
        _ => None,
    };
    format.zip(guessed).ok_or_else(|| {
        let mut first_bytes = String::new();
        for (at, byte) in bytes.iter().take(limits::SHOWN_BYTES).enumerate() {
            // Writing to a string cannot fail.
            let _ = write!(first_bytes, "{}{byte:02x}", if at == 0 { "begins with " } else { " " });
        }
        DecodeError::Unrecognised { first_bytes }
    })
}

fn failure(format: Format, error: &ImageError) -> DecodeError {
    match error {
        ImageError::Limits(_) => DecodeError::Memory { format, limit: limits::DECODING_BYTES },
        ImageError::Unsupported(unsupported) => DecodeError::Unsupported {
            format,
            what: match unsupported.kind() {
                UnsupportedErrorKind::Color(ExtendedColorType::Unknown(bits @ 32..)) => {
                    format!("{bits} bits a pixel, as floats and long numbers have")
                }
                UnsupportedErrorKind::Color(ExtendedColorType::Unknown(bits)) => {
                    format!("colours as YCbCr or a palette, or another arrangement of {bits} bits a pixel")
                }
                UnsupportedErrorKind::Color(colour) => format!("pixels of type {colour:?}"),
                UnsupportedErrorKind::GenericFeature(feature) => one_line(&feature),
                _ => one_line(&unsupported.to_string()),
            },
        },
        ImageError::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            DecodeError::Broken { format, message: whole::Fault::CutShort.to_string() }
        }
        error => DecodeError::Broken { format, message: one_line(&error.to_string()) },
    }
}

pub(super) fn one_line(message: &str) -> String {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(limits::MESSAGE_CHARACTERS).collect()
}

/// How a decoder lays out a pixel: channels of one or two bytes each.
#[derive(Debug, Clone, Copy)]
struct Layout {
    channels: usize,
    bytes: usize,
}

impl Layout {
    fn of(colour: ColorType) -> Option<Self> {
        let (channels, bytes) = match colour {
            ColorType::L8 => (1, 1),
            ColorType::La8 => (2, 1),
            ColorType::Rgb8 => (3, 1),
            ColorType::Rgba8 => (4, 1),
            ColorType::L16 => (1, 2),
            ColorType::La16 => (2, 2),
            ColorType::Rgb16 => (3, 2),
            ColorType::Rgba16 => (4, 2),
            _ => return None,
        };
        Some(Self { channels, bytes })
    }

    /// Grey repeated, alpha dropped, the upper byte of two.
    fn rgb(self, decoded: Vec<u8>) -> Vec<u8> {
        if (self.channels, self.bytes) == (3, 1) {
            return decoded;
        }
        // Two bytes come in the machine's own order.
        let upper = if cfg!(target_endian = "little") { self.bytes - 1 } else { 0 };
        let [green, blue] = if self.channels < 3 { [0, 0] } else { [1, 2] };
        let places = [0, green, blue].map(|channel| channel * self.bytes + upper);
        let pixels = decoded.chunks_exact(self.channels * self.bytes);
        pixels.flat_map(|pixel| places.map(|place| pixel[place])).collect()
    }
}

fn upright(pixels: Vec<u8>, width: u32, height: u32, orientation: Orientation) -> Option<Picture> {
    let mut image = DynamicImage::ImageRgb8(RgbImage::from_raw(width, height, pixels)?);
    image.apply_orientation(orientation);
    let size = ImageSize { height: image.height() as usize, width: image.width() as usize };
    Picture::new(size, image.into_rgb8().into_raw()).ok()
}
