//! The colour scale: what each colour means, in numbers, and where the threshold lies.

use super::canvas::{Canvas, Colour, mixed};
use super::colours;
use super::layout::Unit;
use super::numbers::{rounded, ticks};
use super::scale::Range;
use super::{FAINT, INK};
use crate::score::regions::Rect;
use crate::score::verdict::Threshold;

/// Stands for the picture under the colours.
const UNDER: Colour = [150; 3];

/// Heights of its rows, in units: words, colours, tick marks, numbers.
const WORDS: f32 = 28.0;
const COLOURS: f32 = 18.0;
const MARKS: f32 = 6.0;
const NUMBERS: f32 = 22.0;

/// Where a share of the scale lies in the row of colours.
fn column(area: Rect, share: f32) -> usize {
    area.x + (share.clamp(0.0, 1.0) * area.width.saturating_sub(1) as f32).round() as usize
}

/// Where a text `width` wide begins so that its middle is near `x` and all of it in the area.
fn centred(area: Rect, x: usize, width: usize) -> usize {
    let furthest = (area.x + area.width).saturating_sub(width).max(area.x);
    x.saturating_sub(width / 2).clamp(area.x, furthest)
}

/// Draws the scale into an area that [`super::layout::Layout`] made for it.
pub(super) fn draw(canvas: &mut Canvas, area: Rect, range: Range, threshold: Option<Threshold>, unit: Unit) {
    let bar = Rect { y: area.y + unit.pixels(WORDS), height: unit.pixels(COLOURS), ..area };
    for x in bar.x..bar.x + bar.width {
        let share = (x - bar.x) as f32 / bar.width.saturating_sub(1).max(1) as f32;
        let colour = mixed(UNDER, colours::colour(share), colours::opacity(share));
        canvas.fill(Rect { x, width: 1, ..bar }, colour);
    }
    draw_numbers(canvas, bar, range, unit);
    let taken = threshold.map(|threshold| draw_threshold(canvas, area, bar, range, threshold, unit));
    draw_words(canvas, area, range, taken, unit);
}

/// Tick marks and the numbers under them.
fn draw_numbers(canvas: &mut Canvas, bar: Rect, range: Range, unit: Unit) {
    let marks = bar.y + bar.height;
    let middle = marks + unit.pixels(MARKS) + unit.pixels(NUMBERS) / 2;
    let thin = unit.pixels(1.0);
    let mut free = bar.x;
    for (value, text) in ticks(range.low, range.high) {
        let x = column(bar, range.share(value as f32));
        let mark = x.min(bar.x + bar.width.saturating_sub(thin));
        canvas.fill(Rect { x: mark, y: marks, width: thin, height: unit.pixels(MARKS) }, INK);
        let width = unit.small().width(&text);
        let start = centred(bar, x, width);
        // Long numbers take turns rather than touch each other.
        if start >= free {
            unit.small().draw(canvas, &text, start, middle, INK);
            free = start + width + unit.pixels(8.0);
        }
    }
}

/// The word, and a mark through the colours where the threshold lies on the scale. Returns where the word begins and
/// ends.
fn draw_threshold(
    canvas: &mut Canvas,
    area: Rect,
    bar: Rect,
    range: Range,
    threshold: Threshold,
    unit: Unit,
) -> (usize, usize) {
    let share = range.share(threshold.value());
    let number = rounded(threshold.value(), 3);
    let text = if share < 0.0 {
        format!("◀ threshold {number}")
    } else if share > 1.0 {
        format!("threshold {number} ▶")
    } else {
        format!("threshold {number}")
    };
    let x = column(bar, share);
    if (0.0..=1.0).contains(&share) {
        let (line, edge) = (unit.pixels(2.0), unit.pixels(1.0));
        let left = x.saturating_sub(line / 2).max(bar.x + edge);
        canvas.fill(Rect { x: left - edge, width: line + 2 * edge, ..bar }, [255; 3]);
        canvas.fill(Rect { x: left, width: line, ..bar }, INK);
        // A triangle that stands on the colours with its point.
        let height = unit.pixels(6.0);
        for row in 0..height {
            let reach = height - row;
            let start = left.saturating_sub(reach);
            canvas.fill(Rect { x: start, y: bar.y - height + row, width: left + line + reach - start, height: 1 }, INK);
        }
    }
    let width = unit.body().width(&text);
    let start = centred(area, x, width);
    unit.body().draw(canvas, &text, start, area.y + unit.pixels(10.0), INK);
    (start, start + width)
}

/// What the two ends mean, where the word for the threshold leaves room.
fn draw_words(canvas: &mut Canvas, area: Rect, range: Range, taken: Option<(usize, usize)>, unit: Unit) {
    let words = match range.extremes {
        _ if !range.own => ["normal".to_owned(), "unusual".to_owned()],
        Some((low, high)) => [format!("lowest {}", rounded(low, 3)), format!("highest {}", rounded(high, 3))],
        None => return,
    };
    let [low, high] = words.each_ref().map(|word| unit.body().width(word));
    let high_start = (area.x + area.width).saturating_sub(high);
    let gap = unit.pixels(14.0);
    let (start, end) = taken.unwrap_or((high_start, area.x + low));
    let middle = area.y + unit.pixels(10.0);
    if area.x + low + gap <= start {
        unit.body().draw(canvas, &words[0], area.x, middle, FAINT);
    }
    if end + gap <= high_start {
        unit.body().draw(canvas, &words[1], high_start, middle, FAINT);
    }
}
