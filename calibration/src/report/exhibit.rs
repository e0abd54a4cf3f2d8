//! Pictures of the page: as they are, and under their anomaly map.

use std::path::Path;

use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;
use moead_model::architecture::ImageSize;
use moead_runtime::preprocess::decode;
use moead_runtime::preprocess::picture::Picture;
use moead_runtime::sinks::heatmap::{self, Scale};

use super::base64;
use super::markup::{escaped, score};
use crate::evaluation::gallery::{Exhibit, Gallery};
use crate::metrics::ranking::Truth;

/// The longer side, in pixels.
const SIDE: usize = 240;
/// Of the JPEGs: 10 kB each.
const QUALITY: u8 = 82;
/// Around what a mask calls defective: a colour that the scale of the map does not have.
const OUTLINE: [u8; 3] = [0, 229, 255];

/// One scale for all pictures of a product: colours begin where half of the good pictures' pixels lie, and end at the largest value.
pub(super) fn scale(gallery: &Gallery) -> Scale {
    let good = if gallery.high_good.is_empty() { &gallery.low_defective } else { &gallery.high_good };
    let mut values: Vec<f32> = good.iter().flat_map(|exhibit| exhibit.map.iter().copied()).collect();
    let middle = values.len() / 2;
    let low = match values.is_empty() {
        true => 0.0,
        false => *values.select_nth_unstable_by(middle, f32::total_cmp).1,
    };
    let all = gallery.high_good.iter().chain(&gallery.low_defective).flat_map(|exhibit| &exhibit.map);
    Scale::Fixed { low, high: all.copied().fold(low, f32::max) }
}

/// The pictures of one kind under a heading; nothing where there is none.
pub(super) fn row(heading: &str, gallery: &Gallery, scale: Scale, truth: Truth, threshold: Option<f32>) -> String {
    let exhibits = match truth {
        Truth::Good => &gallery.high_good,
        Truth::Defective => &gallery.low_defective,
    };
    let cards: String = exhibits.iter().map(|exhibit| card(exhibit, gallery.size, scale, truth, threshold)).collect();
    if cards.is_empty() { String::new() } else { format!("<h3>{heading}</h3><div class=\"cards\">{cards}</div>") }
}

/// A picture twice, with its name, score and verdict.
fn card(exhibit: &Exhibit, map_size: ImageSize, scale: Scale, truth: Truth, threshold: Option<f32>) -> String {
    let (class, verdict) = match (truth, threshold.map(|threshold| exhibit.score >= threshold)) {
        (_, None) => ("none", "no verdict"),
        (Truth::Defective, Some(false)) => ("wrong", "missed"),
        (Truth::Defective, Some(true)) => ("right", "found"),
        (Truth::Good, Some(true)) => ("wrong", "false alarm"),
        (Truth::Good, Some(false)) => ("right", "passed"),
    };
    let name = short_name(&exhibit.path);
    let kind = exhibit.kind.as_ref().map_or(String::new(), |kind| format!(" · {}", escaped(kind)));
    let pictures = match decode::read(&exhibit.path) {
        Ok(picture) => {
            let (plain, heated) = pair(&picture, exhibit, map_size, scale);
            image(&plain, &name, "the picture") + &image(&heated, &name, "under its anomaly map")
        }
        Err(error) => format!("<p class=\"gone\">{}</p>", escaped(&error.to_string())),
    };
    format!(
        "<figure class=\"card\" title=\"{}\"><div>{pictures}</div><figcaption><b>{}</b>{kind}<br>score {} <span class=\"{class}\">{verdict}</span></figcaption></figure>",
        escaped(&exhibit.path.display().to_string()),
        escaped(&name),
        score(exhibit.score),
    )
}

/// The last folder and the file: `scratch/003.png`.
fn short_name(path: &Path) -> String {
    let parts: Vec<_> = path.iter().rev().take(2).map(|part| part.to_string_lossy()).collect();
    parts.into_iter().rev().collect::<Vec<_>>().join("/")
}

fn pair(picture: &Picture, exhibit: &Exhibit, map_size: ImageSize, scale: Scale) -> (Picture, Picture) {
    let size = shown(picture.size());
    let mut plain = heatmap::resized(picture, size);
    let mut heated = heatmap::heated(plain.clone(), &exhibit.map, map_size, scale, &[], picture.size());
    if let Some(mask) = &exhibit.mask {
        outline(&mut plain, mask, map_size);
        outline(&mut heated, mask, map_size);
    }
    (plain, heated)
}

/// No side longer than [`SIDE`], none of nothing.
fn shown(ImageSize { height, width }: ImageSize) -> ImageSize {
    let longest = height.max(width).max(1);
    let side = |pixels: usize| (pixels * SIDE.min(longest) / longest).max(1);
    ImageSize { height: side(height), width: side(width) }
}

/// Draws over the pixels of a mask that have a neighbour outside of it.
fn outline(picture: &mut Picture, mask: &[u8], mask_size: ImageSize) {
    let ImageSize { height, width } = picture.size();
    let is_inside = |y: usize, x: usize| {
        let (row, column) = (y * mask_size.height / height, x * mask_size.width / width);
        mask.get(row * mask_size.width + column).is_some_and(|pixel| *pixel > 0)
    };
    let is_edge = |y: usize, x: usize| {
        let around = [(y.wrapping_sub(1), x), (y + 1, x), (y, x.wrapping_sub(1)), (y, x + 1)];
        is_inside(y, x) && around.into_iter().any(|(y, x)| y >= height || x >= width || !is_inside(y, x))
    };
    let edge: Vec<usize> = (0..height * width).filter(|at| is_edge(at / width, at % width)).collect();
    for at in edge {
        picture.pixels_mut()[3 * at..3 * at + 3].copy_from_slice(&OUTLINE);
    }
}

fn image(picture: &Picture, name: &str, what: &str) -> String {
    let ImageSize { height, width } = picture.size();
    let mut bytes = Vec::new();
    // At most SIDE pixels on each side; memory takes everything.
    let encoded = JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode(
        picture.pixels(),
        width as u32,
        height as u32,
        ExtendedColorType::Rgb8,
    );
    debug_assert!(encoded.is_ok(), "{encoded:?}");
    format!(
        "<img src=\"data:image/jpeg;base64,{}\" width=\"{width}\" height=\"{height}\" loading=\"lazy\" alt=\"{}, {what}\">",
        base64::encode(&bytes),
        escaped(name)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_is_surrounded_and_not_covered() {
        let size = ImageSize { height: 8, width: 8 };
        let mut picture = Picture::filled(size, [9; 3]);
        let mask: Vec<u8> = (0..16).map(|at| if at == 5 { 255 } else { 0 }).collect();
        // One of 4 x 4: 2 x 2 pixels, all at the edge.
        outline(&mut picture, &mask, ImageSize { height: 4, width: 4 });
        let drawn: Vec<usize> =
            picture.pixels().chunks(3).enumerate().filter(|(_, pixel)| *pixel == OUTLINE).map(|(at, _)| at).collect();
        assert_eq!(drawn, [18, 19, 26, 27]);
        let mut picture = Picture::filled(size, [9; 3]);
        outline(&mut picture, &[255; 16], ImageSize { height: 4, width: 4 });
        assert_eq!(picture.pixels().chunks(3).filter(|pixel| *pixel == OUTLINE).count(), 28);
    }

    #[test]
    fn pictures_of_any_shape_are_small() {
        let of = |height, width| shown(ImageSize { height, width });
        assert_eq!(of(1000, 500), ImageSize { height: 240, width: 120 });
        assert_eq!(of(3, 30_000), ImageSize { height: 1, width: 240 });
        assert_eq!(of(10, 20), ImageSize { height: 10, width: 20 });
    }

    #[test]
    fn colours_begin_at_what_is_usual() {
        let exhibit = |map: &[f32]| Exhibit { path: "a".into(), kind: None, score: 0.0, map: map.to_vec(), mask: None };
        let mut gallery = Gallery::new(ImageSize { height: 1, width: 3 });
        assert_eq!(scale(&gallery), Scale::Fixed { low: 0.0, high: 0.0 });
        gallery.high_good = vec![exhibit(&[1.0, 3.0, 2.0])];
        gallery.low_defective = vec![exhibit(&[0.0, 9.0, 2.0])];
        assert_eq!(scale(&gallery), Scale::Fixed { low: 2.0, high: 9.0 });
    }
}
