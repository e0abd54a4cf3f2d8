//! Bytes to the network's input: from 0..=255 to floats around 0, from pixels to planes.
//!
//! The same operations in the same order as torchvision's `ToTensor` and `Normalize` (divide by 255, subtract the mean,
//! divide by the deviation, each rounded to 32 bits), so the result is equal in every bit.

use moead_model::architecture::Normalization;

/// Planes that do not have room for exactly the pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("planes for {pixels} bytes of pixels: expected that many floats in three planes, found {planes}")]
pub struct NormalizeError {
    /// Bytes given.
    pub pixels: usize,
    /// Floats given.
    pub planes: usize,
}

/// Normalises a picture of H x W x 3 bytes into 3 x H x W floats. Bytes after the last whole pixel are ignored.
pub fn normalize(pixels: &[u8], normalization: Normalization) -> Vec<f32> {
    let mut planes = vec![0.0; pixels.len() / 3 * 3];
    fill(pixels, normalization, &mut planes);
    planes
}

/// Normalises a picture of H x W x 3 bytes into 3 x H x W floats that exist already; takes no memory.
///
/// # Errors
/// [`NormalizeError`] when there are not as many floats as bytes, or the bytes are no whole pixels.
pub fn normalize_into(pixels: &[u8], normalization: Normalization, planes: &mut [f32]) -> Result<(), NormalizeError> {
    if pixels.len() != planes.len() || !pixels.len().is_multiple_of(3) {
        return Err(NormalizeError { pixels: pixels.len(), planes: planes.len() });
    }
    fill(pixels, normalization, planes);
    Ok(())
}

/// `planes` has three floats for every whole pixel.
fn fill(pixels: &[u8], normalization: Normalization, planes: &mut [f32]) {
    let tables = tables(normalization);
    let (red, others) = planes.split_at_mut(planes.len() / 3);
    let (green, blue) = others.split_at_mut(others.len() / 2);
    let (pixels, _) = pixels.as_chunks::<3>();
    for (((pixel, red), green), blue) in pixels.iter().zip(red).zip(green).zip(blue) {
        *red = tables[0][usize::from(pixel[0])];
        *green = tables[1][usize::from(pixel[1])];
        *blue = tables[2][usize::from(pixel[2])];
    }
}

/// What each of the 256 bytes becomes, per channel: 768 divisions in place of two a byte.
fn tables(normalization: Normalization) -> [[f32; 256]; 3] {
    let Normalization { mean, std } = normalization;
    std::array::from_fn(|channel| std::array::from_fn(|byte| (byte as f32 / 255.0 - mean[channel]) / std[channel]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_become_planes() {
        let planes = normalize(&[0, 255, 0, 255, 0, 255], Normalization { mean: [0.0; 3], std: [1.0, 0.5, 0.25] });
        assert_eq!(planes, [0.0, 1.0, 2.0, 0.0, 0.0, 4.0]);
    }

    #[test]
    fn every_byte_is_what_three_operations_give() {
        let normalization = Normalization::IMAGENET;
        let pixels: Vec<u8> = (0..=255).flat_map(|byte| [byte; 3]).collect();
        for (at, found) in normalize(&pixels, normalization).into_iter().enumerate() {
            let scaled = (at % 256) as f32 / 255.0;
            let expected = (scaled - normalization.mean[at / 256]) / normalization.std[at / 256];
            assert_eq!(found.to_bits(), expected.to_bits());
        }
    }

    #[test]
    fn the_planes_must_fit() {
        let error = normalize_into(&[0; 6], Normalization::LITE, &mut [0.0; 3]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "planes for 6 bytes of pixels: expected that many floats in three planes, found 3"
        );
        assert!(normalize_into(&[0; 4], Normalization::LITE, &mut [0.0; 4]).is_err());
        assert!(normalize_into(&[], Normalization::LITE, &mut []).is_ok());
    }
}
