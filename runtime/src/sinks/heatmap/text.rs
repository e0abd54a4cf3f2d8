//! Text in DejaVu Sans.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, Glyph, PxScale, ScaleFont, point};

use super::canvas::{Canvas, Colour};

/// A part of the typeface (`assets/README.md` says which).
static TYPEFACE: LazyLock<Option<FontRef<'static>>> =
    LazyLock::new(|| FontRef::try_from_slice(include_bytes!("../../../assets/DejaVuSans-subset.ttf")).ok());

/// How high a capital letter is, in parts of the text size.
const CAPITAL_HEIGHT: f32 = 0.729;

/// What stands for letters that were left out.
const ELLIPSIS: char = '…';

/// Text of one size: `0` is the em in pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct TextSize(pub(super) f32);

impl TextSize {
    /// `ab_glyph` measures a scale from the lowest to the highest point of the typeface, not by the em.
    fn scale(self, typeface: &FontRef<'static>) -> PxScale {
        let per_em = typeface.units_per_em().unwrap_or(2048.0);
        PxScale::from(self.0 * typeface.height_unscaled() / per_em)
    }

    /// The letters of a line that begins at 0 on the base line, and where the next letter would begin.
    fn letters(self, text: &str) -> (Vec<Glyph>, f32) {
        let Some(typeface) = TYPEFACE.as_ref() else { return (Vec::new(), 0.0) };
        let scale = self.scale(typeface);
        let scaled = typeface.as_scaled(scale);
        let mut x = 0.0;
        let mut previous = None;
        let mut letters = Vec::new();
        for letter in text.chars() {
            let id = typeface.glyph_id(printable(letter));
            if let Some(previous) = previous {
                x += scaled.kern(previous, id);
            }
            letters.push(id.with_scale_and_position(scale, point(x, 0.0)));
            x += scaled.h_advance(id);
            previous = Some(id);
        }
        (letters, x)
    }

    /// How wide a line is, in pixels.
    pub(super) fn width(self, text: &str) -> usize {
        self.letters(text).1.ceil().max(0.0) as usize
    }

    /// The text, or as much of its beginning and end as fits into `width` pixels with an ellipsis between: what tells
    /// files apart stands at both ends of their names. Empty when not even the ellipsis fits.
    pub(super) fn ellipsised(self, text: &str, width: usize) -> String {
        if self.width(text) <= width {
            return text.to_owned();
        }
        let letters: Vec<char> = text.chars().collect();
        let shortened = |kept: usize| -> String {
            let (start, end) = letters.split_at(kept.div_ceil(2));
            let end = end.iter().skip(end.len().saturating_sub(kept / 2));
            start.iter().copied().chain([ELLIPSIS]).chain(end.copied()).collect()
        };
        // The largest number of letters that fits, by halving; a longer text is never narrower but for kerning.
        let (mut fits, mut too_many) = (0, letters.len());
        while too_many - fits > 1 {
            let middle = fits.midpoint(too_many);
            if self.width(&shortened(middle)) <= width {
                fits = middle;
            } else {
                too_many = middle;
            }
        }
        let text = shortened(fits);
        if self.width(&text) <= width { text } else { String::new() }
    }

    /// Draws a line that begins at `x`, its capital letters centred on the row `middle`.
    pub(super) fn draw(self, canvas: &mut Canvas, text: &str, x: usize, middle: usize, colour: Colour) {
        let Some(typeface) = TYPEFACE.as_ref() else { return };
        let base = (middle as f32 + self.0 * CAPITAL_HEIGHT / 2.0).round();
        for mut letter in self.letters(text).0 {
            letter.position.x += x as f32;
            letter.position.y = base;
            let Some(outline) = typeface.outline_glyph(letter) else { continue };
            let bounds = outline.px_bounds();
            outline.draw(|column, row, coverage| {
                let (x, y) = (bounds.min.x + column as f32, bounds.min.y + row as f32);
                if x >= 0.0 && y >= 0.0 {
                    canvas.blend(x as usize, y as usize, colour, coverage);
                }
            });
        }
    }
}

/// A file name may hold a line feed; it is drawn as a character that no one has.
fn printable(letter: char) -> char {
    if letter.is_control() { '\u{fffd}' } else { letter }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: TextSize = TextSize(20.0);

    #[test]
    fn the_typeface_has_the_letters_and_symbols_of_the_heatmaps() {
        let typeface = TYPEFACE.as_ref().unwrap();
        for letter in "AZaz09äßéŁžЖяΩ…≥×✓✗●▲▼".chars() {
            assert_ne!(typeface.glyph_id(letter).0, 0, "{letter}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_beginning_and_its_end() {
        let name = "line-3/2026-01-15T08-30-00Z/kamera-südost/housing-000123456.png";
        assert_eq!(TEXT.ellipsised(name, 2000), name);
        let short = TEXT.ellipsised(name, 300);
        assert!(TEXT.width(&short) <= 300 && TEXT.width(&short) > 270, "{short}");
        let (start, end) = short.split_once(ELLIPSIS).unwrap();
        assert!(name.starts_with(start) && name.ends_with(end) && end.ends_with(".png"), "{short}");
        assert_eq!(TEXT.ellipsised(name, 3), "");
        assert_eq!(TEXT.ellipsised("", 0), "");
    }

    #[test]
    fn a_line_is_drawn_where_it_is_measured() {
        let size = moead_model::architecture::ImageSize { height: 30, width: 200 };
        let mut canvas = Canvas::new(size, [0; 3]);
        TEXT.draw(&mut canvas, "HEIGHT\n", 10, 15, [255; 3]);
        let width = TEXT.width("HEIGHT\n");
        let picture = canvas.into_picture();
        let lit: Vec<(usize, usize)> = (0..size.height * size.width)
            .filter(|at| picture.pixels()[3 * at] > 128)
            .map(|at| (at % size.width, at / size.width))
            .collect();
        assert!(lit.iter().all(|&(x, _)| (10..10 + width).contains(&x)));
        assert!(lit.iter().any(|&(x, y)| x < 14 && y < 10) && lit.iter().any(|&(x, y)| x < 14 && y > 20));
    }
}
