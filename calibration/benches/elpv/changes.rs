//! What happens to a camera, done to a picture as the camera delivers it.

use std::fmt;

use image::RgbImage;
use image::imageops;
use moead_runtime::preprocess::picture::Picture;

/// One change.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change {
    None,
    /// All values times this.
    Brightness(f32),
    /// By a Gaussian of so many pixels.
    Blur(f32),
    /// To the right, by so many pixels; the edge is repeated.
    Shift(usize),
}

pub(crate) const CHANGES: [Change; 11] = [
    Change::None,
    Change::Brightness(0.98),
    Change::Brightness(0.95),
    Change::Brightness(0.9),
    Change::Brightness(0.8),
    Change::Blur(0.5),
    Change::Blur(1.0),
    Change::Blur(2.0),
    Change::Shift(2),
    Change::Shift(5),
    Change::Shift(10),
];

impl Change {
    pub(crate) fn applied(self, mut picture: Picture) -> Picture {
        let size = picture.size();
        match self {
            Self::None => {}
            Self::Brightness(factor) => {
                picture.pixels_mut().iter_mut().for_each(|value| *value = (f32::from(*value) * factor).round() as u8);
            }
            Self::Blur(sigma) => {
                let (width, height) = (size.width as u32, size.height as u32);
                let image = RgbImage::from_raw(width, height, picture.into_pixels()).expect("pixels fill the picture");
                let blurred = imageops::blur(&image, sigma).into_raw();
                return Picture::new(size, blurred).expect("as many pixels");
            }
            Self::Shift(pixels) => {
                for row in picture.pixels_mut().chunks_exact_mut(3 * size.width) {
                    row.copy_within(..3 * (size.width - pixels), 3 * pixels);
                    let edge = [row[0], row[1], row[2]];
                    row[..3 * pixels].chunks_exact_mut(3).for_each(|pixel| pixel.copy_from_slice(&edge));
                }
            }
        }
        picture
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Brightness(factor) => write!(f, "brightness x {factor}"),
            Self::Blur(sigma) => write!(f, "blur, sigma {sigma}"),
            Self::Shift(pixels) => write!(f, "shift, {pixels} px"),
        }
    }
}
