//! A blister pack: embossed foil, nine tablets in clear pockets, and a row of print.

use moead_model::self_test::SplitMix64;

use super::super::chance::between;
use super::super::shapes::{HALF, Point, WHOLE, cover, disc, fade, plate as square, ring, stroke};
use super::{Product, Texel, over, shade};

/// From one tablet to the next.
const PITCH: i64 = 9000;

/// The row of tablets in the middle lies a little above the pack's.
const RAISED: i64 = -1300;

const fn tablet(column: i64, row: i64) -> Point {
    Point::new(column * PITCH, row * PITCH + RAISED)
}

/// Where the tablets are.
pub(super) const TABLETS: [Point; 9] = [
    tablet(-1, -1),
    tablet(0, -1),
    tablet(1, -1),
    tablet(-1, 0),
    tablet(0, 0),
    tablet(1, 0),
    tablet(-1, 1),
    tablet(0, 1),
    tablet(1, 1),
];

/// Of the pocket in which a tablet lies.
pub(super) const POCKET: i64 = 3900;

/// Of a tablet.
const TABLET: i64 = 3150;

/// Round corners of the pack.
pub(super) const CORNER: i64 = 1700;

/// The shadow on the belt: where it falls, how far it is blurred, and how dark it is.
const SHADOW: (Point, i64, i64) = (Point::new(600, 800), 1500, 110);

/// From one ridge of the foil to the next.
const EMBOSSED: i64 = 1500;

/// The print: its middle, half its sides, and the lines in it.
const PRINT: (Point, Point, i64) = (Point::new(0, 14200), Point::new(9500, 700), 38);

const FOIL: [i64; 3] = [182, 186, 192];
const CLEAR: [i64; 3] = [150, 156, 164];
const TABLET_COLOUR: [i64; 3] = [226, 176, 152];

/// What is at a place of a good pack, and how much brush marks show there.
pub(super) fn good(at: Point, pixel: i64) -> (Texel, u8) {
    let body = Product::Blister.body(at, pixel);
    let shadow = fade(square(at.minus(SHADOW.0), HALF, CORNER), SHADOW.1) * SHADOW.2 / WHOLE;
    let mut colour = FOIL;
    // Ridges along both diagonals, lit from the upper left; finer than a pixel they are grey.
    if pixel * 4 < EMBOSSED {
        for along in [at.x + at.y, at.x - at.y] {
            let phase = along.rem_euclid(EMBOSSED) - EMBOSSED / 2;
            shade(&mut colour, 9 - 36 * phase.abs() / EMBOSSED);
        }
    }
    // The pack's rim is pressed flat.
    over(&mut colour, FOIL.map(|channel| channel + 14), cover(-900 - square(at, HALF, CORNER), pixel));
    over(&mut colour, [52, 62, 104], print(at, pixel));
    let mut foil = WHOLE;
    if let Some(centre) = nearest(at) {
        let own = at.minus(centre);
        foil -= foil * cover(disc(own, MIDDLE, POCKET), pixel) / WHOLE;
        empty_pocket(&mut colour, own, pixel);
        fill(&mut colour, own, pixel);
    }
    let weakened = colour.map(|channel| (channel * body / WHOLE).clamp(0, 255) as u8);
    let belt = (WHOLE - body) * (WHOLE - shadow) / WHOLE;
    // Foil is smoother than brushed metal.
    (Texel { colour: weakened, belt: belt.min(255) as u8 }, (foil * body / WHOLE / 3) as u8)
}

const MIDDLE: Point = Point::new(0, 0);

/// The tablet whose pocket a place may be in.
fn nearest(at: Point) -> Option<Point> {
    TABLETS.into_iter().find(|&centre| disc(at, centre, POCKET + 600) < 0)
}

/// The pocket without a tablet, around 0: a shallow bowl of clear plastic, with the foil behind it.
pub(super) fn empty_pocket(colour: &mut [i64; 3], at: Point, pixel: i64) {
    // Its far wall is lit, the near one is not.
    let bowl = 22 * (at.x + at.y) / POCKET;
    over(colour, CLEAR.map(|channel| channel + bowl), cover(disc(at, MIDDLE, POCKET), pixel));
    over(colour, CLEAR.map(|channel| channel - 46), cover(ring(at, MIDDLE, POCKET - 130, 130), pixel));
    gleam(colour, at);
}

/// Light on the pocket's dome.
fn gleam(colour: &mut [i64; 3], at: Point) {
    let spot = disc(at, Point::new(-1500, -1700), 260);
    over(colour, [250; 3], fade(spot, 620) * 150 / WHOLE);
}

/// The tablet in its pocket, with a line along which it breaks.
fn fill(colour: &mut [i64; 3], at: Point, pixel: i64) {
    let round = 16 * (-at.x - at.y) / TABLET;
    over(colour, TABLET_COLOUR.map(|channel| channel + round), cover(disc(at, MIDDLE, TABLET), pixel));
    over(colour, TABLET_COLOUR.map(|channel| channel - 34), cover(ring(at, MIDDLE, TABLET - 120, 120), pixel));
    let line = stroke(at, [Point::new(-2150, 0), Point::new(2150, 0)], 180);
    over(colour, TABLET_COLOUR.map(|channel| channel - 44), cover(line, pixel));
    gleam(colour, at);
}

/// How much of a pixel is printed: lines of different widths, the same on every pack.
fn print(at: Point, pixel: i64) -> i64 {
    let (centre, half, lines) = PRINT;
    let at = at.minus(centre);
    if at.x.abs() >= half.x || at.y.abs() >= half.y {
        return 0;
    }
    // Lines finer than pixels would flicker: there the print is grey.
    if 2 * half.x / lines < pixel {
        return WHOLE / 2;
    }
    let line = (at.x + half.x) * lines / (2 * half.x);
    if SplitMix64::new(0x626c_6973 + line as u64).next_u64() >> 63 == 1 { WHOLE } else { 0 }
}

/// Somewhere on the edge of a tablet.
pub(super) fn on_edge(dice: &mut SplitMix64) -> Point {
    let centre = TABLETS[between(dice, 0, TABLETS.len() as i64 - 1) as usize];
    // On a square around it, then drawn in to the circle.
    let towards = match (between(dice, -1000, 1000), between(dice, 0, 3)) {
        (along, 0) => Point::new(along, -1000),
        (along, 1) => Point::new(along, 1000),
        (along, 2) => Point::new(-1000, along),
        (along, _) => Point::new(1000, along),
    };
    let length = towards.length().max(1);
    centre.plus(Point::new(towards.x * TABLET / length, towards.y * TABLET / length))
}

/// Fresh tablet along the break, then the empty pocket.
pub(super) fn break_off(texel: &mut Texel, at: Point, distance: i64, pixel: i64) {
    let Some(centre) = nearest(at) else { return };
    let own = at.minus(centre);
    let tablet = cover(disc(own, MIDDLE, TABLET), pixel);
    let mut colour = texel.colour.map(i64::from);
    over(&mut colour, [246, 226, 212], cover(distance - 260, pixel) * tablet / WHOLE);
    let mut behind = colour;
    empty_pocket(&mut behind, own, pixel);
    over(&mut colour, behind, cover(distance, pixel) * tablet / WHOLE);
    texel.colour = colour.map(|channel| channel.clamp(0, 255) as u8);
}
