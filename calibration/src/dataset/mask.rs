//! Masks: where a picture is defective.

use std::path::Path;

use moead_model::architecture::ImageSize;
use moead_runtime::preprocess::decode::{self, DecodeError, Undecoded};

/// Why a mask cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("mask: {0}")]
pub struct MaskError(#[from] DecodeError);

/// A mask as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    /// Of the file. Whoever reads the mask judges whether it fits the picture.
    pub size: ImageSize,
    /// Row-major; 255 is defective, 0 is not.
    pub pixels: Vec<u8>,
}

impl Mask {
    /// Reads a mask: a pixel is defective when any of its colours is above 0. An alpha channel means nothing.
    ///
    /// # Errors
    /// [`MaskError`]
    pub fn read(path: &Path) -> Result<Self, MaskError> {
        let bytes = decode::bytes_of(path)?;
        let decoded = Undecoded::of(&bytes)?.image()?;
        let size = ImageSize { height: decoded.height() as usize, width: decoded.width() as usize };
        let channels = decoded.color().channel_count();
        let colours = usize::from(channels - u8::from(decoded.color().has_alpha()));
        let width = usize::from(decoded.color().bytes_per_pixel());
        // A value above 0 has a byte above 0, whatever its type; floats below 0 do not occur in what is decoded here.
        let bytes =
            decoded.as_bytes().chunks_exact(width).map(|pixel| &pixel[..colours * width / usize::from(channels)]);
        let pixels = bytes.map(|pixel| if pixel.iter().any(|byte| *byte > 0) { 255 } else { 0 }).collect();
        Ok(Self { size, pixels })
    }

    /// The mask in another size, by nearest neighbours as Pillow's `NEAREST` takes them: the source of pixel x is x + 1/2, times the
    /// ratio of sizes, rounded down. The ratio is added up along the axis, as Pillow does, so that both round alike.
    pub fn resized(&self, target: ImageSize) -> Vec<u8> {
        let rows = sources(self.size.height, target.height);
        let columns = sources(self.size.width, target.width);
        let row = |row: usize| &self.pixels[row * self.size.width..][..self.size.width];
        rows.into_iter().flat_map(|at| columns.iter().map(move |column| row(at)[*column])).collect()
    }
}

/// Where each of `target` places along an axis comes from.
fn sources(source: usize, target: usize) -> Vec<usize> {
    let ratio = source as f64 / target as f64;
    let mut place = ratio * 0.5;
    let step = |_| {
        let at = (place as usize).min(source - 1);
        place += ratio;
        at
    };
    (0..target).map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From Pillow 13: an image whose row is 0, 1, 2… resized with `NEAREST`; the sum of (position + 1) * value, modulo 1,000,003.
    #[test]
    fn nearest_neighbours_as_pillow_takes_them() {
        for (source, target, sum) in PILLOW {
            let found = sources(source, target);
            let checksum = found.iter().enumerate().map(|(at, value)| (at + 1) * value).sum::<usize>() % 1_000_003;
            assert_eq!(checksum, sum, "{source} -> {target}");
        }
    }

    const PILLOW: [(usize, usize, usize); 8] = [
        (900, 224, 89_435),
        (1024, 224, 169_920),
        (700, 224, 734_319),
        (840, 256, 387_290),
        (1000, 224, 768_480),
        (3, 224, 36_375),
        (224, 224, 746_391),
        (1562, 255, 939_613),
    ];

    #[test]
    fn any_colour_counts_and_alpha_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mask.png");
        let pixels = [[0, 0, 0, 255], [0, 1, 0, 255], [0, 0, 0, 0], [255, 255, 255, 0]];
        let image = image::RgbaImage::from_raw(2, 2, pixels.as_flattened().to_vec()).unwrap();
        image.save(&path).unwrap();
        let mask = Mask::read(&path).unwrap();
        assert_eq!(mask.pixels, [0, 255, 0, 255]);
        assert_eq!(mask.resized(ImageSize { height: 1, width: 4 }), [0, 0, 255, 255]);
        let wide = image::ImageBuffer::<image::Luma<u16>, _>::from_raw(2, 1, vec![256_u16, 0]).unwrap();
        wide.save(&path).unwrap();
        assert_eq!(Mask::read(&path).unwrap().pixels, [255, 0]);
    }

    #[test]
    fn what_is_no_picture_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mask.png");
        assert!(matches!(Mask::read(&path), Err(MaskError(DecodeError::Read(_)))));
        std::fs::write(&path, "not a picture").unwrap();
        assert!(matches!(Mask::read(&path), Err(MaskError(DecodeError::Unrecognised { .. }))));
    }

    /// What a decoder paints in place of what is missing would count as defective.
    #[test]
    fn a_cut_mask_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mask.jpg");
        image::GrayImage::from_pixel(64, 64, image::Luma([0])).save(&path).unwrap();
        assert!(Mask::read(&path).is_ok());
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 10]).unwrap();
        let error = Mask::read(&path).unwrap_err();
        assert_eq!(error.to_string(), "mask: broken JPEG: the file is cut short");
    }
}
