//! Many judged pictures on one page: each beside itself under its anomaly map, with what was found and what was there.

use moead_model::architecture::ImageSize;

use super::canvas::{Canvas, Colour};
use super::text::TextSize;
use super::{Annotation, EDGE, FAINT, INK, PAPER, Scale, badge, heated, resized};
use crate::preprocess::picture::Picture;
use crate::score::regions::Rect;

/// Pictures beside each other.
const COLUMNS: usize = 3;
/// Side of a picture, in pixels; the longer one, where it is no square.
const SIDE: usize = 224;
/// Between a picture and its copy, and around a pair.
const GAP: usize = 4;
const MARGIN: usize = 20;
/// Of the lines above a pair.
const CAPTION: usize = 30;
/// Of the lines above all.
const HEADER: usize = 74;

/// One judged picture on the page.
#[derive(Debug, Clone)]
pub struct Tile {
    /// Both, side by side.
    pair: [Picture; 2],
    verdict: (&'static str, Colour),
    caption: String,
}

impl Tile {
    /// Draws one. `truth`: what was really to be seen.
    pub fn new(annotation: &Annotation<'_>, truth: &str) -> Self {
        let source = annotation.picture.size();
        let small = resized(annotation.picture, fitted(source));
        let scale = Scale::around(annotation.threshold);
        let hot = heated(small.clone(), annotation.map, annotation.map_size, scale, annotation.regions, source);
        let caption = format!("{}: {truth}", annotation.title);
        Self { pair: [small, hot], verdict: badge(annotation.verdict), caption }
    }
}

/// In a square of [`SIDE`], with the same ratio of sides.
fn fitted(size: ImageSize) -> ImageSize {
    let long = size.height.max(size.width).max(1);
    let scaled = |side: usize| (side * SIDE / long).max(1);
    ImageSize { height: scaled(size.height), width: scaled(size.width) }
}

/// Draws the page: `title`, a line below it, and the tiles from the upper left on.
pub fn draw(title: &str, line: &str, tiles: &[Tile]) -> Picture {
    let pair = 2 * SIDE + GAP;
    let rows = tiles.len().div_ceil(COLUMNS);
    let width = MARGIN + COLUMNS * (pair + MARGIN);
    let height = HEADER + rows * (CAPTION + SIDE + MARGIN) + MARGIN / 2;
    let mut canvas = Canvas::new(ImageSize { height, width }, PAPER);
    let room = width - 2 * MARGIN;
    let (large, body) = (TextSize(24.0), TextSize(16.0));
    large.draw(&mut canvas, &large.ellipsised(title, room), MARGIN, 28, INK);
    body.draw(&mut canvas, &body.ellipsised(line, room), MARGIN, 56, FAINT);
    for (number, tile) in tiles.iter().enumerate() {
        let x = MARGIN + number % COLUMNS * (pair + MARGIN);
        let y = HEADER + number / COLUMNS * (CAPTION + SIDE + MARGIN);
        caption(&mut canvas, tile, Rect { x, y, width: pair, height: CAPTION });
        for (side, picture) in tile.pair.iter().enumerate() {
            let ImageSize { height, width } = picture.size();
            let area = Rect { x: x + side * (SIDE + GAP), y: y + CAPTION, width, height };
            canvas.paste(picture, area);
            canvas.frame(area, 1, EDGE);
        }
    }
    canvas.into_picture()
}

/// The verdict in its colour, what was there beside it.
fn caption(canvas: &mut Canvas, tile: &Tile, area: Rect) {
    let size = TextSize(14.0);
    let (word, colour) = tile.verdict;
    let width = size.width(word) + 16;
    let badge = Rect { width, height: 22, y: area.y + 2, ..area };
    canvas.fill_rounded(badge, 5.0, colour);
    let middle = badge.y + badge.height / 2;
    size.draw(canvas, word, area.x + 8, middle, [255; 3]);
    let text = size.ellipsised(&tile.caption, area.width.saturating_sub(width + 10));
    size.draw(canvas, &text, area.x + width + 10, middle, INK);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::verdict::{Score, Threshold, Verdict};

    fn tile(size: ImageSize) -> Tile {
        let annotation = Annotation {
            picture: &Picture::filled(size, [90, 90, 200]),
            map: &[0.0, 0.0, 0.0, 9.0],
            map_size: ImageSize { height: 2, width: 2 },
            score: Score(9.0),
            threshold: Threshold::new(4.0).ok(),
            regions_from: None,
            verdict: Some(Verdict::Defect),
            regions: &[],
            title: "plate 3",
        };
        Tile::new(&annotation, "hole")
    }

    #[test]
    fn a_picture_keeps_its_shape_and_only_its_copy_is_under_heat() {
        let page = draw("title", "line", &[tile(ImageSize { height: 100, width: 400 })]);
        assert_eq!(page.size(), ImageSize { height: HEADER + CAPTION + SIDE + MARGIN + MARGIN / 2, width: 1436 });
        let at = |x: usize, y: usize| {
            let start = 3 * (y * page.size().width + x);
            <[u8; 3]>::try_from(&page.pixels()[start..start + 3]).expect("within the page")
        };
        let (left, right, top) = (MARGIN, MARGIN + SIDE + GAP, HEADER + CAPTION);
        // 224 x 56: the lower right corners, within their frames.
        assert_eq!(at(left + 221, top + 53), [90, 90, 200]);
        assert_ne!(at(right + 221, top + 53), [90, 90, 200]);
        assert_eq!((at(left + 100, top + 60), at(right + 100, top + 60)), (PAPER, PAPER));
    }

    #[test]
    fn pages_of_any_number_of_tiles_have_room_for_all() {
        let square = tile(ImageSize { height: 64, width: 64 });
        let heights = [0, 1, 3, 4].map(|count| draw("", "", &vec![square.clone(); count]).size().height);
        let row = CAPTION + SIDE + MARGIN;
        let none = HEADER + MARGIN / 2;
        assert_eq!(heights, [none, none + row, none + row, none + 2 * row]);
    }
}
