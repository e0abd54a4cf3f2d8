//! The product: a cover plate of brushed metal with four screws, a rubber ring around a turned disc, and a printed code.

use moead_model::self_test::SplitMix64;

use crate::score::regions::Rect;

use super::chance::{Chance, Purpose, between, dice};
use super::defects::{Defect, Kind};
use super::shapes::{HALF, Point, WHOLE, cover, disc, fade, plate, ring, stroke};
use super::surfaces::Brush;

/// Where the screws are.
pub(super) const SCREWS: [Point; 4] =
    [Point::new(-11600, -11600), Point::new(11600, -11600), Point::new(-11600, 11600), Point::new(11600, 11600)];

/// Of a screw's head.
pub(super) const SCREW: i64 = 1900;

/// Of the hole in which it sits.
pub(super) const SINK: i64 = 2350;

/// Rounded corners of the plate.
const CORNER: i64 = 2600;

/// Middle of the rubber ring, and half its width.
pub(super) const RING: (i64, i64) = (7000, 800);

/// The printed code: its middle, half its side, and its modules per side.
const CODE: (Point, i64, i64) = (Point::new(0, 11700), 2000, 12);

/// The shadow on the belt: where it falls, how far it is blurred, and how dark it is.
const SHADOW: (Point, i64, i64) = (Point::new(900, 1200), 1900, 120);

const METAL: [i64; 3] = [166, 171, 176];
const RUBBER: [i64; 3] = [40, 40, 43];
const BLACK: [i64; 3] = [26, 25, 25];

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
    /// Of the plate, in pixels.
    pub(super) diameter: usize,
    /// Of the square that holds plate and shadow.
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
    pub(super) fn new(diameter: usize) -> Self {
        let side = diameter + 2 * (diameter / 10 + 2);
        let pixel = 2 * HALF / diameter as i64;
        let code = Code::new();
        let mut template = Self {
            diameter,
            side,
            pixel,
            texels: Vec::with_capacity(side * side),
            brushed: Vec::with_capacity(side * side),
        };
        for y in 0..side {
            for x in 0..side {
                let (texel, brushed) = good(template.place(x, y), pixel, &code);
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

/// How much of a pixel the plate covers.
pub(super) fn body(at: Point, pixel: i64) -> i64 {
    cover(plate(at, HALF, CORNER), pixel)
}

/// What is at a place of a good product, and how much brush marks show there.
fn good(at: Point, pixel: i64, code: &Code) -> (Texel, u8) {
    let middle = Point::new(0, 0);
    let edge = plate(at, HALF, CORNER);
    let body = body(at, pixel);
    let shadow = fade(plate(at.minus(SHADOW.0), HALF, CORNER), SHADOW.1) * SHADOW.2 / WHOLE;
    let mut colour = METAL;
    let mut brushed = WHOLE;

    // The bevel: light comes from the upper left.
    let towards = if at.x.abs() > at.y.abs() { at.x } else { at.y };
    let bevel = WHOLE - cover(edge + 1000, pixel);
    shade(&mut colour, -34 * towards.signum() * bevel / WHOLE);
    // A groove inside of it.
    shade(&mut colour, -30 * cover(plate(at, HALF - 1700, CORNER - 600).abs() - 110, pixel) / WHOLE);

    // The turned disc: rings, and the cross of light that turning leaves.
    let from_middle = at.length().max(1);
    let turned = cover(disc(at, middle, RING.0), pixel);
    let rings = if (from_middle / 310) % 2 == 0 { 5 } else { -5 };
    let light = 34 - 68 * (at.x.abs() - at.y.abs()).abs() / (at.x.abs() + at.y.abs()).max(1);
    let fine = if pixel < 160 { rings } else { 0 };
    over(&mut colour, METAL.map(|channel| channel + light / 2 + fine), turned);
    brushed -= brushed * turned / WHOLE;

    // The rubber ring, lighter where it faces the light.
    let facing = 12 * (-at.x - at.y) / from_middle * if from_middle > RING.0 { 1 } else { -1 };
    let rubber = cover(ring(at, middle, RING.0, RING.1), pixel);
    over(&mut colour, RUBBER.map(|channel| channel + facing), rubber);
    brushed -= brushed * rubber / WHOLE;
    let shaft = cover(disc(at, middle, 1600), pixel);
    over(&mut colour, [96, 98, 102], cover(ring(at, middle, 1700, 180), pixel));
    over(&mut colour, BLACK, shaft);

    for centre in SCREWS {
        let sunk = screw(&mut colour, at.minus(centre), pixel);
        brushed -= brushed * sunk / WHOLE;
    }
    over(&mut colour, BLACK.map(|channel| channel + 22), code.cover(at, pixel));

    let weakened = colour.map(|channel| (channel.clamp(0, 255) * body / WHOLE) as u8);
    let belt = (WHOLE - body) * (WHOLE - shadow) / WHOLE;
    (Texel { colour: weakened, belt: belt.min(255) as u8 }, (brushed * body / WHOLE).clamp(0, 255) as u8)
}

/// A screw with a cross, around 0; how much of the pixel its sink takes.
fn screw(colour: &mut [i64; 3], at: Point, pixel: i64) -> i64 {
    let middle = Point::new(0, 0);
    let sunk = cover(disc(at, middle, SINK), pixel);
    if sunk == 0 {
        return 0;
    }
    over(colour, [84, 86, 90], sunk);
    let rise = 40 * (-at.x - at.y) / SCREW / 2;
    let head = [196, 198, 200].map(|channel| channel + rise);
    over(colour, head, cover(disc(at, middle, SCREW), pixel));
    for arm in [Point::new(850, 620), Point::new(-620, 850)] {
        let slot = stroke(at, [arm, Point::new(-arm.x, -arm.y)], 240);
        over(colour, [58, 58, 60], cover(slot, pixel));
    }
    sunk
}

/// The hole without its screw, around 0: what a missing one leaves.
pub(super) fn empty_sink(colour: &mut [i64; 3], at: Point, pixel: i64) {
    let middle = Point::new(0, 0);
    // Its wall is lit where it faces the light, at the lower right.
    let wall = 112 + 34 * (at.x + at.y) / SINK;
    over(colour, [wall, wall + 1, wall + 3], cover(disc(at, middle, SINK), pixel));
    over(colour, BLACK, cover(disc(at, middle, 1350), pixel));
    over(colour, [72, 72, 74], cover(ring(at, middle, 1000, 90), pixel));
}

/// The printed code: a square of modules, each dark or not, dark along the left and the lower edge.
struct Code(Vec<bool>);

impl Code {
    fn new() -> Self {
        // The product's number, so to speak: the same on every product and for every seed.
        let mut bits = SplitMix64::new(0x6d6f_6561_6400);
        let modules = CODE.2;
        let is_dark = |at: i64| {
            let (row, column) = (at / modules, at % modules);
            let is_random = bits.next_u64() >> 63 == 1;
            column == 0 || row == modules - 1 || if row == 0 { column % 2 == 0 } else { is_random }
        };
        Self((0..modules * modules).map(is_dark).collect())
    }

    fn cover(&self, at: Point, pixel: i64) -> i64 {
        let (centre, half, modules) = CODE;
        let at = at.minus(centre).plus(Point::new(half, half));
        let module = |along: i64| (0..2 * half).contains(&along).then(|| along * modules / (2 * half));
        let (Some(column), Some(row)) = (module(at.x), module(at.y)) else { return 0 };
        // Modules are laid over pixels without smoothing, so on small frames they would flicker: there the print is grey.
        if 2 * half / modules < pixel {
            return WHOLE / 2;
        }
        if self.0[(row * modules + column) as usize] { WHOLE } else { 0 }
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
        let defect = Defect::draw(&mut dice, template.pixel);
        let (low, high) = defect.extent();
        let (first_x, last_x) = template.pixels(low.x, high.x);
        let (first_y, last_y) = template.pixels(low.y, high.y);
        let mut is_seen = false;
        for y in first_y..=last_y {
            for x in first_x..=last_x {
                let texel = &mut self.texels[y * template.side + x];
                let before = *texel;
                defect.paint(texel, template.place(x, y), template.pixel);
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
