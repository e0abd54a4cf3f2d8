//! The products: drawn once when they are good, then each with its own marks and, perhaps, its defect.

use moead_model::self_test::SplitMix64;

use crate::score::regions::Rect;

use super::chance::{Chance, Purpose, between, dice};
use super::defects::{Defect, Kind};
use super::shapes::{HALF, Point, WHOLE, cover, plate as square};
use super::surfaces::Brush;

mod blister;
mod plate;

/// What is made in a scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// A cover plate of brushed metal.
    Plate,
    /// A blister pack with nine tablets.
    Blister,
}

impl Product {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Plate, Self::Blister];

    /// Its name, as in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plate => "plate",
            Self::Blister => "blister",
        }
    }

    /// The radius of its corners.
    fn corner(self) -> i64 {
        match self {
            Self::Plate => plate::CORNER,
            Self::Blister => blister::CORNER,
        }
    }

    /// How much of a pixel its body covers.
    pub(super) fn body(self, at: Point, pixel: i64) -> i64 {
        cover(square(at, HALF, self.corner()), pixel)
    }

    /// Where the pieces are of which one may be missing.
    pub(super) fn pieces(self) -> &'static [Point] {
        match self {
            Self::Plate => &plate::SCREWS,
            Self::Blister => &blister::TABLETS,
        }
    }

    /// Half of the square around a piece's middle that changes when it is missing.
    pub(super) fn reach_of_piece(self) -> i64 {
        match self {
            Self::Plate => plate::SINK,
            Self::Blister => blister::POCKET,
        }
    }

    /// What is there when a piece is missing, around its middle.
    pub(super) fn without_piece(self, colour: &mut [i64; 3], at: Point, pixel: i64) {
        match self {
            Self::Plate => plate::empty_sink(colour, at, pixel),
            Self::Blister => blister::empty_pocket(colour, at, pixel),
        }
    }

    /// Whether a dark spot shows there, with `room` around it.
    pub(super) fn is_plain(self, at: Point, room: i64) -> bool {
        match self {
            Self::Plate => plate::is_metal(at, room),
            Self::Blister => true,
        }
    }

    /// A place on an edge from which something may be broken off.
    pub(super) fn on_edge(self, dice: &mut SplitMix64) -> Point {
        match self {
            Self::Plate => plate::on_edge(dice),
            Self::Blister => blister::on_edge(dice),
        }
    }

    /// Breaks off what is nearer than 0 to a break.
    pub(super) fn break_off(self, texel: &mut Texel, at: Point, distance: i64, pixel: i64) {
        match self {
            Self::Plate => plate::break_off(texel, at, distance, pixel),
            Self::Blister => blister::break_off(texel, at, distance, pixel),
        }
    }
}

/// A pixel of a product, in front of the belt: its colours, weakened where the belt shows through, and how much of the belt
/// does: 0 nothing, 255 all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Texel {
    pub(super) colour: [u8; 3],
    pub(super) belt: u8,
}

/// A product without defects and without the marks that tell one from another.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) product: Product,
    /// Of its body, in pixels.
    pub(super) diameter: usize,
    /// Of the square that holds body and shadow.
    pub(super) side: usize,
    /// What a pixel is in [`HALF`]'s unit.
    pixel: i64,
    texels: Vec<Texel>,
    /// How much brush marks show, in 255ths.
    brushed: Vec<u8>,
}

/// Puts a colour over another.
pub(super) fn over(below: &mut [i64; 3], colour: [i64; 3], cover: i64) {
    for (below, colour) in below.iter_mut().zip(colour) {
        *below += (colour - *below) * cover / WHOLE;
    }
}

/// Makes a colour lighter or darker.
fn shade(colour: &mut [i64; 3], by: i64) {
    for channel in colour {
        *channel += by;
    }
}

impl Template {
    /// Draws the product.
    pub(super) fn new(product: Product, diameter: usize) -> Self {
        let side = diameter + 2 * (diameter / 10 + 2);
        let pixel = 2 * HALF / diameter as i64;
        let code = plate::Code::new();
        let good = |at| match product {
            Product::Plate => plate::good(at, pixel, &code),
            Product::Blister => blister::good(at, pixel),
        };
        let mut template = Self {
            product,
            diameter,
            side,
            pixel,
            texels: Vec::with_capacity(side * side),
            brushed: Vec::with_capacity(side * side),
        };
        for y in 0..side {
            for x in 0..side {
                let (texel, brushed) = good(template.place(x, y));
                template.texels.push(texel);
                template.brushed.push(brushed);
            }
        }
        template
    }

    /// The middle of a pixel.
    fn place(&self, x: usize, y: usize) -> Point {
        let along = |at: usize| (2 * at as i64 + 1 - self.side as i64) * HALF / self.diameter as i64;
        Point::new(along(x), along(y))
    }

    /// The pixels that touch what lies between `low` and `high`, first and last, in one direction.
    fn pixels(&self, low: i64, high: i64) -> (usize, usize) {
        let at = |place: i64| (place * self.diameter as i64 / HALF + self.side as i64) / 2;
        let last = self.side as i64 - 1;
        ((at(low) - 1).clamp(0, last) as usize, (at(high) + 1).clamp(0, last) as usize)
    }
}

/// How a product lies on the belt, in pixels from its place.
pub(super) fn lie(seed: u64, number: u64, diameter: usize) -> (i64, i64) {
    let mut dice = dice(seed, Purpose::Product, number);
    let (across, along) = (diameter as i64 / 50, diameter as i64 / 20);
    let x = between(&mut dice, -along, along);
    (x, between(&mut dice, -across, across))
}

/// One product as it looks: memory that is used again for the next.
#[derive(Debug)]
pub(super) struct Part {
    number: Option<u64>,
    pub(super) texels: Vec<Texel>,
    /// What is wrong with it.
    pub(super) defect: Option<Kind>,
    /// Where that shows: for each of its columns the first and the last row.
    shows: Vec<Option<(usize, usize)>>,
}

/// A difference in any channel from here on shows.
const SHOWS: u8 = 12;

impl Part {
    pub(super) fn blank(template: &Template) -> Self {
        Self { number: None, texels: template.texels.clone(), defect: None, shows: vec![None; template.side] }
    }

    /// What is wrong with it, and a rectangle around all of it that shows in columns `from` to `to`, in its own pixels.
    pub(super) fn visible_defect(&self, from: usize, to: usize) -> Option<(Kind, Rect)> {
        let kind = self.defect?;
        let columns = self.shows.get(from..to.min(self.shows.len()))?.iter().enumerate();
        let columns = columns.filter_map(|(x, rows)| rows.map(|(top, bottom)| (x, top, bottom)));
        let (left, top, right, bottom) = columns.fold(None, |seen, (x, top, bottom)| {
            let (left, highest, _, lowest) = seen.unwrap_or((x, top, x, bottom));
            Some((left, top.min(highest), x, bottom.max(lowest)))
        })?;
        Some((kind, Rect { x: from + left, y: top, width: right - left + 1, height: bottom - top + 1 }))
    }

    /// Becomes that product, unless it is already.
    pub(super) fn become_number(
        &mut self,
        number: u64,
        seed: u64,
        defects: Chance,
        template: &Template,
        brush: &Brush,
    ) {
        if self.number == Some(number) {
            return;
        }
        self.number = Some(number);
        let mut dice = dice(seed, Purpose::Product, number);
        // The two throws of `lie`.
        dice.next_u64();
        dice.next_u64();
        let bright = between(&mut dice, 246, 266);
        let (brush_x, brush_y) = (dice.next_u64() as usize, dice.next_u64() as usize);
        let rows = self.texels.chunks_exact_mut(template.side).zip(template.texels.chunks_exact(template.side));
        for (y, ((row, plain), brushed)) in rows.zip(template.brushed.chunks_exact(template.side)).enumerate() {
            let marks = brush.row(brush_y.wrapping_add(y));
            for (x, ((texel, plain), &brushed)) in row.iter_mut().zip(plain).zip(brushed).enumerate() {
                let mark = i32::from(marks[brush_x.wrapping_add(x) % marks.len()]) * i32::from(brushed) / 256;
                let colour = plain
                    .colour
                    .map(|channel| (((i32::from(channel) * bright as i32) >> 8) + mark).clamp(0, 255) as u8);
                *texel = Texel { colour, belt: plain.belt };
            }
        }
        self.defect = self.spoil(seed, number, defects, template);
    }

    /// Draws its defect, if it has one.
    fn spoil(&mut self, seed: u64, number: u64, defects: Chance, template: &Template) -> Option<Kind> {
        self.shows.fill(None);
        let mut dice = dice(seed, Purpose::Defect, number);
        if !defects.happens(&mut dice) {
            return None;
        }
        let product = template.product;
        let defect = Defect::draw(product, &mut dice, template.pixel);
        let (low, high) = defect.extent(product);
        let (first_x, last_x) = template.pixels(low.x, high.x);
        let (first_y, last_y) = template.pixels(low.y, high.y);
        let mut is_seen = false;
        for y in first_y..=last_y {
            for x in first_x..=last_x {
                let texel = &mut self.texels[y * template.side + x];
                let before = *texel;
                defect.paint(product, texel, template.place(x, y), template.pixel);
                if texel.differs(before) {
                    let (top, _) = self.shows[x].unwrap_or((y, y));
                    self.shows[x] = Some((top, y));
                    is_seen = true;
                }
            }
        }
        is_seen.then_some(defect.kind())
    }
}

impl Texel {
    fn differs(self, other: Self) -> bool {
        let mut pairs = self.colour.into_iter().zip(other.colour);
        pairs.any(|(a, b)| a.abs_diff(b) >= SHOWS) || self.belt.abs_diff(other.belt) >= SHOWS
    }
}
