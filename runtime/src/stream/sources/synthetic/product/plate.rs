//! A cover plate of brushed metal with four screws, a rubber ring around a turned disc, and a printed code.

use moead_model::self_test::SplitMix64;

use super::super::chance::between;
use super::super::shapes::{HALF, Point, WHOLE, cover, disc, fade, plate, ring, stroke};
use super::{Product, Texel, over, shade};

/// Where the screws are.
pub(super) const SCREWS: [Point; 4] =
    [Point::new(-11600, -11600), Point::new(11600, -11600), Point::new(-11600, 11600), Point::new(11600, 11600)];

/// Of a screw's head.
const SCREW: i64 = 1900;

/// Of the hole in which it sits.
pub(super) const SINK: i64 = 2350;

/// Rounded corners of the plate.
pub(super) const CORNER: i64 = 2600;

/// Middle of the rubber ring, and half its width.
const RING: (i64, i64) = (7000, 800);

/// The printed code: its middle, half its side, and its modules per side.
const CODE: (Point, i64, i64) = (Point::new(0, 11700), 2000, 12);

/// The shadow on the belt: where it falls, how far it is blurred, and how dark it is.
const SHADOW: (Point, i64, i64) = (Point::new(900, 1200), 1900, 120);

const METAL: [i64; 3] = [166, 171, 176];
const RUBBER: [i64; 3] = [40, 40, 43];
const BLACK: [i64; 3] = [26, 25, 25];

/// What is at a place of a good product, and how much brush marks show there.
pub(super) fn good(at: Point, pixel: i64, code: &Code) -> (Texel, u8) {
    let middle = Point::new(0, 0);
    let edge = plate(at, HALF, CORNER);
    let body = Product::Plate.body(at, pixel);
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
pub(super) struct Code(Vec<bool>);

impl Code {
    pub(super) fn new() -> Self {
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

/// Bare metal, `room` away from screws, ring, shaft and print.
pub(super) fn is_metal(at: Point, room: i64) -> bool {
    let ring = disc(at, Point::new(0, 0), RING.0).abs() > RING.1 + room;
    let screws = SCREWS.iter().all(|&screw| disc(at, screw, SINK) > room);
    ring && screws && at.length() > 2000 + room && !(at.x.abs() < 2000 + room && at.y > 9700 - room)
}

/// Somewhere on one of its four edges.
pub(super) fn on_edge(dice: &mut SplitMix64) -> Point {
    let along = between(dice, -8500, 8500);
    match between(dice, 0, 3) {
        0 => Point::new(along, -HALF),
        1 => Point::new(along, HALF),
        2 => Point::new(-HALF, along),
        _ => Point::new(HALF, along),
    }
}

/// Fresh metal along the break, then the belt; the plate's shadow beside it stays.
pub(super) fn break_off(texel: &mut Texel, at: Point, distance: i64, pixel: i64) {
    let mut colour = texel.colour.map(i64::from);
    let body = Product::Plate.body(at, pixel);
    over(&mut colour, [216; 3], cover(distance - 260, pixel) * body / WHOLE);
    let gone = cover(distance, pixel) * body / WHOLE;
    texel.colour = colour.map(|channel| (channel - channel * gone / WHOLE).clamp(0, 255) as u8);
    texel.belt = (i64::from(texel.belt) + (255 - i64::from(texel.belt)) * gone / WHOLE) as u8;
}
