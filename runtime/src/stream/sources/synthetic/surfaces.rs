//! What a scene is made of beside its products: the belt, the rails at its sides, brushed metal, light and noise.

use moead_model::architecture::ImageSize;
use moead_model::self_test::SplitMix64;

/// Bytes of a pixel: red, green, blue.
pub(super) const PIXEL: usize = 3;

/// The belt repeats itself after so many pixels.
const BELT: usize = 1024;

/// Fine marks of brushing, along `x`, that metal shows; they repeat themselves.
#[derive(Debug)]
pub(super) struct Brush(Vec<i8>);

/// A side of the brush marks.
const MARKS: usize = 512;

impl Brush {
    pub(super) fn new(dice: &mut SplitMix64) -> Self {
        // Long in one direction and one pixel wide in the other; two lengths.
        let long = Lattice::new(dice, MARKS, MARKS, 64, 1);
        let short = Lattice::new(dice, MARKS, MARKS, 8, 1);
        let mark =
            |at: usize| ((long.at(at % MARKS, at / MARKS) * 9 + short.at(at % MARKS, at / MARKS) * 5) >> 8) as i8;
        Self((0..MARKS * MARKS).map(mark).collect())
    }

    /// The marks of a row.
    pub(super) fn row(&self, y: usize) -> &[i8] {
        let row = y % MARKS;
        &self.0[row * MARKS..][..MARKS]
    }
}

/// Random values on a grid that repeats itself, with straight lines between them.
struct Lattice {
    columns: usize,
    rows: usize,
    step_x: usize,
    step_y: usize,
    nodes: Vec<i64>,
}

impl Lattice {
    /// For `width` x `height` pixels, a node every `step` pixels; steps divide their side.
    fn new(dice: &mut SplitMix64, width: usize, height: usize, step_x: usize, step_y: usize) -> Self {
        let (columns, rows) = (width.div_ceil(step_x), height.div_ceil(step_y));
        let nodes = (0..columns * rows).map(|_| (dice.next_u64() >> 55) as i64 - 256).collect();
        Self { columns, rows, step_x, step_y, nodes }
    }

    /// From -256 to 255.
    fn at(&self, x: usize, y: usize) -> i64 {
        let (column, dx) = (x / self.step_x, (x % self.step_x) as i64);
        let (row, dy) = (y / self.step_y, (y % self.step_y) as i64);
        let node = |column: usize, row: usize| self.nodes[row % self.rows * self.columns + column % self.columns];
        let (step_x, step_y) = (self.step_x as i64, self.step_y as i64);
        let upper = node(column, row) * (step_x - dx) + node(column + 1, row) * dx;
        let lower = node(column, row + 1) * (step_x - dx) + node(column + 1, row + 1) * dx;
        (upper * (step_y - dy) + lower * dy) / (step_x * step_y)
    }
}

/// The belt between its rails: what stands still, and what moves.
#[derive(Debug)]
pub(super) struct Ground {
    /// A rail's height, in rows.
    rail: usize,
    /// Rows of the belt, [`BELT`] pixels each.
    belt: Vec<u8>,
    /// Colours of a rail's rows, the upper one's from the top. The lower one is its mirror image.
    rails: Vec<[u8; PIXEL]>,
}

impl Ground {
    pub(super) fn new(dice: &mut SplitMix64, size: ImageSize) -> Self {
        let rail = size.height / 16;
        let height = size.height - 2 * rail;
        let patches = Lattice::new(dice, BELT, height, 64, 64);
        let scuffs = Lattice::new(dice, BELT, height, 128, 2);
        let mut belt = Vec::with_capacity(BELT * height * PIXEL);
        for y in 0..height {
            for x in 0..BELT {
                // Woven: two families of diagonals.
                let weave = i64::from((x + y) % 8 < 4) * 5 + i64::from((x + 4 * BELT - y % BELT) % 8 < 4) * 5;
                let grain = (dice.next_u64() >> 61) as i64;
                let level = 44 + weave + grain + patches.at(x, y) * 7 / 256 + scuffs.at(x, y) * 4 / 256;
                belt.extend([level - 6, level + 2, level].map(|channel| channel.clamp(0, 255) as u8));
            }
        }
        let tube = |y: usize| {
            // A bar of round section, brightest at a third of its height.
            let at = (2 * y as i64 + 1) * 128 / rail as i64;
            let level = 150 - (at - 90) * (at - 90) / 260;
            [level, level + 2, level + 5].map(|channel| channel.clamp(0, 255) as u8)
        };
        Self { rail, belt, rails: (0..rail).map(tube).collect() }
    }

    /// Draws a row of the frame; the belt has moved by `moved` pixels.
    pub(super) fn draw(&self, y: usize, height: usize, moved: u64, row: &mut [u8]) {
        let belt_y = y.wrapping_sub(self.rail);
        if belt_y >= height - 2 * self.rail {
            let colour = self.rails[if y < self.rail { y } else { height - 1 - y }];
            row.as_chunks_mut().0.fill(colour);
            return;
        }
        let source = &self.belt[belt_y * BELT * PIXEL..][..BELT * PIXEL];
        // What is at the left edge now was so far to the left of it in the beginning.
        let first = (BELT - (moved % BELT as u64) as usize) % BELT * PIXEL;
        let (head, rest) = row.split_at_mut(row.len().min(source.len() - first));
        head.copy_from_slice(&source[first..][..head.len()]);
        for part in rest.chunks_mut(source.len()) {
            part.copy_from_slice(&source[..part.len()]);
        }
    }
}

/// Light that falls from above and leaves the corners darker, and the sensor's noise.
#[derive(Debug)]
pub(super) struct Optics {
    /// For each byte of a row, in 256ths, at most 256.
    across: Vec<u16>,
    /// For each row, in 256ths, at most 256.
    down: Vec<u16>,
    noise: Vec<i8>,
}

/// Places at which a row of noise may begin.
const NOISE: usize = 1 << 16;

impl Optics {
    pub(super) fn new(dice: &mut SplitMix64, size: ImageSize) -> Self {
        // A fifth darker at the edges, and the lamp a little to the left of the middle.
        let fall = |at: usize, length: usize, lamp: i64| {
            let from_lamp = (at as i64 * 1024 / length as i64) - lamp;
            (256 - from_lamp * from_lamp * 56 / (512 * 512)) as u16
        };
        let across = (0..size.width).flat_map(|x| [fall(x, size.width, 470); PIXEL]).collect();
        let down = (0..size.height).map(|y| fall(y, size.height, 500)).collect();
        // The sum of four even throws of 0 to 255 has a standard deviation of 148; scaled to 2.
        let throw = |_| {
            let sum: i64 = dice.next_u64().to_le_bytes()[..4].iter().map(|&byte| i64::from(byte)).sum();
            ((sum - 510) * 2 + 74).div_euclid(148) as i8
        };
        Self { across, down, noise: (0..NOISE + size.width * PIXEL).map(throw).collect() }
    }

    /// Noise for a row of a frame.
    pub(super) fn noise(&self, dice: &mut SplitMix64) -> &[i8] {
        &self.noise[(dice.next_u64() >> 48) as usize..]
    }

    /// Lights a row of the frame and adds noise. `flicker` is the lamp's strength, in 256ths, at most 256.
    pub(super) fn expose(&self, y: usize, flicker: u16, noise: &[i8], row: &mut [u8]) {
        // All in 16 bits, of which processors multiply many at once, if nobody asks after each whether it overflowed. None
        // can: no factor is above 256, and what it is multiplied with not above 255.
        let down = (u32::from(self.down[y]) * u32::from(flicker) / 256) as u16;
        for ((byte, &across), &noise) in row.iter_mut().zip(&self.across).zip(noise) {
            let lit = (u16::from(*byte).wrapping_mul(across) >> 8).wrapping_mul(down) >> 8;
            *byte = (lit as i16).wrapping_add(noise.into()).clamp(0, 255) as u8;
        }
    }
}
