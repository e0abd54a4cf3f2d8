//! Pixels of cameras as red, green and blue, written down as the standards have it and in no hurry: the judge of the fast
//! conversion.
//!
//! Layouts: Linux, `Documentation/userspace-api/media/v4l/pixfmt.rst`. Colours: ITU-R BT.601 and BT.709, as the same
//! documentation's `colorspaces-details.rst` quotes them. A chroma sample counts for all the pixels that share it.

use serde::Deserialize;

/// How a frame's bytes are to be read.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Layout {
    /// Video4Linux's four characters, without spaces.
    pub(crate) format: String,
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Bytes from one row of the first plane to the next.
    pub(crate) stride: usize,
    /// `601` or `709`.
    pub(crate) matrix: u32,
    /// `limited` or `full`.
    pub(crate) range: String,
}

impl Layout {
    /// The whole frame, 3 bytes a pixel.
    ///
    /// # Panics
    /// When the frame is too short, or the format is not known here.
    pub(crate) fn convert(&self, frame: &[u8]) -> image::RgbImage {
        image::RgbImage::from_fn(self.width as u32, self.height as u32, |x, y| {
            image::Rgb(self.pixel(frame, x as usize, y as usize))
        })
    }

    fn pixel(&self, frame: &[u8], x: usize, y: usize) -> [u8; 3] {
        let row = y * self.stride;
        let plane = self.stride * self.height;
        match self.format.as_str() {
            "RGB3" => [0, 1, 2].map(|channel| frame[row + 3 * x + channel]),
            "BGR3" => [2, 1, 0].map(|channel| frame[row + 3 * x + channel]),
            "YUYV" => self.rgb(frame[row + 2 * x], frame[row + x / 2 * 4 + 1], frame[row + x / 2 * 4 + 3]),
            "UYVY" => self.rgb(frame[row + 2 * x + 1], frame[row + x / 2 * 4], frame[row + x / 2 * 4 + 2]),
            "NV12" => {
                let pair = plane + y / 2 * self.stride + x / 2 * 2;
                self.rgb(frame[row + x], frame[pair], frame[pair + 1])
            }
            "YU12" => {
                let half = self.stride / 2;
                let sample = plane + y / 2 * half + x / 2;
                self.rgb(frame[row + x], frame[sample], frame[sample + half * self.height.div_ceil(2)])
            }
            "GREY" => self.rgb(frame[row + x], 128, 128),
            // Little-endian: the upper byte is the second one.
            "Y16" => self.rgb(frame[row + 2 * x + 1], 128, 128),
            other => panic!("no layout is known for {other}"),
        }
    }

    /// One pixel by the standards' formula.
    pub(crate) fn rgb(&self, y: u8, cb: u8, cr: u8) -> [u8; 3] {
        self.exact(y, cb, cr).map(|value| value.round().clamp(0.0, 255.0) as u8)
    }

    /// The same before it is rounded, on the scale from 0 to 255.
    pub(crate) fn exact(&self, y: u8, cb: u8, cr: u8) -> [f64; 3] {
        let (red, blue) = match self.matrix {
            601 => (0.299, 0.114),
            709 => (0.2126, 0.0722),
            other => panic!("no matrix is known for BT.{other}"),
        };
        let (black, luma, chroma) = match self.range.as_str() {
            "limited" => (16.0, 219.0, 224.0),
            "full" => (0.0, 255.0, 255.0),
            other => panic!("no range is known as {other}"),
        };
        let y = (f64::from(y) - black) / luma;
        let (cb, cr) = ((f64::from(cb) - 128.0) / chroma, (f64::from(cr) - 128.0) / chroma);
        let r = y + 2.0 * (1.0 - red) * cr;
        let b = y + 2.0 * (1.0 - blue) * cb;
        let g = (y - red * r - blue * b) / (1.0 - red - blue);
        [r, g, b].map(|value| 255.0 * value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(matrix: u32, range: &str) -> Layout {
        Layout { format: "YUYV".into(), width: 2, height: 1, stride: 4, matrix, range: range.into() }
    }

    /// The 100 % colour bars of BT.601 and BT.709 in 8 bits (ITU-R BT.801; SMPTE RP 219).
    #[test]
    fn colour_bars_are_the_published_ones() {
        for (matrix, [y, cb, cr], rgb) in [
            (601, [235, 128, 128], [255, 255, 255]),
            (601, [210, 16, 146], [255, 255, 0]),
            (601, [81, 90, 240], [255, 0, 0]),
            (601, [41, 240, 110], [0, 0, 255]),
            (709, [219, 16, 138], [255, 255, 0]),
            (709, [63, 102, 240], [255, 0, 0]),
            (709, [32, 240, 118], [0, 0, 255]),
        ] {
            let found = layout(matrix, "limited").rgb(y, cb, cr);
            let is_near = found.iter().zip(rgb).all(|(&found, expected)| found.abs_diff(expected) <= 2);
            assert!(is_near, "BT.{matrix} {y} {cb} {cr}: {found:?}, expected {rgb:?}");
        }
        assert_eq!(layout(601, "full").rgb(200, 128, 128), [200, 200, 200]);
    }

    #[test]
    fn a_pair_of_pixels_shares_its_chroma() {
        let picture = layout(601, "limited").convert(&[235, 128, 16, 128]);
        assert_eq!(picture.into_raw(), [255, 255, 255, 0, 0, 0]);
    }
}
