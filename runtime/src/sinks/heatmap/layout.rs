//! Where everything goes: a header, the picture and the picture under its heat side by side, the colour scale.

use moead_model::architecture::ImageSize;

use super::text::TextSize;
use crate::score::regions::Rect;

/// Pictures with a shorter long side are enlarged by a whole factor.
const ENLARGE_BELOW: usize = 560;

/// Pictures with a longer long side are reduced to it.
const REDUCE_ABOVE: usize = 1600;

/// A side that would come out shorter is stretched to it: a line one pixel thin shows nothing, and the
/// numbers of regions need room.
const SHORTEST_SIDE: usize = 80;

/// From this ratio of width to height on, the panels stand below each other.
const WIDE: usize = 2;

/// Text needs this much width, in units.
const MIN_WIDTH: f32 = 640.0;

/// A scale needs this much width to be read, in units.
const MIN_SCALE_WIDTH: f32 = 420.0;

/// How large a picture is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PanelSize {
    pub(super) size: ImageSize,
    /// Whether one side was stretched so that the shape is not the picture's.
    pub(super) stretched: bool,
}

impl PanelSize {
    /// Large enough to be seen, small enough for a screen.
    pub(super) fn of(picture: ImageSize) -> Self {
        let long = picture.height.max(picture.width).max(1);
        let scaled = |side: usize| -> usize {
            if long < ENLARGE_BELOW {
                side * ENLARGE_BELOW.div_ceil(long)
            } else if long > REDUCE_ABOVE {
                (side as f64 * REDUCE_ABOVE as f64 / long as f64).round() as usize
            } else {
                side
            }
        };
        let (height, width) = (scaled(picture.height), scaled(picture.width));
        let size = ImageSize { height: height.max(SHORTEST_SIDE), width: width.max(SHORTEST_SIDE) };
        Self { size, stretched: size != ImageSize { height, width } }
    }
}

/// The parts of the drawing, in its pixels. They do not overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    /// The whole drawing.
    pub(super) size: ImageSize,
    /// Verdict, title and score.
    pub(super) header: Rect,
    /// What is written above the picture and above its copy under the heat.
    pub(super) captions: [Rect; 2],
    /// The picture and its copy under the heat.
    pub(super) panels: [Rect; 2],
    /// The colour scale with its numbers.
    pub(super) scale: Rect,
}

/// How large text and lines are: 1 for a drawing that fills half a screen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit(pub(super) f32);

impl Unit {
    /// Larger drawings are shown smaller on the screen, so what is written on them has to grow.
    pub(super) fn of(panel: ImageSize) -> Self {
        let stacked = is_wide(panel);
        let width = if stacked { panel.width } else { 2 * panel.width };
        Self((width as f32 / 1200.0).max(panel.height as f32 / 1000.0).clamp(1.0, 2.0))
    }

    /// A length in pixels.
    pub(super) fn pixels(self, units: f32) -> usize {
        (self.0 * units).round().max(1.0) as usize
    }

    /// Title and score.
    pub(super) fn title(self) -> TextSize {
        TextSize(24.0 * self.0)
    }

    /// Captions and the threshold.
    pub(super) fn body(self) -> TextSize {
        TextSize(17.0 * self.0)
    }

    /// Numbers.
    pub(super) fn small(self) -> TextSize {
        TextSize(15.0 * self.0)
    }
}

fn is_wide(panel: ImageSize) -> bool {
    panel.width > WIDE * panel.height
}

impl Layout {
    /// Around two panels of that size.
    pub(super) fn of(panel: ImageSize, unit: Unit) -> Self {
        let stacked = is_wide(panel);
        let margin = unit.pixels(24.0);
        let gap = unit.pixels(24.0);
        let ImageSize { height, width } = panel;
        let panels_width = if stacked { width } else { 2 * width + gap };
        let content = panels_width.max(unit.pixels(MIN_WIDTH));

        let header = Rect { x: margin, y: margin, width: content, height: unit.pixels(72.0) };
        let mut y = header.y + header.height + unit.pixels(16.0);
        let caption = unit.pixels(30.0);
        // Panels narrower than the text above them are put into the middle of one half each.
        let half = (content - gap) / 2;
        let narrow = !stacked && panels_width < content;
        let column = |second: bool| -> Rect {
            let (left, across) = match (stacked, narrow) {
                (true, _) => (margin, content),
                (false, true) => (if second { margin + half + gap } else { margin }, half),
                (false, false) => (if second { margin + width + gap } else { margin }, width),
            };
            Rect { x: left, y: 0, width: across, height: 0 }
        };
        let place = |second: bool, y: usize| -> (Rect, Rect) {
            let column = column(second);
            let caption_area = Rect { y, height: caption, ..column };
            (caption_area, Rect { x: column.x, y: y + caption, width, height })
        };
        let first = place(false, y);
        if stacked {
            y += caption + height + unit.pixels(10.0);
        }
        let second = place(true, y);
        y += caption + height + unit.pixels(16.0);

        // Below the panel that it explains, as wide as that one, where there is room for it.
        let below = column(true);
        let across = if below.width >= unit.pixels(MIN_SCALE_WIDTH) { below } else { header };
        let scale = Rect { x: across.x, y, width: across.width, height: unit.pixels(78.0) };
        let size = ImageSize { height: y + scale.height + unit.pixels(14.0), width: content + 2 * margin };
        Self { size, header, captions: [first.0, second.0], panels: [first.1, second.1], scale }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_pictures_grow_by_a_whole_factor_and_large_ones_shrink() {
        for (picture, shown, stretched) in [
            ((1, 1), (560, 560), false),
            ((224, 224), (672, 672), false),
            ((320, 200), (640, 400), false),
            ((768, 1024), (768, 1024), false),
            ((3000, 4000), (1200, 1600), false),
            ((5000, 1), (1600, 80), true),
            ((20, 10_000), (80, 1600), true),
        ] {
            let panel = PanelSize::of(ImageSize { height: picture.0, width: picture.1 });
            assert_eq!(
                (panel.size.height, panel.size.width, panel.stretched),
                (shown.0, shown.1, stretched),
                "{picture:?}"
            );
        }
    }

    #[test]
    fn nothing_overlaps_and_nothing_leaves_the_drawing() {
        for (height, width) in [(560, 560), (1600, 80), (80, 1600), (600, 1200), (600, 1201), (1600, 1600)] {
            let panel = ImageSize { height, width };
            let layout = Layout::of(panel, Unit::of(panel));
            let [a, b] = layout.captions;
            let [c, d] = layout.panels;
            let parts = [layout.header, a, b, c, d, layout.scale];
            for (index, one) in parts.iter().enumerate() {
                assert!(one.x + one.width <= layout.size.width && one.y + one.height <= layout.size.height);
                for other in &parts[index + 1..] {
                    let apart = one.x + one.width <= other.x
                        || other.x + other.width <= one.x
                        || one.y + one.height <= other.y
                        || other.y + other.height <= one.y;
                    assert!(apart, "{height}x{width}: {one:?} {other:?}");
                }
            }
        }
    }
}
