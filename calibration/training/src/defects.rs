//! Defects drawn on good pictures: what a run is judged by while nobody has shown it a real one.
//!
//! Thin cracks, blobs, stains and dark rectangles, at a random place, of random size and contrast. They are not real defects: a run that finds them
//! all may miss what a factory makes. How far the judgement agrees with the truth is measured in `docs/benchmarks.md`.

use moead_runtime::preprocess::picture::Picture;

use crate::random::Stream;

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A thin bent line.
    Crack,
    /// A filled ellipse, or several that overlap.
    Blob,
    /// The same with a soft edge.
    Stain,
    /// A part that is missing.
    Rectangle,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Crack, Self::Blob, Self::Stain, Self::Rectangle];
}

/// Draws a defect. At least one pixel changes, unless it had that colour already.
///
/// Lengths are shares of the shorter side; so is the width of a crack, of which two pixels are the least.
pub fn draw(picture: &mut Picture, kind: Kind, random: &mut Stream) {
    let size = picture.size();
    let (width, height) = (size.width as f64, size.height as f64);
    let side = width.min(height);
    // The middle stays away from the edge.
    let middle = (random.between(0.12, 0.88) * width, random.between(0.12, 0.88) * height);
    let cover: Vec<Dab> = match kind {
        Kind::Crack => crack(middle, side, random),
        Kind::Blob => ellipses(middle, side, 1.0, random),
        Kind::Stain => ellipses(middle, side, 0.3, random),
        Kind::Rectangle => {
            let half = (random.between(0.03, 0.10) * side, random.between(0.03, 0.10) * side);
            vec![Dab { middle, half, sharp: 1.0, is_box: true }]
        }
    };
    // Darker or brighter, by enough to be seen; a missing part shows what is behind it.
    let strength = random.between(0.35, 0.85);
    let is_dark = kind == Kind::Rectangle || random.unit() < 0.65;
    let target = if is_dark { random.between(0.0, 60.0) } else { random.between(195.0, 255.0) };
    let tint: [f64; 3] = std::array::from_fn(|_| target + random.between(-15.0, 15.0));
    let strength = if kind == Kind::Stain { 0.7 * strength } else { strength };
    let pixels = picture.pixels_mut();
    for row in 0..size.height {
        for column in 0..size.width {
            let at = (column as f64 + 0.5, row as f64 + 0.5);
            let share = strength * cover.iter().map(|dab| dab.cover(at)).fold(0.0, f64::max);
            if share > 0.0 {
                let start = 3 * (row * size.width + column);
                for (pixel, tint) in pixels[start..start + 3].iter_mut().zip(tint) {
                    let value = f64::from(*pixel) * (1.0 - share) + tint.clamp(0.0, 255.0) * share;
                    *pixel = value.round() as u8;
                }
            }
        }
    }
}

/// A difference in any channel from here on belongs to a [`mask`].
const SHOWS: u8 = 7;

/// Where a picture differs from the good one that it was drawn on: a byte for each pixel, 255 there and 0 elsewhere.
pub fn mask(picture: &Picture, good: &Picture) -> Vec<u8> {
    let pairs = picture.pixels().chunks(3).zip(good.pixels().chunks(3));
    let differs = pairs.map(|(a, b)| a.iter().zip(b).any(|(a, b)| a.abs_diff(*b) >= SHOWS));
    differs.map(|differs| if differs { 255 } else { 0 }).collect()
}

/// A part of a defect: an ellipse or a rectangle.
struct Dab {
    middle: (f64, f64),
    half: (f64, f64),
    /// 1 for a hard edge; below, the share of the radius that is covered whole.
    sharp: f64,
    is_box: bool,
}

impl Dab {
    /// From 0 to 1.
    fn cover(&self, (x, y): (f64, f64)) -> f64 {
        let (x, y) = ((x - self.middle.0).abs() / self.half.0, (y - self.middle.1).abs() / self.half.1);
        let distance = if self.is_box { x.max(y) } else { x.hypot(y) };
        if distance <= self.sharp {
            1.0
        } else if distance >= 1.0 {
            0.0
        } else {
            (1.0 - distance) / (1.0 - self.sharp)
        }
    }
}

/// Dabs along a walk that turns a little at each step.
fn crack(middle: (f64, f64), side: f64, random: &mut Stream) -> Vec<Dab> {
    let radius = (random.between(0.003, 0.008) * side).max(1.0);
    let length = random.between(0.12, 0.35) * side;
    let mut direction = random.between(0.0, std::f64::consts::TAU);
    let mut at = (middle.0 - direction.cos() * length / 2.0, middle.1 - direction.sin() * length / 2.0);
    let mut dabs = Vec::new();
    for _ in 0..(length / radius).ceil() as usize {
        dabs.push(Dab { middle: at, half: (radius, radius), sharp: 0.8, is_box: false });
        direction += random.between(-0.25, 0.25);
        at = (at.0 + direction.cos() * radius, at.1 + direction.sin() * radius);
    }
    dabs
}

fn ellipses(middle: (f64, f64), side: f64, sharp: f64, random: &mut Stream) -> Vec<Dab> {
    let count = 1 + random.below(3);
    (0..count)
        .map(|_| {
            let half = (random.between(0.02, 0.07) * side, random.between(0.02, 0.07) * side);
            let near = (random.between(-0.03, 0.03) * side, random.between(-0.03, 0.03) * side);
            Dab { middle: (middle.0 + near.0, middle.1 + near.1), half, sharp, is_box: false }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use moead_model::architecture::ImageSize;

    use super::*;
    use crate::random::{Purpose, Seed};

    #[test]
    fn each_kind_changes_a_small_part_and_the_same_seed_the_same() {
        for (number, kind) in Kind::ALL.into_iter().enumerate() {
            for seed in 0..30 {
                let size = ImageSize { height: 90, width: 120 };
                let draw = || {
                    let mut picture = Picture::filled(size, [128, 120, 110]);
                    draw(&mut picture, kind, &mut Seed(seed).stream(Purpose::Defects, &[number as u64]));
                    picture
                };
                let picture = draw();
                let changed = picture.pixels().chunks(3).filter(|pixel| **pixel != [128, 120, 110]).count();
                assert!((4..90 * 120 / 12).contains(&changed), "{kind:?}, seed {seed}: {changed} pixels");
                assert_eq!(picture.pixels(), draw().pixels());
            }
        }
    }

    #[test]
    fn a_picture_of_one_pixel_keeps_its_size() {
        for kind in Kind::ALL {
            let mut picture = Picture::filled(ImageSize { height: 1, width: 1 }, [128; 3]);
            draw(&mut picture, kind, &mut Seed(1).stream(Purpose::Defects, &[]));
            assert_eq!(picture.pixels().len(), 3, "{kind:?}");
        }
    }
}
