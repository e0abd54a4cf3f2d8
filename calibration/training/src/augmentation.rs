//! Altered copies of good pictures, for what varies on the line and hardly does among the pictures: only where somebody asks for it, since what
//! a copy shows counts as good from then on.
//!
//! Every change keeps the picture's size. Pixels that come in from outside are those of the nearest edge.

use std::fmt;
use std::str::FromStr;

use moead_model::architecture::ImageSize;
use moead_runtime::preprocess::picture::Picture;

use crate::random::Stream;

/// What may differ between a picture and its copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Left and right are exchanged, or not.
    Mirror,
    /// Top and bottom are exchanged, or not.
    Flip,
    /// Quarter turns, 0 to 3; of a picture that is no square only half turns, since its sides would change.
    Turn,
    /// Turned by up to [`TILT`] degrees.
    Tilt,
    /// Moved by up to [`SHIFT`] of each side.
    Shift,
    /// Brighter or darker by up to [`GAIN`], and with more or less contrast by as much.
    Light,
}

/// Degrees, either way.
pub const TILT: f64 = 5.0;
/// A share of the side, either way.
pub const SHIFT: f64 = 0.05;
/// A share, either way.
pub const GAIN: f64 = 0.15;

impl Change {
    /// All of them, in the order in which they are made.
    pub const ALL: [Self; 6] = [Self::Mirror, Self::Flip, Self::Turn, Self::Tilt, Self::Shift, Self::Light];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mirror => "mirror",
            Self::Flip => "flip",
            Self::Turn => "turn",
            Self::Tilt => "tilt",
            Self::Shift => "shift",
            Self::Light => "light",
        }
    }
}

/// A name that is none of a change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected one of mirror, flip, turn, tilt, shift, light")]
pub struct UnknownChange;

impl FromStr for Change {
    type Err = UnknownChange;

    fn from_str(text: &str) -> Result<Self, UnknownChange> {
        Self::ALL.into_iter().find(|change| change.name() == text).ok_or(UnknownChange)
    }
}

/// Which copies are learnt from beside the pictures themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Augmentation {
    changes: Vec<Change>,
    copies: usize,
}

impl fmt::Display for Augmentation {
    /// As in `mirror,light x 3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.changes.iter().map(|change| change.name()).collect();
        write!(f, "{} x {}", names.join(","), self.copies)
    }
}

impl Augmentation {
    /// * `changes`: their order and repetitions do not matter. * `copies`: of each picture.
    pub fn new(changes: &[Change], copies: usize) -> Self {
        let changes = Change::ALL.into_iter().filter(|change| changes.contains(change)).collect();
        Self { changes, copies }
    }

    /// Of each picture.
    pub fn copies(&self) -> usize {
        self.copies
    }

    /// Makes a copy of a picture.
    pub fn alter(&self, picture: &mut Picture, random: &mut Stream) {
        for change in &self.changes {
            let size = picture.size();
            let (width, height) = (size.width, size.height);
            match change {
                Change::Mirror if random.below(2) == 1 => moved(picture, |x, y| (width - 1 - x, y)),
                Change::Flip if random.below(2) == 1 => moved(picture, |x, y| (x, height - 1 - y)),
                Change::Mirror | Change::Flip => {}
                Change::Turn => {
                    let quarters = if width == height { random.below(4) } else { 2 * random.below(2) };
                    match quarters {
                        0 => {}
                        1 => moved(picture, |x, y| (y, width - 1 - x)),
                        2 => moved(picture, |x, y| (width - 1 - x, height - 1 - y)),
                        _ => moved(picture, |x, y| (height - 1 - y, x)),
                    }
                }
                Change::Tilt => tilt(picture, random.between(-TILT, TILT).to_radians()),
                Change::Shift => {
                    let by = [width, height].map(|side| (random.between(-SHIFT, SHIFT) * side as f64).round() as isize);
                    moved(picture, |x, y| (within(x as isize - by[0], width), within(y as isize - by[1], height)));
                }
                Change::Light => {
                    let [gain, contrast] = [(); 2].map(|()| 1.0 + random.between(-GAIN, GAIN));
                    light(picture, gain, contrast);
                }
            }
        }
    }
}

/// The nearest place inside.
fn within(at: isize, side: usize) -> usize {
    at.clamp(0, side as isize - 1) as usize
}

/// Puts at (x, y) what was at `from(x, y)`.
fn moved(picture: &mut Picture, from: impl Fn(usize, usize) -> (usize, usize)) {
    let ImageSize { height, width } = picture.size();
    let old = picture.clone();
    for (row, pixels) in picture.pixels_mut().chunks_exact_mut(3 * width).enumerate().take(height) {
        for (column, pixel) in pixels.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let (x, y) = from(column, row);
            *pixel = pixel_at(&old, x, y);
        }
    }
}

fn pixel_at(picture: &Picture, x: usize, y: usize) -> [u8; 3] {
    picture.pixels().as_chunks::<3>().0[y * picture.size().width + x]
}

/// Turns it about its middle, by bilinear interpolation.
///
/// * `angle`: in radians.
fn tilt(picture: &mut Picture, angle: f64) {
    let ImageSize { height, width } = picture.size();
    let (sine, cosine) = angle.sin_cos();
    let middle = [(width as f64 - 1.0) / 2.0, (height as f64 - 1.0) / 2.0];
    let old = picture.clone();
    for (at, pixel) in picture.pixels_mut().as_chunks_mut::<3>().0.iter_mut().enumerate() {
        let [x, y] = [(at % width) as f64 - middle[0], (at / width) as f64 - middle[1]];
        let [x, y] = [cosine * x + sine * y + middle[0], cosine * y - sine * x + middle[1]];
        let (left, top) = (x.floor(), y.floor());
        let corner = |right: isize, down: isize| {
            pixel_at(&old, within(left as isize + right, width), within(top as isize + down, height))
        };
        let corners = [corner(0, 0), corner(1, 0), corner(0, 1), corner(1, 1)];
        let (across, along) = (x - left, y - top);
        let shares = [(1.0 - across) * (1.0 - along), across * (1.0 - along), (1.0 - across) * along, across * along];
        for (channel, value) in pixel.iter_mut().enumerate() {
            let sum: f64 = corners.iter().zip(shares).map(|(corner, share)| f64::from(corner[channel]) * share).sum();
            *value = sum.round() as u8;
        }
    }
}

/// Times `gain`, and away from the picture's own mean by `contrast`.
fn light(picture: &mut Picture, gain: f64, contrast: f64) {
    let pixels = picture.pixels_mut();
    let mean = pixels.iter().map(|value| f64::from(*value)).sum::<f64>() / pixels.len().max(1) as f64;
    for value in pixels {
        let changed = gain * (mean + contrast * (f64::from(*value) - mean));
        *value = changed.clamp(0.0, 255.0).round() as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Seed};

    fn picture(height: usize, width: usize) -> Picture {
        let pixels = (0..3 * height * width).map(|at| (at * 37 % 251) as u8).collect();
        Picture::new(ImageSize { height, width }, pixels).unwrap()
    }

    /// Copies with one change each.
    fn copies(change: Change, original: &Picture) -> Vec<Picture> {
        let augmentation = Augmentation::new(&[change], 1);
        (0..40)
            .map(|at| {
                let mut copy = original.clone();
                augmentation.alter(&mut copy, &mut Seed(1).stream(Purpose::Augmentation, &[at]));
                copy
            })
            .collect()
    }

    fn sorted(picture: &Picture) -> Vec<[u8; 3]> {
        let mut pixels = picture.pixels().as_chunks::<3>().0.to_vec();
        pixels.sort_unstable();
        pixels
    }

    #[test]
    fn what_is_only_rearranged_keeps_its_pixels() {
        for (change, outcomes) in [(Change::Mirror, 2), (Change::Flip, 2), (Change::Turn, 4)] {
            let original = picture(5, 5);
            let mut different: Vec<Vec<u8>> = Vec::new();
            for copy in copies(change, &original) {
                assert_eq!(sorted(&copy), sorted(&original), "{change:?}");
                different.push(copy.into_pixels());
            }
            different.sort_unstable();
            different.dedup();
            assert_eq!(different.len(), outcomes, "{change:?}");
        }
        // One row tells left from right.
        let row = Picture::new(ImageSize { height: 1, width: 2 }, vec![1, 2, 3, 4, 5, 6]).unwrap();
        assert!(copies(Change::Mirror, &row).iter().any(|copy| copy.pixels() == [4, 5, 6, 1, 2, 3]));
        assert!(copies(Change::Flip, &row).iter().all(|copy| *copy == row));
    }

    #[test]
    fn four_quarter_turns_end_where_they_began_and_are_turns() {
        let original = picture(4, 4);
        let size = original.size();
        let mut turned = original.clone();
        for turn in 1..=4 {
            moved(&mut turned, |x, y| (y, size.width - 1 - x));
            assert_eq!(turned == original, turn == 4);
        }
        moved(&mut turned, |x, y| (y, size.width - 1 - x));
        // Clockwise: what was at the bottom left comes to the top left.
        assert_eq!(pixel_at(&turned, 0, 0), pixel_at(&original, 0, 3));
        let oblong = picture(3, 6);
        let mut half = oblong.clone();
        moved(&mut half, |x, y| (5 - x, 2 - y));
        assert!(copies(Change::Turn, &oblong).iter().all(|copy| *copy == oblong || *copy == half));
    }

    #[test]
    fn a_shift_moves_by_whole_pixels_and_repeats_the_edge() {
        let original = picture(40, 60);
        for copy in copies(Change::Shift, &original) {
            let shifts = (-2..=2).flat_map(|down| (-3..=3).map(move |right| (right, down)));
            let is_shifted = |(right, down): (isize, isize)| {
                (0..40).all(|y| {
                    (0..60).all(|x| {
                        let from = (within(x as isize - right, 60), within(y as isize - down, 40));
                        pixel_at(&copy, x, y) == pixel_at(&original, from.0, from.1)
                    })
                })
            };
            assert_eq!(shifts.filter(|by| is_shifted(*by)).count(), 1);
        }
    }

    #[test]
    fn a_tilt_keeps_the_middle_and_a_plain_picture() {
        let plain = Picture::filled(ImageSize { height: 9, width: 13 }, [7, 70, 170]);
        assert!(copies(Change::Tilt, &plain).iter().all(|copy| *copy == plain));
        let original = picture(9, 13);
        for copy in copies(Change::Tilt, &original) {
            assert_eq!(pixel_at(&copy, 6, 4), pixel_at(&original, 6, 4));
        }
        // A right angle, by the same way as small ones: what is right of the middle comes to its top or bottom.
        let square = picture(5, 5);
        let mut turned = square.clone();
        tilt(&mut turned, std::f64::consts::FRAC_PI_2);
        let mut quarter = square.clone();
        moved(&mut quarter, |x, y| (y, 4 - x));
        assert_eq!(turned, quarter);
    }

    #[test]
    fn light_is_a_share_of_what_there_was() {
        let grey = Picture::filled(ImageSize { height: 2, width: 2 }, [100, 100, 100]);
        let bright: Vec<u8> = copies(Change::Light, &grey).iter().map(|copy| copy.pixels()[0]).collect();
        assert!(bright.iter().all(|value| (85..=115).contains(value)));
        assert!(bright.iter().max().unwrap() - bright.iter().min().unwrap() > 20);
    }

    #[test]
    fn order_and_repetition_of_the_changes_do_not_matter() {
        let one = Augmentation::new(&[Change::Light, Change::Mirror, Change::Light], 2);
        assert_eq!(one, Augmentation::new(&[Change::Mirror, Change::Light], 2));
        assert_eq!(one.to_string(), "mirror,light x 2");
    }
}
