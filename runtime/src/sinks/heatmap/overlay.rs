//! The picture at the size of its panel, and the heat over it.

use image::imageops::{self, FilterType};
use image::{ImageBuffer, Rgb};
use moead_model::architecture::ImageSize;

use super::canvas::Canvas;
use super::colours;
use super::scale::Range;
use crate::preprocess::picture::Picture;
use crate::score::regions::Rect;

/// From this factor on a pixel is shown as a square; below it, pixels are smoothed.
const SQUARES_FROM: usize = 8;

/// The picture in another size; grey when it has no pixels.
pub(super) fn resized(picture: &Picture, size: ImageSize) -> Picture {
    let from = picture.size();
    if from == size {
        return picture.clone();
    }
    let sides = |size: ImageSize| Some((u32::try_from(size.width).ok()?, u32::try_from(size.height).ok()?));
    let scaled = || {
        let (width, height) = sides(from).filter(|&(width, height)| width > 0 && height > 0)?;
        let source = ImageBuffer::<Rgb<u8>, &[u8]>::from_raw(width, height, picture.pixels())?;
        let (width, height) = sides(size)?;
        let larger = |factor: usize| from.height * factor <= size.height && from.width * factor <= size.width;
        let scaled = if larger(SQUARES_FROM) {
            imageops::resize(&source, width, height, FilterType::Nearest)
        } else if larger(1) {
            imageops::resize(&source, width, height, FilterType::CatmullRom)
        } else if size.height <= from.height && size.width <= from.width {
            // The mean of the pixels that become one: no line gets lost.
            imageops::thumbnail(&source, width, height)
        } else {
            imageops::resize(&source, width, height, FilterType::Triangle)
        };
        Picture::new(size, scaled.into_raw()).ok()
    };
    scaled().unwrap_or_else(|| Picture::filled(size, [128; 3]))
}

/// An anomaly map that is read between its values.
pub(super) struct Map<'a> {
    values: &'a [f32],
    size: ImageSize,
}

/// Between which two neighbours of a row or column a pixel lies, and how far it is towards the second.
#[derive(Debug, Clone, Copy)]
struct Between {
    first: usize,
    second: usize,
    towards_second: f32,
}

/// For each of `pixels` pixels, its place in a row or column of `values` values; both cover the same length.
fn places(pixels: usize, values: usize) -> Vec<Between> {
    let last = values.saturating_sub(1);
    (0..pixels)
        .map(|pixel| {
            let at = (pixel as f64 + 0.5) * values as f64 / pixels as f64 - 0.5;
            let at = at.clamp(0.0, last as f64);
            let first = at as usize;
            Between { first, second: (first + 1).min(last), towards_second: (at - first as f64) as f32 }
        })
        .collect()
}

impl<'a> Map<'a> {
    /// Rows of values from the top. Missing values count as not a number.
    pub(super) fn new(values: &'a [f32], size: ImageSize) -> Self {
        Self { values, size }
    }

    fn value(&self, row: usize, column: usize) -> f32 {
        self.values.get(row * self.size.width + column).copied().unwrap_or(f32::NAN)
    }

    /// The value between four neighbours. Not finite when the nearest one is not; others that are not finite do not
    /// count, so that a gap stays as large as it is.
    fn read(&self, row: Between, column: Between) -> f32 {
        let nearest = self.value(
            if row.towards_second < 0.5 { row.first } else { row.second },
            if column.towards_second < 0.5 { column.first } else { column.second },
        );
        if !nearest.is_finite() {
            return f32::NAN;
        }
        let (mut sum, mut weights) = (0.0_f64, 0.0_f64);
        for (row, down) in [(row.first, 1.0 - row.towards_second), (row.second, row.towards_second)] {
            for (column, across) in
                [(column.first, 1.0 - column.towards_second), (column.second, column.towards_second)]
            {
                let value = self.value(row, column);
                if value.is_finite() {
                    let weight = f64::from(down * across);
                    sum += weight * f64::from(value);
                    weights += weight;
                }
            }
        }
        (sum / weights) as f32
    }

    /// Lays the map over an area of the drawing.
    pub(super) fn lay_over(&self, canvas: &mut Canvas, area: Rect, range: Range) {
        let columns = places(area.width, self.size.width);
        for (y, row) in places(area.height, self.size.height).into_iter().enumerate() {
            for (x, &column) in columns.iter().enumerate() {
                let value = self.read(row, column);
                let (x, y) = (area.x + x, area.y + y);
                if value.is_finite() {
                    let share = range.share(value);
                    canvas.blend(x, y, colours::colour(share), colours::opacity(share));
                } else {
                    canvas.blend(x, y, colours::no_value(x, y), colours::NO_VALUE_OPACITY);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: ImageSize = ImageSize { height: 2, width: 2 };

    #[test]
    fn a_map_is_read_between_its_values() {
        let map = Map::new(&[0.0, 4.0, 8.0, 12.0], SIZE);
        let places = places(4, 2);
        let row = |row: usize| (0..4).map(|column| map.read(places[row], places[column])).collect::<Vec<_>>();
        assert_eq!(row(0), [0.0, 1.0, 3.0, 4.0]);
        assert_eq!(row(1), [2.0, 3.0, 5.0, 6.0]);
        assert_eq!(row(3), [8.0, 9.0, 11.0, 12.0]);
    }

    #[test]
    fn a_gap_stays_as_large_as_it_is() {
        let map = Map::new(&[1.0, f32::NAN, 1.0], SIZE);
        let places = places(4, 2);
        assert_eq!(map.read(places[1], places[1]), 1.0);
        assert!(map.read(places[0], places[2]).is_nan());
        assert!(map.read(places[3], places[3]).is_nan());
    }

    #[test]
    fn pictures_of_any_shape_are_resized() {
        for (height, width) in [(1, 1), (3, 500), (2, 2), (0, 5)] {
            let picture = Picture::filled(ImageSize { height, width }, [128; 3]);
            let size = ImageSize { height: 32, width: 40 };
            assert_eq!(resized(&picture, size), Picture::filled(size, [128; 3]), "{height}x{width}");
        }
    }
}
