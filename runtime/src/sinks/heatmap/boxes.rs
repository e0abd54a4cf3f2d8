//! Boxes around regions, each with the largest value in it.

use moead_model::architecture::ImageSize;

use super::canvas::{Canvas, Colour, inset};
use super::layout::Unit;
use super::numbers::rounded;
use crate::score::regions::{Rect, Region};

/// More boxes than this hide the picture; the strongest are drawn.
pub(super) const MOST: usize = 16;

/// Seen on any ground, because each lies beside the other.
pub(super) const LIGHT: Colour = [255; 3];
const DARK: Colour = [16; 3];

/// The regions to draw, strongest first.
pub(super) fn strongest(regions: &[Region]) -> Vec<Region> {
    let mut regions = regions.to_vec();
    regions.sort_by(|one, other| other.peak.0.total_cmp(&one.peak.0));
    regions.truncate(MOST);
    regions
}

/// The box of `bounds`, which are pixels of the picture, in the pixels of a panel: as large as what it surrounds and its
/// line on each side, but within the panel.
pub(super) fn around(bounds: Rect, picture: ImageSize, panel: Rect, line: usize) -> Rect {
    let along = |start: usize, length: usize, picture: usize, panel: usize| -> (usize, usize) {
        let factor = panel as f64 / picture.max(1) as f64;
        let end = start.saturating_add(length);
        // `as` clips at both ends.
        let first = (start as f64 * factor).floor() as usize;
        let last = (end as f64 * factor).ceil() as usize;
        let first = first.saturating_sub(line).min(panel.saturating_sub(1));
        let last = last.saturating_add(line).clamp(first + 1, panel.max(first + 1));
        (first, last - first)
    };
    let (x, width) = along(bounds.x, bounds.width, picture.width, panel.width);
    let (y, height) = along(bounds.y, bounds.height, picture.height, panel.height);
    Rect { x: panel.x + x, y: panel.y + y, width, height }
}

/// The widths of the dark line, and of the light one that lies between two dark ones.
fn lines(unit: Unit) -> (usize, usize) {
    (unit.pixels(1.4), unit.pixels(2.0))
}

/// How far the box reaches out around what it surrounds.
pub(super) fn reach(unit: Unit) -> usize {
    let (dark, light) = lines(unit);
    dark + light
}

/// Draws boxes and then, over all of them, their numbers. `regions` are sorted, strongest first.
pub(super) fn draw(canvas: &mut Canvas, regions: &[Region], picture: ImageSize, panel: Rect, unit: Unit) {
    let (dark, light) = lines(unit);
    let boxes: Vec<Rect> = regions.iter().map(|region| around(region.bounds, picture, panel, reach(unit))).collect();
    // The strongest comes last and lies on top.
    for &area in boxes.iter().rev() {
        // One pixel of the inner dark line covers what the box surrounds, no more.
        canvas.frame(area, dark + light + 1, DARK);
        canvas.frame(inset(area, dark), light, LIGHT);
    }
    let mut labels: Vec<Rect> = Vec::new();
    for (region, &area) in regions.iter().zip(&boxes) {
        let text = rounded(region.peak.0, 3);
        let size = ImageSize { height: unit.pixels(21.0), width: unit.small().width(&text) + unit.pixels(10.0) };
        let Some(label) = label_place(area, size, panel, &boxes, &labels) else { continue };
        canvas.fill_rounded(label, 4.0 * unit.0, DARK);
        unit.small().draw(canvas, &text, label.x + unit.pixels(5.0), label.y + label.height / 2, LIGHT);
        labels.push(label);
    }
}

/// Where the number of a box goes: above, below, beside or inside it, where it covers the least; none when the panel is
/// smaller than the number.
fn label_place(area: Rect, size: ImageSize, panel: Rect, boxes: &[Rect], labels: &[Rect]) -> Option<Rect> {
    let ImageSize { height, width } = size;
    // A pixel of the picture stays visible around the number.
    let room = Rect {
        x: panel.x + 1,
        y: panel.y + 1,
        width: panel.width.checked_sub(2)?,
        height: panel.height.checked_sub(2)?,
    };
    let (furthest_x, furthest_y) = (room.x + room.width.checked_sub(width)?, room.y + room.height.checked_sub(height)?);
    let (right, bottom) = (area.x + area.width, area.y + area.height);
    let (above, before) = (area.y.saturating_sub(height), area.x.saturating_sub(width));
    let places = [
        (area.x, above),
        (area.x, bottom),
        (right.saturating_sub(width), above),
        (right.saturating_sub(width), bottom),
        (right, area.y),
        (before, area.y),
        (area.x, area.y),
    ];
    places
        .map(|(x, y)| Rect { x: x.clamp(room.x, furthest_x), y: y.clamp(room.y, furthest_y), width, height })
        .into_iter()
        .min_by_key(|&place| {
            let covered = |others: &[Rect]| others.iter().map(|&other| common_area(place, other)).sum::<usize>();
            // Two numbers on each other cannot be read; a covered box can still be seen.
            20 * covered(labels) + covered(boxes)
        })
}

/// How many pixels two areas share.
fn common_area(one: Rect, other: Rect) -> usize {
    let along = |a: usize, a_length: usize, b: usize, b_length: usize| -> usize {
        (a + a_length).min(b + b_length).saturating_sub(a.max(b))
    };
    along(one.x, one.width, other.x, other.width) * along(one.y, one.height, other.y, other.height)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::verdict::Score;

    const PANEL: Rect = Rect { x: 100, y: 50, width: 400, height: 200 };
    const PICTURE: ImageSize = ImageSize { height: 100, width: 200 };

    #[test]
    fn a_box_surrounds_its_region_and_stays_in_the_panel() {
        let boxed = |x, y, width, height| around(Rect { x, y, width, height }, PICTURE, PANEL, 3);
        assert_eq!(boxed(10, 20, 30, 40), Rect { x: 117, y: 87, width: 66, height: 86 });
        assert_eq!(boxed(0, 0, 200, 100), PANEL);
        assert_eq!(boxed(0, 99, 1, 1), Rect { x: 100, y: 245, width: 5, height: 5 });
        assert_eq!(boxed(9999, 0, 1, 1), Rect { x: 499, y: 50, width: 1, height: 5 });
        assert_eq!(boxed(usize::MAX, usize::MAX, usize::MAX, 1), Rect { x: 499, y: 249, width: 1, height: 1 });
    }

    #[test]
    fn the_strongest_regions_are_drawn() {
        let bounds = Rect { x: 0, y: 0, width: 1, height: 1 };
        let peaks: Vec<f32> = (0..40).map(|number| (number * 7 % 40) as f32).collect();
        let regions: Vec<Region> = peaks.iter().map(|&peak| Region { bounds, peak: Score(peak), area: 1 }).collect();
        let strongest: Vec<f32> = strongest(&regions).into_iter().map(|region| region.peak.0).collect();
        assert_eq!(strongest, (24..40).rev().map(|peak| peak as f32).collect::<Vec<_>>());
    }

    #[test]
    fn numbers_stay_in_the_panel_and_off_each_other() {
        let size = ImageSize { height: 20, width: 50 };
        let boxes = [Rect { x: 100, y: 50, width: 30, height: 30 }, Rect { x: 110, y: 60, width: 30, height: 30 }];
        let first = label_place(boxes[0], size, PANEL, &boxes, &[]).unwrap();
        let second = label_place(boxes[1], size, PANEL, &boxes, &[first]).unwrap();
        assert_eq!(common_area(first, second), 0);
        for label in [first, second] {
            assert_eq!(common_area(label, PANEL), size.height * size.width);
            assert!(label.x > PANEL.x && label.y > PANEL.y);
        }
        assert_eq!(label_place(boxes[0], size, Rect { width: 32, ..PANEL }, &boxes, &[]), None);
    }
}
