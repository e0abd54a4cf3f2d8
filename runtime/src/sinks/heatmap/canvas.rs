//! A picture to draw on: everything is clipped at its edges.

use moead_model::architecture::ImageSize;

use crate::preprocess::picture::Picture;
use crate::score::regions::Rect;

/// Red, green, blue.
pub(super) type Colour = [u8; 3];

/// A mixture of two colours: 0 is all `under`, 1 is all `over`.
pub(super) fn mixed(under: Colour, over: Colour, opacity: f32) -> Colour {
    let mut out = under;
    for (out, over) in out.iter_mut().zip(over) {
        // `as` clips to 0..=255.
        *out = (f32::from(*out) + (f32::from(over) - f32::from(*out)) * opacity).round() as u8;
    }
    out
}

/// A part of a larger area, `inset` away from its edges on all sides; never narrower than a pixel.
pub(super) fn inset(area: Rect, inset: usize) -> Rect {
    Rect {
        x: area.x + inset,
        y: area.y + inset,
        width: area.width.saturating_sub(2 * inset).max(1),
        height: area.height.saturating_sub(2 * inset).max(1),
    }
}

/// A picture that is being drawn.
pub(super) struct Canvas {
    picture: Picture,
}

impl Canvas {
    /// An empty sheet.
    pub(super) fn new(size: ImageSize, ground: Colour) -> Self {
        Self { picture: Picture::filled(size, ground) }
    }

    /// A picture to draw over.
    pub(super) fn on(picture: Picture) -> Self {
        Self { picture }
    }

    /// What was drawn.
    pub(super) fn into_picture(self) -> Picture {
        self.picture
    }

    /// The pixels from `x` on in row `y`, at most `width` of them.
    fn row_mut(&mut self, x: usize, y: usize, width: usize) -> &mut [Colour] {
        let size = self.picture.size();
        let (pixels, _) = self.picture.pixels_mut().as_chunks_mut::<3>();
        if x >= size.width || y >= size.height {
            return &mut [];
        }
        let start = y * size.width + x;
        pixels.get_mut(start..start + width.min(size.width - x)).unwrap_or_default()
    }

    /// Lays a colour over one pixel.
    pub(super) fn blend(&mut self, x: usize, y: usize, colour: Colour, opacity: f32) {
        if let Some(pixel) = self.row_mut(x, y, 1).first_mut() {
            *pixel = mixed(*pixel, colour, opacity.clamp(0.0, 1.0));
        }
    }

    /// Fills an area.
    pub(super) fn fill(&mut self, area: Rect, colour: Colour) {
        for y in area.y..area.y + area.height {
            self.row_mut(area.x, y, area.width).fill(colour);
        }
    }

    /// Fills an area with round corners and smooth edges.
    pub(super) fn fill_rounded(&mut self, area: Rect, radius: f32, colour: Colour) {
        let half = (area.width as f32 / 2.0, area.height as f32 / 2.0);
        let radius = radius.min(half.0).min(half.1);
        for row in 0..area.height {
            for column in 0..area.width {
                // The distance from the edge of the rounded rectangle, below 0 inside it.
                let dx = (column as f32 + 0.5 - half.0).abs() - (half.0 - radius);
                let dy = (row as f32 + 0.5 - half.1).abs() - (half.1 - radius);
                let distance = dx.max(0.0).hypot(dy.max(0.0)) + dx.max(dy).min(0.0) - radius;
                self.blend(area.x + column, area.y + row, colour, 0.5 - distance);
            }
        }
    }

    /// A frame of `thickness` pixels along the inner edge of an area.
    pub(super) fn frame(&mut self, area: Rect, thickness: usize, colour: Colour) {
        let Rect { x, y, width, height } = area;
        let (across, down) = (thickness.min(width), thickness.min(height));
        self.fill(Rect { x, y, width, height: down }, colour);
        self.fill(Rect { x, y: y + height - down, width, height: down }, colour);
        self.fill(Rect { x, y, width: across, height }, colour);
        self.fill(Rect { x: x + width - across, y, width: across, height }, colour);
    }

    /// Lays a picture down with its upper left corner at `area`'s.
    pub(super) fn paste(&mut self, picture: &Picture, area: Rect) {
        let width = picture.size().width;
        for (row, pixels) in picture.pixels().chunks_exact((3 * width).max(1)).take(area.height).enumerate() {
            let (pixels, _) = pixels.as_chunks::<3>();
            for (out, colour) in self.row_mut(area.x, area.y + row, area.width).iter_mut().zip(pixels) {
                *out = *colour;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawing_stops_at_the_edges() {
        let mut canvas = Canvas::new(ImageSize { height: 2, width: 3 }, [0; 3]);
        canvas.fill(Rect { x: 2, y: 1, width: 9, height: 9 }, [255; 3]);
        canvas.frame(Rect { x: 5, y: 5, width: 1, height: 1 }, 4, [255; 3]);
        canvas.paste(
            &Picture::filled(ImageSize { height: 4, width: 4 }, [9; 3]),
            Rect { x: 0, y: 1, width: 1, height: 9 },
        );
        assert_eq!(canvas.into_picture().into_pixels(), [0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 9, 9, 0, 0, 0, 255, 255, 255]);
    }

    #[test]
    fn a_mixture_lies_between_both_colours() {
        assert_eq!(mixed([0, 100, 200], [100, 0, 200], 0.5), [50, 50, 200]);
        assert_eq!(mixed([0, 100, 200], [100, 0, 200], 0.0), [0, 100, 200]);
        assert_eq!(mixed([0, 100, 200], [100, 0, 200], 1.0), [100, 0, 200]);
    }
}
