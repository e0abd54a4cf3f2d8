//! What can be wrong with a product.

use moead_model::self_test::SplitMix64;

use super::chance::between;
use super::product::{Product, Texel, over};
use super::shapes::{HALF, Point, WHOLE, cover, disc, fade, stroke};

/// The kinds of defects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A bright line with a burr beside it.
    Scratch,
    /// A dark, round pit.
    Hole,
    /// A brown patch with soft edges.
    Stain,
    /// A screw or a tablet that is not there.
    Missing,
    /// Something broken off an edge.
    Chip,
}

impl Kind {
    /// As in result lines.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Scratch => "scratch",
            Self::Hole => "hole",
            Self::Stain => "stain",
            Self::Missing => "missing",
            Self::Chip => "chip",
        }
    }
}

/// A defect with its place on the product.
#[derive(Debug, Clone, Copy)]
pub(super) enum Defect {
    /// From point to point.
    Scratch {
        points: [Point; 3],
        half_width: i64,
    },
    Hole {
        centre: Point,
        radius: i64,
    },
    /// Discs that run into each other.
    Stain {
        spots: [(Point, i64); 5],
        strength: i64,
    },
    /// Of a piece.
    Missing {
        centre: Point,
    },
    /// Discs that are gone.
    Chip {
        bites: [(Point, i64); 3],
    },
}

/// How far a stain's edge is blurred.
const BLUR: i64 = 900;

/// Directions, a 16th of a turn apart from half a turn, 1024 long: sine and cosine of 0, 22.5, 45 and 67.5 degrees.
const DIRECTIONS: [Point; 8] = [
    Point::new(1024, 0),
    Point::new(946, 392),
    Point::new(724, 724),
    Point::new(392, 946),
    Point::new(0, 1024),
    Point::new(-392, 946),
    Point::new(-724, 724),
    Point::new(-946, 392),
];

impl Defect {
    /// One of the kinds, somewhere. No part of it is smaller than what a pixel, `pixel` wide, can show.
    pub(super) fn draw(product: Product, dice: &mut SplitMix64, pixel: i64) -> Self {
        match between(dice, 0, 4) {
            0 => Self::scratch(dice, pixel),
            1 => {
                let radius = between(dice, 700, 1500).max(pixel * 3 / 2);
                Self::Hole { centre: on_plain(product, dice, radius), radius }
            }
            2 => {
                let centre = on_plain(product, dice, 1000);
                let spot = |_| (around(dice, centre, 1300), between(dice, 700, 1700).max(pixel));
                let spots = std::array::from_fn(spot);
                Self::Stain { spots, strength: between(dice, 110, 170) }
            }
            3 => {
                let pieces = product.pieces();
                Self::Missing { centre: pieces[between(dice, 0, pieces.len() as i64 - 1) as usize] }
            }
            _ => Self::chip(product, dice, pixel),
        }
    }

    fn scratch(dice: &mut SplitMix64, pixel: i64) -> Self {
        let half_width = between(dice, 90, 190).max(pixel * 2 / 3);
        let middle = around(dice, Point::new(0, 0), 8500);
        let turn = between(dice, 0, 7) as usize;
        let mut along = |turn: usize, sign: i64| {
            let (direction, length) = (DIRECTIONS[turn % DIRECTIONS.len()], between(dice, 1800, 5000));
            // Half a turn further, directions repeat themselves the other way round.
            let sign = if turn < DIRECTIONS.len() { sign } else { -sign };
            middle.plus(Point::new(sign * direction.x * length / 1024, sign * direction.y * length / 1024))
        };
        let start = along(turn, -1);
        let end = along(turn + 1, 1);
        Self::Scratch { points: [start, middle, end], half_width }
    }

    fn chip(product: Product, dice: &mut SplitMix64, pixel: i64) -> Self {
        let on_edge = product.on_edge(dice);
        let bite = |_| (around(dice, on_edge, 700), between(dice, 1000, 1900).max(pixel * 2));
        Self::Chip { bites: std::array::from_fn(bite) }
    }

    /// Of which kind it is.
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Scratch { .. } => Kind::Scratch,
            Self::Hole { .. } => Kind::Hole,
            Self::Stain { .. } => Kind::Stain,
            Self::Missing { .. } => Kind::Missing,
            Self::Chip { .. } => Kind::Chip,
        }
    }

    /// Two corners of a square that holds all of it.
    pub(super) fn extent(&self, product: Product) -> (Point, Point) {
        let around = |discs: &[(Point, i64)]| {
            let edge = |pick: fn(Point) -> i64| {
                let low = discs.iter().map(|&(centre, radius)| pick(centre) - radius).min().unwrap_or(0);
                (low, discs.iter().map(|&(centre, radius)| pick(centre) + radius).max().unwrap_or(0))
            };
            let ((left, right), (top, bottom)) = (edge(|point| point.x), edge(|point| point.y));
            (Point::new(left, top), Point::new(right, bottom))
        };
        match self {
            Self::Scratch { points, half_width } => around(&points.map(|point| (point, 4 * half_width))),
            Self::Hole { centre, radius } => around(&[(*centre, 2 * radius)]),
            Self::Stain { spots, .. } => around(&spots.map(|(centre, radius)| (centre, radius + BLUR))),
            Self::Missing { centre } => around(&[(*centre, product.reach_of_piece())]),
            Self::Chip { bites } => around(&bites.map(|(centre, radius)| (centre, radius + 400))),
        }
    }

    /// Changes the pixel at that place.
    pub(super) fn paint(&self, product: Product, texel: &mut Texel, at: Point, pixel: i64) {
        let mut colour = texel.colour.map(i64::from);
        match *self {
            Self::Scratch { points: [start, middle, end], half_width } => {
                let line =
                    |at, half_width| stroke(at, [start, middle], half_width).min(stroke(at, [middle, end], half_width));
                let beside = at.minus(Point::new(0, 2 * half_width));
                over(&mut colour, [92, 94, 98], cover(line(beside, half_width), pixel) * 3 / 4);
                over(&mut colour, [236, 238, 240], cover(line(at, half_width), pixel));
            }
            Self::Hole { centre, radius } => {
                let lit = Point::new(centre.x + radius / 4, centre.y + radius / 4);
                over(&mut colour, [206, 208, 210], cover(disc(at, lit, radius), pixel));
                over(&mut colour, [30, 28, 27], cover(disc(at, centre, radius), pixel));
            }
            Self::Stain { spots, strength } => {
                let distance = spots.iter().map(|&(centre, radius)| disc(at, centre, radius)).min().unwrap_or(BLUR);
                over(&mut colour, [86, 58, 30], fade(distance, BLUR) * strength / WHOLE);
            }
            Self::Missing { centre } => product.without_piece(&mut colour, at.minus(centre), pixel),
            Self::Chip { bites } => {
                let distance = bites.iter().map(|&(centre, radius)| disc(at, centre, radius)).min().unwrap_or(HALF);
                return product.break_off(texel, at, distance, pixel);
            }
        }
        texel.colour = colour.map(|channel| channel.clamp(0, 255) as u8);
    }
}

/// Somewhere in the square around `centre`.
fn around(dice: &mut SplitMix64, centre: Point, reach: i64) -> Point {
    centre.plus(Point::new(between(dice, -reach, reach), between(dice, -reach, reach)))
}

/// Somewhere on a product, `room` away from its edge, where a dark spot shows.
fn on_plain(product: Product, dice: &mut SplitMix64, room: i64) -> Point {
    // Half of all places are free, so that this ends at once; the rest is for the dice that never do.
    let mut places = (0..32).map(|_| around(dice, Point::new(0, 0), HALF - 2600 - room.min(4000)));
    places.find(|&at| product.is_plain(at, room)).unwrap_or(Point::new(-10800, 0))
}
