//! Draws frames. All memory is taken at the start.

use crate::preprocess::raw::{ColourSpace, Matrix, PixelFormat, Range, RawFormat};
use crate::score::regions::Rect;
use crate::stream::frame::Truth;

use super::chance::{Purpose, between, dice};
use super::formats;
use super::product::{Part, Texel};
use super::stage::{Place, Stage};
use super::surfaces::PIXEL;

/// What the lamp does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Light {
    /// It shines.
    On,
    /// It is out: nothing but noise around a low level.
    Out,
    /// It is far too strong: everything is white.
    Glaring,
}

/// Levels of frames that show nothing.
const DARK: i32 = 3;
const GLARE: i32 = 262;

/// Draws one scene in one format.
#[derive(Debug)]
pub(super) struct Canvas {
    format: RawFormat,
    /// The frame.
    bytes: Vec<u8>,
    /// Two rows as red, green, blue.
    rows: Vec<u8>,
    parts: Vec<Part>,
    /// The products in the frame.
    places: Vec<Place>,
    /// What is in `bytes`.
    drawn: Option<(u64, Light, Truth)>,
}

impl Canvas {
    pub(super) fn new(stage: &Stage, pixels: PixelFormat) -> Self {
        let size = stage.size;
        let row = size.width * PIXEL;
        let (stride, length) = match pixels {
            PixelFormat::Yuyv => (2 * size.width, 2 * size.width * size.height),
            PixelFormat::Nv12 => (size.width, size.width * size.height * 3 / 2),
            PixelFormat::Grey => (size.width, size.width * size.height),
            _ => (row, row * size.height),
        };
        let range = if pixels == PixelFormat::Grey { Range::Full } else { Range::Limited };
        Self {
            format: RawFormat { pixels, size, stride, colour: ColourSpace { matrix: Matrix::Bt601, range } },
            bytes: vec![0; length],
            rows: vec![0; 2 * row],
            parts: (0..stage.most_products()).map(|_| Part::blank(&stage.template)).collect(),
            places: Vec::with_capacity(stage.most_products()),
            drawn: None,
        }
    }

    /// How the bytes are to be read.
    pub(super) fn format(&self) -> RawFormat {
        self.format
    }

    /// How many bytes a frame has.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Draws a frame: its bytes, and what is really to be seen.
    pub(super) fn draw(&mut self, stage: &Stage, frame: u64, light: Light) -> (&[u8], Truth) {
        let truth = match self.drawn {
            Some((last, shone, truth)) if (last, shone) == (frame, light) => truth,
            _ => {
                let truth = self.arrange(stage, frame, light);
                self.paint(stage, frame, light);
                self.drawn = Some((frame, light, truth));
                truth
            }
        };
        (&self.bytes, truth)
    }

    /// Makes the products that are in the frame, and finds the defect that shows most.
    fn arrange(&mut self, stage: &Stage, frame: u64, light: Light) -> Truth {
        let mut truth = Truth { kind: None, bounds: None };
        self.places.clear();
        if light != Light::On {
            return truth;
        }
        self.places.extend(stage.products(frame));
        let mut most = 0;
        for &place in &self.places {
            let index = index(&self.parts, place);
            let part = &mut self.parts[index];
            part.become_number(place.number, stage.seed, stage.defects, &stage.template, &stage.brush);
            let Some((kind, bounds)) = visible(part, place, stage) else { continue };
            if bounds.width * bounds.height > most {
                most = bounds.width * bounds.height;
                truth = Truth { kind: Some(kind), bounds: Some(bounds) };
            }
        }
        truth
    }

    fn paint(&mut self, stage: &Stage, frame: u64, light: Light) {
        let row_bytes = stage.size.width * PIXEL;
        let exposure = Exposure::new(stage, frame, light);
        if self.format.pixels == PixelFormat::Rgb3 {
            let mut bytes = std::mem::take(&mut self.bytes);
            for (y, row) in bytes.chunks_exact_mut(row_bytes).enumerate() {
                self.row(stage, &exposure, y, row);
            }
            self.bytes = bytes;
            return;
        }
        let mut rows = std::mem::take(&mut self.rows);
        let (upper, lower) = rows.split_at_mut(row_bytes);
        for y in (0..stage.size.height).step_by(2) {
            self.row(stage, &exposure, y, upper);
            self.convert(y, upper);
            if y + 1 < stage.size.height {
                self.row(stage, &exposure, y + 1, lower);
                self.convert(y + 1, lower);
            }
            if self.format.pixels == PixelFormat::Nv12 {
                let stride = self.format.stride;
                let place = (stage.size.height + y / 2) * stride;
                formats::pairs(upper, lower, &mut self.bytes[place..][..stride]);
            }
        }
        self.rows = rows;
    }

    /// Puts a row's pixels where the format has them.
    fn convert(&mut self, y: usize, row: &[u8]) {
        let stride = self.format.stride;
        let target = &mut self.bytes[y * stride..][..stride];
        match self.format.pixels {
            PixelFormat::Yuyv => formats::yuyv(row, target),
            PixelFormat::Nv12 => formats::y(row, target),
            _ => formats::grey(row, target),
        }
    }

    /// Draws a row as red, green, blue.
    fn row(&self, stage: &Stage, exposure: &Exposure, y: usize, row: &mut [u8]) {
        let noise = stage.optics.noise(&mut dice(exposure.seed, Purpose::Frame, y as u64));
        let level = match exposure.light {
            Light::On => {
                stage.ground.draw(y, stage.size.height, exposure.moved, row);
                for &place in &self.places {
                    self.lay(stage, place, y, row);
                }
                stage.optics.expose(y, exposure.flicker, noise, row);
                return;
            }
            Light::Out => DARK,
            Light::Glaring => GLARE,
        };
        for (byte, &noise) in row.iter_mut().zip(noise) {
            *byte = (level + i32::from(noise)).clamp(0, 255) as u8;
        }
    }

    /// Lays a product's pixels over a row.
    fn lay(&self, stage: &Stage, place: Place, y: usize, row: &mut [u8]) {
        let side = stage.template.side;
        let Some(own) = usize::try_from(y as i64 - place.y).ok().filter(|&own| own < side) else { return };
        let texels = &self.parts[index(&self.parts, place)].texels[own * side..][..side];
        let pixels = row.as_chunks_mut::<PIXEL>().0;
        // One of both is 0.
        let (hidden, first) = ((-place.x).max(0) as usize, place.x.max(0) as usize);
        let (Some(pixels), Some(texels)) = (pixels.get_mut(first..), texels.get(hidden..)) else { return };
        for (pixel, &Texel { colour, belt }) in pixels.iter_mut().zip(texels) {
            match belt {
                0 => *pixel = colour,
                255 => {}
                _ => {
                    for (below, colour) in pixel.iter_mut().zip(colour) {
                        *below = colour.saturating_add((u16::from(*below) * u16::from(belt) / 255) as u8);
                    }
                }
            }
        }
    }
}

/// What all rows of a frame have in common.
struct Exposure {
    light: Light,
    /// How far the belt has moved, in pixels.
    moved: u64,
    /// The lamp's strength, in 256ths.
    flicker: u16,
    /// Of its noise.
    seed: u64,
}

impl Exposure {
    fn new(stage: &Stage, frame: u64, light: Light) -> Self {
        let mut dice = dice(stage.seed, Purpose::Frame, frame);
        let flicker = between(&mut dice, 251, 256) as u16;
        Self { light, moved: stage.moved(frame), flicker, seed: dice.next_u64() }
    }
}

/// There are as many parts as products can be in a frame, and those have numbers in a row.
fn index(parts: &[Part], place: Place) -> usize {
    (place.number % parts.len() as u64) as usize
}

/// What of a product's defect lies in the frame.
fn visible(part: &Part, place: Place, stage: &Stage) -> Option<(&'static str, Rect)> {
    // A place in the frame is at least -side and less than the frame's side.
    let hidden = (-place.x).max(0) as usize;
    let in_frame = (stage.size.width as i64 - place.x).max(0) as usize;
    let (kind, bounds) = part.visible_defect(hidden, in_frame)?;
    let top = (place.y + bounds.y as i64).max(0);
    let bottom = (place.y + (bounds.y + bounds.height) as i64).min(stage.size.height as i64);
    let height = usize::try_from(bottom - top).ok().filter(|&height| height > 0)?;
    let x = (place.x + bounds.x as i64) as usize;
    Some((kind.name(), Rect { x, y: top as usize, width: bounds.width, height }))
}

#[cfg(test)]
mod tests;
