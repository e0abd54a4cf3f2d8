//! The pixel formats that are read, among those that cameras offer.

use std::fmt;

use super::node::FourCc;
use crate::preprocess::raw::PixelFormat;

/// How a camera's frames are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// As plain pixels.
    Raw(PixelFormat),
    /// As JPEG pictures.
    Jpeg,
}

impl Encoding {
    /// Those that are read, the one first that is preferred among equals: colour in 4:2:2 before 4:2:0, and what sensors
    /// deliver before what drivers make of it.
    pub const ALL: [Self; 9] = [
        Self::Raw(PixelFormat::Yuyv),
        Self::Raw(PixelFormat::Uyvy),
        Self::Raw(PixelFormat::Nv12),
        Self::Raw(PixelFormat::Yu12),
        Self::Raw(PixelFormat::Rgb3),
        Self::Raw(PixelFormat::Bgr3),
        Self::Raw(PixelFormat::Grey),
        Self::Raw(PixelFormat::Y16),
        Self::Jpeg,
    ];

    /// What a driver's code stands for. None: it is not read.
    pub fn of(format: FourCc) -> Option<Self> {
        match &format.0 {
            // The same to a decoder; drivers of network cameras say JPEG.
            b"JPEG" => Some(Self::Jpeg),
            code => Self::ALL.into_iter().find(|encoding| encoding.format().0 == *code),
        }
    }

    /// Reads a name as users write it, upper or lower case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|encoding| encoding.name().eq_ignore_ascii_case(text.trim_end()))
    }

    /// As users write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "MJPG",
            Self::Raw(PixelFormat::Yuyv) => "YUYV",
            Self::Raw(PixelFormat::Uyvy) => "UYVY",
            Self::Raw(PixelFormat::Nv12) => "NV12",
            Self::Raw(PixelFormat::Yu12) => "YU12",
            Self::Raw(PixelFormat::Yuv422p) => "422P",
            Self::Raw(PixelFormat::Yuv444p) => "444P",
            Self::Raw(PixelFormat::Rgb3) => "RGB3",
            Self::Raw(PixelFormat::Bgr3) => "BGR3",
            Self::Raw(PixelFormat::Grey) => "GREY",
            Self::Raw(PixelFormat::Y16) => "Y16",
        }
    }

    /// The driver's code: the name, with blanks up to four characters.
    pub fn format(self) -> FourCc {
        let mut code = [b' '; 4];
        for (to, from) in code.iter_mut().zip(self.name().bytes()) {
            *to = from;
        }
        FourCc(code)
    }

    /// Whether frames are in colour.
    pub fn has_colour(self) -> bool {
        !matches!(self, Self::Raw(PixelFormat::Grey | PixelFormat::Y16))
    }

    /// Whether its samples are red, green and blue.
    pub fn is_rgb(self) -> bool {
        matches!(self, Self::Raw(PixelFormat::Rgb3 | PixelFormat::Bgr3))
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_is_found_by_its_code_and_by_its_name() {
        for encoding in Encoding::ALL {
            assert_eq!(Encoding::of(encoding.format()), Some(encoding));
            assert_eq!(Encoding::parse(&encoding.name().to_lowercase()), Some(encoding));
        }
        assert_eq!(Encoding::Raw(PixelFormat::Y16).format(), FourCc(*b"Y16 "));
        assert_eq!(Encoding::parse("Y16 "), Some(Encoding::Raw(PixelFormat::Y16)));
        assert_eq!(Encoding::of(FourCc(*b"JPEG")), Some(Encoding::Jpeg));
    }

    #[test]
    fn other_codes_are_not_read() {
        // Y16 in big-endian differs in one bit.
        for other in [*b"H264", *b"RG10", [b'Y', b'1', b'6', b' ' | 0x80], [0; 4]] {
            assert_eq!(Encoding::of(FourCc(other)), None);
        }
        assert_eq!(Encoding::parse("H264"), None);
    }
}
