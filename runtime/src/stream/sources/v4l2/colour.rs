//! What a driver's samples mean: V4L2's colour spaces, encodings and quantizations with their default rules (Linux,
//! `include/uapi/linux/videodev2.h`, `V4L2_MAP_YCBCR_ENC_DEFAULT` and `V4L2_MAP_QUANTIZATION_DEFAULT`).

use super::encoding::Encoding;
use super::node::Layout;
use crate::preprocess::raw::{ColourSpace, Matrix, Range};

/// `V4L2_COLORSPACE_…`
mod space {
    pub(super) const SMPTE240M: u32 = 2;
    pub(super) const REC709: u32 = 3;
    pub(super) const JPEG: u32 = 7;
    pub(super) const BT2020: u32 = 10;
    pub(super) const DCI_P3: u32 = 12;
}

/// `V4L2_YCBCR_ENC_…`
mod encoding {
    pub(super) const DEFAULT: u32 = 0;
    pub(super) const BT601: u32 = 1;
    pub(super) const BT709: u32 = 2;
    pub(super) const XV601: u32 = 3;
    pub(super) const XV709: u32 = 4;
    pub(super) const SYCC: u32 = 5;
    pub(super) const BT2020: u32 = 6;
    pub(super) const BT2020_CONSTANT: u32 = 7;
    pub(super) const SMPTE240M: u32 = 8;
}

/// `V4L2_QUANTIZATION_…`
mod quantization {
    pub(super) const FULL: u32 = 1;
    pub(super) const LIMITED: u32 = 2;
}

/// How samples are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Colours {
    pub(super) space: ColourSpace,
    /// Where that is not quite what the driver says, in words.
    pub(super) difference: Option<String>,
}

/// What the samples of that layout mean.
pub(super) fn colours(layout: &Layout, frames: Encoding) -> Colours {
    let is_rgb = frames.is_rgb();
    let asked = match layout.encoding {
        encoding::DEFAULT => default_encoding(layout.colour_space),
        known => known,
    };
    let (matrix, unread) = match asked {
        encoding::BT601 | encoding::XV601 | encoding::SYCC => (Matrix::Bt601, None),
        encoding::BT709 | encoding::XV709 => (Matrix::Bt709, None),
        // Their matrices lie nearer to BT.709's than to BT.601's.
        encoding::BT2020 | encoding::BT2020_CONSTANT => (Matrix::Bt709, Some("BT.2020".to_owned())),
        encoding::SMPTE240M => (Matrix::Bt709, Some("SMPTE 240M".to_owned())),
        other => (Matrix::Bt601, Some(format!("encoding {other}"))),
    };
    let range = match layout.quantization {
        quantization::FULL => Range::Full,
        quantization::LIMITED => Range::Limited,
        // The rules speak of YCbCr and RGB. Grey counts as the latter for the kernel's own `vivid`, and everywhere else too.
        _ if is_rgb || !frames.has_colour() || layout.colour_space == space::JPEG => Range::Full,
        _ => Range::Limited,
    };
    let difference = match unread {
        _ if is_rgb && range == Range::Limited => Some("RGB of limited range is read as full range".to_owned()),
        Some(name) if !is_rgb && frames.has_colour() => {
            let taken = if matrix == Matrix::Bt601 { "BT.601" } else { "BT.709" };
            Some(format!("colours of {name} are read as {taken}"))
        }
        _ => None,
    };
    Colours { space: ColourSpace { matrix, range }, difference }
}

/// `V4L2_MAP_YCBCR_ENC_DEFAULT`.
fn default_encoding(colour_space: u32) -> u32 {
    match colour_space {
        space::REC709 | space::DCI_P3 => encoding::BT709,
        space::BT2020 => encoding::BT2020,
        space::SMPTE240M => encoding::SMPTE240M,
        _ => encoding::BT601,
    }
}

#[cfg(test)]
mod tests {
    use moead_model::architecture::ImageSize;

    use super::*;
    use crate::preprocess::raw::PixelFormat;

    const YUYV: Encoding = Encoding::Raw(PixelFormat::Yuyv);
    const RGB: Encoding = Encoding::Raw(PixelFormat::Rgb3);

    fn read(frames: Encoding, numbers: (u32, u32, u32)) -> Colours {
        let (colour_space, encoding, quantization) = numbers;
        let size = ImageSize { height: 2, width: 2 };
        let layout = Layout {
            format: frames.format(),
            size,
            field: 1,
            stride: 4,
            bytes: 8,
            colour_space,
            encoding,
            quantization,
        };
        colours(&layout, frames)
    }

    #[test]
    fn defaults_follow_the_colour_space() {
        // Colour space, and what the kernel's macros make of defaults for YCbCr.
        for (colour_space, matrix, range) in [
            (0, Matrix::Bt601, Range::Limited),  // default
            (1, Matrix::Bt601, Range::Limited),  // SMPTE 170M
            (3, Matrix::Bt709, Range::Limited),  // Rec. 709
            (5, Matrix::Bt601, Range::Limited),  // 470 System M
            (6, Matrix::Bt601, Range::Limited),  // 470 System BG
            (7, Matrix::Bt601, Range::Full),     // JPEG
            (8, Matrix::Bt601, Range::Limited),  // sRGB: what webcams say
            (9, Matrix::Bt601, Range::Limited),  // opRGB
            (11, Matrix::Bt601, Range::Limited), // raw
            (12, Matrix::Bt709, Range::Limited), // DCI-P3
        ] {
            let expected = Colours { space: ColourSpace { matrix, range }, difference: None };
            assert_eq!(read(YUYV, (colour_space, 0, 0)), expected, "{colour_space}");
        }
    }

    #[test]
    fn what_the_driver_says_goes_before_the_defaults() {
        let space = |matrix, range| Colours { space: ColourSpace { matrix, range }, difference: None };
        assert_eq!(read(YUYV, (8, 2, 1)), space(Matrix::Bt709, Range::Full));
        assert_eq!(read(YUYV, (3, 1, 2)), space(Matrix::Bt601, Range::Limited));
        assert_eq!(read(YUYV, (7, 0, 2)), space(Matrix::Bt601, Range::Limited));
        assert_eq!(read(RGB, (8, 0, 0)), space(Matrix::Bt601, Range::Full));
    }

    /// As `vivid` draws it: black is 0 in GREY, and 16 in YUYV.
    #[test]
    fn grey_has_the_full_range_unless_the_driver_says_otherwise() {
        let range = |pixels, quantization| read(Encoding::Raw(pixels), (8, 0, quantization)).space.range;
        for pixels in [PixelFormat::Grey, PixelFormat::Y16] {
            assert_eq!([0, 1, 2].map(|number| range(pixels, number)), [Range::Full, Range::Full, Range::Limited]);
        }
    }

    #[test]
    fn what_cannot_be_read_exactly_is_said() {
        let words = |frames, numbers| read(frames, numbers).difference;
        assert_eq!(words(YUYV, (10, 0, 0)).as_deref(), Some("colours of BT.2020 are read as BT.709"));
        assert_eq!(words(YUYV, (2, 0, 0)).as_deref(), Some("colours of SMPTE 240M are read as BT.709"));
        assert_eq!(words(YUYV, (8, 99, 0)).as_deref(), Some("colours of encoding 99 are read as BT.601"));
        assert_eq!(words(RGB, (8, 0, 2)).as_deref(), Some("RGB of limited range is read as full range"));
        // Grey has no colours to get wrong.
        assert_eq!(words(Encoding::Raw(PixelFormat::Grey), (10, 0, 0)), None);
    }
}
