//! Products that are drawn: designs that look as different as products do, and pictures of them that vary as pictures do.
//!
//! A design is what its seed says: a ground with a texture, and parts on it. A picture of it differs from the next by pose (shift, turn,
//! distance), by light (strength, and from where it falls), by where the texture begins, by the parts' colours and by noise.

use moead_model::architecture::ImageSize;
use moead_runtime::preprocess::picture::Picture;
use moead_training::random::{Purpose, Seed, Stream};

/// Of a picture, in pixels.
pub(crate) const SIDE: usize = 256;

type Colour = [f64; 3];

/// What a product looks like. Places and lengths are shares of the picture's side.
#[derive(Debug)]
pub(crate) struct Design {
    ground: Colour,
    texture: Texture,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy)]
enum Texture {
    Plain,
    /// Lines in a direction, some of them darker.
    Brushed(f64),
    /// Threads across each other.
    Woven(f64),
    /// Grains.
    Speckled(f64),
}

#[derive(Debug, Clone, Copy)]
struct Part {
    shape: Shape,
    at: [f64; 2],
    colour: Colour,
}

#[derive(Debug, Clone, Copy)]
enum Shape {
    Disc(f64),
    Ring(f64, f64),
    /// Half its sides.
    Plate([f64; 2]),
    Cross(f64),
}

impl Shape {
    /// From its edge, below 0 inside.
    fn distance(self, [x, y]: [f64; 2]) -> f64 {
        let rectangle = |[width, height]: [f64; 2]| {
            let (dx, dy) = (x.abs() - width, y.abs() - height);
            dx.max(0.0).hypot(dy.max(0.0)) + dx.max(dy).min(0.0)
        };
        match self {
            Self::Disc(radius) => x.hypot(y) - radius,
            Self::Ring(radius, half) => (x.hypot(y) - radius).abs() - half,
            Self::Plate(half) => rectangle(half),
            Self::Cross(reach) => rectangle([reach, reach / 4.0]).min(rectangle([reach / 4.0, reach])),
        }
    }
}

fn colour(random: &mut Stream, low: f64, high: f64) -> Colour {
    let level = random.between(low, high);
    [0; 3].map(|_| (level + random.between(-35.0, 35.0)).clamp(10.0, 245.0))
}

impl Design {
    /// The design of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        let random = &mut Seed(seed).stream(Purpose::Initial, &[]);
        let ground = colour(random, 60.0, 190.0);
        let texture = match random.below(4) {
            0 => Texture::Plain,
            1 => Texture::Brushed(random.between(90.0, 160.0)),
            2 => Texture::Woven(random.between(18.0, 40.0)),
            _ => Texture::Speckled(random.between(60.0, 110.0)),
        };
        let dark = ground.iter().sum::<f64>() / 3.0 > 125.0;
        let tint = |random: &mut Stream| if dark { colour(random, 20.0, 95.0) } else { colour(random, 160.0, 235.0) };
        let mut parts = Vec::new();
        // A grid of equal parts, or some that differ.
        if random.below(2) == 0 {
            let (columns, rows) = (2 + random.below(3), 2 + random.below(3));
            let (shape, colour) = (part(random, 0.3 / columns.max(rows) as f64), tint(random));
            for (column, row) in (0..columns).flat_map(|column| (0..rows).map(move |row| (column, row))) {
                let along = |at: usize, count: usize| 0.15 + 0.7 * (at as f64 + 0.5) / count as f64;
                parts.push(Part { shape, at: [along(column, columns), along(row, rows)], colour });
            }
        }
        for _ in 0..3 + random.below(4) {
            let size = random.between(0.04, 0.14);
            let at = [random.between(0.15, 0.85), random.between(0.15, 0.85)];
            parts.push(Part { shape: part(random, size), at, colour: tint(random) });
        }
        Self { ground, texture, parts }
    }

    /// One good product, as a camera sees it.
    pub(crate) fn picture(&self, random: &mut Stream) -> Picture {
        let shift = [random.between(-0.02, 0.02), random.between(-0.02, 0.02)];
        let (turn, scale) = (random.between(-0.035, 0.035), random.between(0.98, 1.02));
        let (sine, cosine) = turn.sin_cos();
        let (light, fall) = (random.between(0.9, 1.1), random.between(0.0, 0.15));
        let (fall_sine, fall_cosine) = random.between(0.0, std::f64::consts::TAU).sin_cos();
        let phase = [random.between(0.0, 1.0), random.between(0.0, 1.0)];
        let grains = random.next_u64();
        let parts: Vec<Part> = self
            .parts
            .iter()
            .map(|part| Part { colour: part.colour.map(|value| value + random.between(-5.0, 5.0)), ..*part })
            .collect();
        let mut pixels = Vec::with_capacity(SIDE * SIDE * 3);
        for (row, column) in (0..SIDE).flat_map(|row| (0..SIDE).map(move |column| (row, column))) {
            let [x, y] = [column, row].map(|at| (at as f64 + 0.5) / SIDE as f64 - 0.5);
            let bright = light * (1.0 + fall * (x * fall_cosine + y * fall_sine));
            // Where on the product that is.
            let (x, y) = (x - shift[0], y - shift[1]);
            let at = [(x * cosine + y * sine) * scale + 0.5, (y * cosine - x * sine) * scale + 0.5];
            let mut seen = self.ground.map(|value| value + self.texture.level(at, phase, grains));
            for part in &parts {
                let distance = part.shape.distance([at[0] - part.at[0], at[1] - part.at[1]]);
                let cover = (0.5 - distance * SIDE as f64).clamp(0.0, 1.0);
                seen.iter_mut().zip(part.colour).for_each(|(seen, colour)| *seen += (colour - *seen) * cover);
            }
            let [noise, _] = random.normals();
            pixels.extend(seen.map(|value| (value * bright + 3.0 * noise).round().clamp(0.0, 255.0) as u8));
        }
        Picture::new(ImageSize { height: SIDE, width: SIDE }, pixels).expect("three bytes a pixel")
    }
}

fn part(random: &mut Stream, size: f64) -> Shape {
    match random.below(4) {
        0 => Shape::Disc(size),
        1 => Shape::Ring(size, size / 5.0),
        2 => Shape::Plate([size, size * random.between(0.3, 1.0)]),
        _ => Shape::Cross(size),
    }
}

impl Texture {
    /// How much lighter or darker the ground is there.
    fn level(self, [x, y]: [f64; 2], [across, down]: [f64; 2], grains: u64) -> f64 {
        // A number from -1 to 1 for each cell of a grid, other ones in each picture.
        let cell = |column: f64, row: f64| {
            let key = (column.floor() as i64 as u64).wrapping_mul(0x9e37_79b9) ^ (row.floor() as i64 as u64) << 32;
            let bits = Seed(grains).stream(Purpose::Order, &[key]).next_u64() >> 40;
            bits as f64 / f64::from(1 << 23) - 1.0
        };
        match self {
            Self::Plain => 0.0,
            Self::Brushed(lines) => 7.0 * cell(x * 3.0 + across, y * lines),
            Self::Woven(threads) => {
                let wave = |at: f64| (std::f64::consts::TAU * at).sin();
                9.0 * (wave(x * threads + across) + wave(y * threads + down))
            }
            Self::Speckled(grain) => 12.0 * cell(x * grain, y * grain),
        }
    }
}
