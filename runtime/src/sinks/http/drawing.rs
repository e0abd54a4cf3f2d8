//! A picture as JPEG, plain or under its anomaly map, in the colours of the heatmap files.

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};
use moead_model::architecture::ImageSize;

use crate::preprocess::picture::Picture;
use crate::score::regions::{Rect, Region};
use crate::sinks::heatmap;

use super::pictures::Shot;

/// A longer side is reduced to it.
const LONGEST_SIDE: usize = 720;
/// A picture with a shorter long side is enlarged to it: boxes and numbers need room.
const SHORTEST_LONG_SIDE: usize = 448;
/// A line is not drawn thinner.
const SHORTEST_SIDE: usize = 32;
/// Seams are hardly seen, and a picture takes some tens of kilobytes.
const QUALITY: u8 = 82;

/// Whether the anomaly map lies over the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heat {
    On,
    Off,
}

/// Draws and compresses a picture. None when it has no pixels.
pub(super) fn jpeg(shot: &Shot, heat: Heat) -> Option<Vec<u8>> {
    let picture = Picture::new(shot.size, shot.pixels.clone()).ok()?;
    let picture = heatmap::resized(&picture, shown(shot.size, shot.part));
    let picture = match heat {
        Heat::On if !shot.map.is_empty() => {
            let regions: Vec<Region> = shot.regions.iter().map(|&region| within(region, shot.part)).collect();
            let source = ImageSize { height: shot.part.height, width: shot.part.width };
            heatmap::heated(picture, &shot.map, shot.map_size, heatmap::Scale::around(shot.threshold), &regions, source)
        }
        Heat::On | Heat::Off => picture,
    };
    let ImageSize { height, width } = picture.size();
    let (width, height) = (u32::try_from(width).ok()?, u32::try_from(height).ok()?);
    let mut file = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut file, QUALITY);
    encoder.write_image(picture.pixels(), width, height, ExtendedColorType::Rgb8).ok()?;
    Some(file)
}

/// How large pixels of that size are shown: in the shape of the part of the frame that they stand for, which the network's
/// view does not keep.
pub(super) fn shown(pixels: ImageSize, part: Rect) -> ImageSize {
    let shape =
        if part.width == 0 || part.height == 0 { (pixels.width, pixels.height) } else { (part.width, part.height) };
    let (width, height) = (shape.0 as f64, shape.1 as f64);
    let long = pixels.height.max(pixels.width).clamp(SHORTEST_LONG_SIDE, LONGEST_SIDE) as f64;
    let scaled = |side: f64| ((side * long / width.max(height)).round() as usize).max(SHORTEST_SIDE);
    ImageSize { height: scaled(height), width: scaled(width) }
}

/// A region of the whole frame in pixels of a part of it.
fn within(region: Region, part: Rect) -> Region {
    let Rect { x, y, width, height } = region.bounds;
    let bounds = Rect { x: x.saturating_sub(part.x), y: y.saturating_sub(part.y), width, height };
    Region { bounds, ..region }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_shown_in_the_shape_of_its_part() {
        let size = |height, width| ImageSize { height, width };
        let part = |width, height| Rect { x: 5, y: 6, width, height };
        for (pixels, part, expected) in [
            (size(224, 224), part(640, 480), size(336, 448)),
            (size(480, 640), part(640, 480), size(480, 640)),
            (size(360, 640), part(1280, 720), size(360, 640)),
            (size(224, 224), part(0, 0), size(448, 448)),
            (size(720, 720), part(1000, 10), size(32, 720)),
            (size(1, 1), part(1, 1), size(448, 448)),
        ] {
            assert_eq!(shown(pixels, part), expected, "{pixels} {part:?}");
        }
    }

    #[test]
    fn a_region_moves_with_its_part() {
        let region = |x, y| Region {
            bounds: Rect { x, y, width: 7, height: 8 },
            peak: crate::score::verdict::Score(1.0),
            area: 9,
        };
        let part = Rect { x: 100, y: 50, width: 200, height: 200 };
        assert_eq!(within(region(110, 70), part), region(10, 20));
        assert_eq!(within(region(90, 20), part), region(0, 0));
    }
}
