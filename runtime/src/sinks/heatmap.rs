//! What the model saw, drawn for people: the picture, the picture under its anomaly map, the verdict, the colour scale.

mod boxes;
mod canvas;
mod colours;
mod layout;
mod numbers;
mod overlay;
mod scale;
mod scale_bar;
pub mod sheet;
mod text;

use std::io;
use std::path::Path;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};
use moead_model::architecture::ImageSize;
use moead_model::atomic_file;

use crate::preprocess::picture::Picture;
use crate::score::regions::{Rect, Region};
use crate::score::verdict::{Score, Threshold, Verdict};

use canvas::{Canvas, Colour};
use layout::{Layout, PanelSize, Unit};
use overlay::Map;
use scale::Range;
use text::TextSize;

pub use scale::Scale;

/// Paper, what is written on it, and what is of less weight.
const PAPER: Colour = [248, 248, 246];
const INK: Colour = [28, 28, 30];
const FAINT: Colour = [92, 92, 98];
const EDGE: Colour = [176, 176, 176];

/// A picture and all that is known about it.
#[derive(Debug, Clone, Copy)]
pub struct Annotation<'a> {
    /// As it was read, before any resizing.
    pub picture: &'a Picture,
    /// The anomaly map, `map_size.height` rows of `map_size.width` values in units of feature distance, row-major. It
    /// covers the whole picture. Values that are missing or not finite are drawn as grey stripes.
    pub map: &'a [f32],
    /// Height and width of the map.
    pub map_size: ImageSize,
    /// The score of the whole picture.
    pub score: Score,
    /// What the score was held against, if there is a threshold.
    pub threshold: Option<Threshold>,
    /// From which map value on there are regions.
    pub regions_from: Option<Threshold>,
    /// The verdict, if the picture was judged.
    pub verdict: Option<Verdict>,
    /// Where the picture is unusual; the 16 with the largest peaks are drawn. Empty when there is no threshold.
    pub regions: &'a [Region],
    /// The name of the picture's file. A long one is shortened in its middle.
    pub title: &'a str,
}

/// Draws an annotated picture. Side by side, or below each other for pictures more than twice as wide as high: the
/// picture without any change but its size, and the same under the anomaly map with boxes around the regions. Above
/// them verdict, title and score; below them the colour scale.
///
/// Each of the two is at least 560 and at most 1600 pixels on its long side, and at least 80 on its short side.
pub fn draw(annotation: &Annotation<'_>, scale: Scale) -> Picture {
    let panel = PanelSize::of(annotation.picture.size());
    let unit = Unit::of(panel.size);
    let layout = Layout::of(panel.size, unit);
    let range = Range::of(scale, annotation.map);
    let regions = boxes::strongest(annotation.regions);

    let mut canvas = Canvas::new(layout.size, PAPER);
    draw_header(&mut canvas, layout.header, annotation, unit);
    let picture = overlay::resized(annotation.picture, panel.size);
    for area in layout.panels {
        let around = Rect { x: area.x - 1, y: area.y - 1, width: area.width + 2, height: area.height + 2 };
        canvas.frame(around, 1, EDGE);
        canvas.paste(&picture, area);
    }
    let [_, heated] = layout.panels;
    Map::new(annotation.map, annotation.map_size).lay_over(&mut canvas, heated, range);
    boxes::draw(&mut canvas, &regions, annotation.picture.size(), heated, unit);
    for (area, text) in layout.captions.into_iter().zip(captions(annotation, panel, range)) {
        let text = unit.body().ellipsised(&text, area.width);
        unit.body().draw(&mut canvas, &text, area.x, area.y + area.height * 2 / 5, FAINT);
    }
    scale_bar::draw(&mut canvas, layout.scale, range, annotation.threshold, unit);
    canvas.into_picture()
}

/// The first of the two pictures of [`draw`] by itself, in any size.
pub fn resized(picture: &Picture, size: ImageSize) -> Picture {
    overlay::resized(picture, size)
}

/// The second of the two pictures of [`draw`] by itself, in whatever size it has: under its anomaly map, with boxes.
///
/// `regions` are in pixels of a picture of the size `source`, of which `picture` may be a smaller or larger copy.
pub fn heated(
    picture: Picture,
    map: &[f32],
    map_size: ImageSize,
    scale: Scale,
    regions: &[Region],
    source: ImageSize,
) -> Picture {
    let ImageSize { height, width } = picture.size();
    let area = Rect { x: 0, y: 0, width, height };
    let mut canvas = Canvas::on(picture);
    Map::new(map, map_size).lay_over(&mut canvas, area, Range::of(scale, map));
    boxes::draw(&mut canvas, &boxes::strongest(regions), source, area, Unit(1.0));
    canvas.into_picture()
}

/// Writes a picture as PNG; the file appears whole or not at all.
///
/// # Errors
/// Kind [`InvalidInput`](io::ErrorKind::InvalidInput) for a picture that PNG cannot hold (no pixels, or a side above
/// 2^31), and the file system's own errors.
pub fn write_png(path: &Path, picture: &Picture) -> io::Result<()> {
    let side =
        |pixels: usize| u32::try_from(pixels).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error));
    let (width, height) = (side(picture.size().width)?, side(picture.size().height)?);
    let mut file = Vec::new();
    PngEncoder::new_with_quality(&mut file, CompressionType::Fast, FilterType::Adaptive)
        .write_image(picture.pixels(), width, height, ExtendedColorType::Rgb8)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    atomic_file::write(path, |out| out.write_all(&file))
}

/// The verdict in a symbol, a word and a colour, so that none of them is needed to read it.
fn badge(verdict: Option<Verdict>) -> (&'static str, Colour) {
    match verdict {
        Some(Verdict::Defect) => ("✗ DEFECT", [190, 30, 30]),
        Some(Verdict::Ok) => ("✓ OK", [0, 112, 90]),
        None => ("? no verdict", [96, 96, 102]),
    }
}

/// What is written above the picture and above its copy under the heat.
fn captions(annotation: &Annotation<'_>, panel: PanelSize, range: Range) -> [String; 2] {
    let ImageSize { height, width } = annotation.picture.size();
    let stretched = if panel.stretched { ", stretched" } else { "" };
    let regions = match annotation.regions.len() {
        // Without a threshold no one looked for regions.
        0 if annotation.threshold.is_none() => String::new(),
        0 => ", no region".to_owned(),
        1 => ", 1 region".to_owned(),
        count if count <= boxes::MOST => format!(", {count} regions"),
        count => format!(", the {} strongest of {count} regions", boxes::MOST),
    };
    // Else what lies above the mark on the scale and in no box would be a riddle.
    let from = match annotation.regions_from.filter(|from| Some(*from) != annotation.threshold) {
        Some(from) => format!(" from {} on", numbers::rounded(from.value(), 3)),
        None => String::new(),
    };
    // Else a normal picture, all bright, would be taken for a defective one.
    let own = if range.own { "; colours of this picture only" } else { "" };
    let gaps = if range.gaps { "; grey stripes: no value" } else { "" };
    [format!("picture, {width} × {height}{stretched}"), format!("anomaly map{regions}{from}{own}{gaps}")]
}

/// The score beside the threshold, with the sign that leads to the verdict between them.
fn score_line(score: Score, threshold: Option<Threshold>) -> String {
    let Some(threshold) = threshold else { return format!("score {}, no threshold", numbers::rounded(score.0, 3)) };
    let (number, limit) = numbers::told_apart(score.0, threshold.value());
    match Verdict::of(score, threshold) {
        Some(Verdict::Defect) => format!("score {number} ≥ threshold {limit}"),
        Some(Verdict::Ok) => format!("score {number} < threshold {limit}"),
        None => format!("score {number}, threshold {limit}"),
    }
}

/// The badge on the left, title and score beside it.
fn draw_header(canvas: &mut Canvas, area: Rect, annotation: &Annotation<'_>, unit: Unit) {
    let size = TextSize(27.0 * unit.0);
    // The badge is as wide for every verdict, so that titles begin at the same place in every drawing.
    let widest = [None, Some(Verdict::Ok), Some(Verdict::Defect)].map(|verdict| size.width(badge(verdict).0));
    let width = widest.into_iter().max().unwrap_or(0) + unit.pixels(32.0);
    let (word, colour) = badge(annotation.verdict);
    canvas.fill_rounded(Rect { width, ..area }, 8.0 * unit.0, colour);
    let start = area.x + (width.saturating_sub(size.width(word))) / 2;
    size.draw(canvas, word, start, area.y + area.height / 2, [255; 3]);

    let x = area.x + width + unit.pixels(20.0);
    let room = (area.x + area.width).saturating_sub(x);
    let title = unit.title().ellipsised(annotation.title, room);
    unit.title().draw(canvas, &title, x, area.y + area.height * 3 / 11, INK);
    let line = score_line(annotation.score, annotation.threshold);
    // A number is never shortened while smaller letters can hold it.
    let sizes = [unit.title(), unit.body(), unit.small()];
    let size = sizes.into_iter().find(|size| size.width(&line) <= room).unwrap_or(unit.small());
    size.draw(canvas, &size.ellipsised(&line, room), x, area.y + area.height * 8 / 11, INK);
}

#[cfg(test)]
mod tests;
