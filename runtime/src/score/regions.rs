//! Where a picture is unusual: connected parts of the anomaly map.

use moead_model::architecture::ImageSize;

use super::verdict::{Score, Threshold};

/// At most so many regions are told of: those with the largest peaks. A map that is above the threshold in more places
/// says "everywhere", and a list of thousands helps nobody.
pub const MAX_REGIONS: usize = 16;

/// A rectangle in pixels of the source picture; `x` to the right, `y` down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rect {
    /// Left edge.
    pub x: usize,
    /// Upper edge.
    pub y: usize,
    /// At least 1.
    pub width: usize,
    /// At least 1.
    pub height: usize,
}

/// One connected part of the anomaly map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Region {
    /// What it covers, in pixels of the source picture.
    pub bounds: Rect,
    /// The largest value of the map in it.
    pub peak: Score,
    /// How many pixels of the source picture it covers.
    pub area: usize,
}

/// Finds the parts of an anomaly map whose values reach the threshold. Pixels of the map that touch, also at a corner, are
/// one part. The largest peak comes first, of equal ones the part whose first pixel comes first in reading order; at most
/// [`MAX_REGIONS`].
///
/// `map` is row-major. What is not a number belongs to no part, nor does what is missing from a map shorter than its size.
///
/// Regions are in pixels of the source picture: pixel (r, c) of an h x w map covers the rows floor(r H / h) to
/// ceil((r + 1) H / h) of an H x W picture, and columns likewise. The area is the number of the map's pixels times
/// (H W) / (h w), rounded, and at least 1: where the map is finer than the picture, parts smaller than one of its pixels
/// still count as one.
pub fn find(map: &[f32], map_size: ImageSize, threshold: Threshold, source: ImageSize) -> Vec<Region> {
    let mut regions = Vec::new();
    Finder::default().find_into(map, map_size, threshold, source, &mut regions);
    regions
}

/// Does what [`find`] does for map after map, and takes no memory once it has seen the largest.
#[derive(Debug, Clone, Default)]
pub struct Finder {
    seen: Vec<bool>,
    waiting: Vec<usize>,
}

impl Finder {
    /// As [`find`], into `regions`, which is emptied first.
    pub fn find_into(
        &mut self,
        map: &[f32],
        map_size: ImageSize,
        threshold: Threshold,
        source: ImageSize,
        regions: &mut Vec<Region>,
    ) {
        regions.clear();
        let pixels = map.len().min(map_size.height.saturating_mul(map_size.width));
        let map = &map[..pixels];
        let reaches = |at: usize| map[at] >= threshold.value();
        let Self { seen, waiting } = self;
        seen.clear();
        seen.resize(pixels, false);
        // Each pixel waits once at most.
        waiting.reserve(pixels);
        for start in 0..pixels {
            if seen[start] || !reaches(start) {
                continue;
            }
            seen[start] = true;
            waiting.push(start);
            let mut part = Part::at(start, map_size);
            while let Some(at) = waiting.pop() {
                part.add(at, map[at], map_size);
                for next in around(at, map_size) {
                    if next < pixels && !seen[next] && reaches(next) {
                        seen[next] = true;
                        waiting.push(next);
                    }
                }
            }
            // Behind its equals, so that reading order decides between equal peaks.
            let place = regions.partition_point(|region| region.peak.0 >= part.peak);
            if place < MAX_REGIONS {
                regions.truncate(MAX_REGIONS - 1);
                regions.insert(place, part.region(map_size, source));
            }
        }
    }
}

/// The pixel and its neighbours inside the map, as places in the row-major map.
fn around(at: usize, size: ImageSize) -> impl Iterator<Item = usize> {
    let (row, column) = (at / size.width, at % size.width);
    let rows = row.saturating_sub(1)..=(row + 1).min(size.height - 1);
    let columns = column.saturating_sub(1)..=(column + 1).min(size.width - 1);
    rows.flat_map(move |row| columns.clone().map(move |column| row * size.width + column))
}

/// A part of the map while it is being collected, in pixels of the map.
struct Part {
    top: usize,
    bottom: usize,
    left: usize,
    right: usize,
    peak: f32,
    pixels: usize,
}

impl Part {
    fn at(start: usize, size: ImageSize) -> Self {
        let (row, column) = (start / size.width, start % size.width);
        Self { top: row, bottom: row, left: column, right: column, peak: f32::NEG_INFINITY, pixels: 0 }
    }

    fn add(&mut self, at: usize, value: f32, size: ImageSize) {
        let (row, column) = (at / size.width, at % size.width);
        self.top = self.top.min(row);
        self.bottom = self.bottom.max(row);
        self.left = self.left.min(column);
        self.right = self.right.max(column);
        self.peak = self.peak.max(value);
        self.pixels += 1;
    }

    fn region(&self, map: ImageSize, source: ImageSize) -> Region {
        let (x, width) = covered(self.left, self.right, map.width, source.width);
        let (y, height) = covered(self.top, self.bottom, map.height, source.height);
        let [map, source] = [map, source].map(|size| size.height as u128 * size.width as u128);
        let area = (2 * self.pixels as u128 * source + map) / (2 * map);
        Region {
            bounds: Rect { x, y, width, height },
            peak: Score(self.peak),
            area: usize::try_from(area).unwrap_or(usize::MAX).max(1),
        }
    }
}

/// Start and length of what the pixels `first` to `last` of an axis of `map` pixels cover of one of `source` pixels.
fn covered(first: usize, last: usize, map: usize, source: usize) -> (usize, usize) {
    let scaled = |at: usize| at as u64 * source as u64;
    let start = (scaled(first) / map as u64) as usize;
    let end = (scaled(last + 1).div_ceil(map as u64) as usize).min(source);
    (start, end.saturating_sub(start).max(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn size(height: usize, width: usize) -> ImageSize {
        ImageSize { height, width }
    }

    fn threshold(value: f32) -> Threshold {
        Threshold::new(value).unwrap()
    }

    #[test]
    fn corners_touch_and_the_largest_peak_comes_first() {
        let map = [[2.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 3.0], [0.0, 0.0, 0.0, f32::NAN]];
        let regions = find(map.as_flattened(), size(3, 4), threshold(1.0), size(30, 80));
        let expected = [
            Region { bounds: Rect { x: 60, y: 10, width: 20, height: 10 }, peak: Score(3.0), area: 200 },
            Region { bounds: Rect { x: 0, y: 0, width: 40, height: 20 }, peak: Score(2.0), area: 400 },
        ];
        assert_eq!(regions, expected);
    }

    #[test]
    fn pixels_that_do_not_divide_the_picture_cover_what_they_touch() {
        let regions = find(&[0.0, 1.0, 0.0], size(1, 3), threshold(1.0), size(1, 10));
        assert_eq!(regions[0].bounds, Rect { x: 3, y: 0, width: 4, height: 1 });
        assert_eq!(regions[0].area, 3);
        let finer = find(&[0.0, 1.0, 0.0, 0.0], size(2, 2), threshold(1.0), size(1, 1));
        assert_eq!(finer[0].bounds, Rect { x: 0, y: 0, width: 1, height: 1 });
        assert_eq!(finer[0].area, 1);
    }

    #[test]
    fn no_more_than_the_most() {
        let map: Vec<f32> = (0..100).map(|at| if at % 2 == 0 { at as f32 } else { 0.0 }).collect();
        let regions = find(&map, size(1, 100), threshold(1.0), size(1, 100));
        assert_eq!(regions.len(), MAX_REGIONS);
        assert_eq!(regions[0].bounds.x, 98);
    }

    #[test]
    fn nothing_in_nothing() {
        assert!(find(&[], size(0, 0), threshold(1.0), size(5, 5)).is_empty());
        assert!(find(&[f32::NAN; 4], size(2, 2), threshold(1.0), size(5, 5)).is_empty());
        assert_eq!(find(&[2.0], size(2, 2), threshold(1.0), size(4, 4)).len(), 1);
        assert_eq!(find(&[f32::INFINITY; 4], size(2, 2), threshold(1.0), size(4, 4))[0].area, 16);
    }

    /// Union-find: every pixel its own set, sets of neighbours joined, the smallest place names the set.
    fn naive(map: &[f32], columns: usize, threshold: f32) -> Vec<(f32, usize, Vec<usize>)> {
        let mut names: Vec<usize> = (0..map.len()).collect();
        let reaches = |at: usize| map[at] >= threshold;
        for a in 0..map.len() {
            for b in 0..map.len() {
                let near = (a / columns).abs_diff(b / columns) <= 1 && (a % columns).abs_diff(b % columns) <= 1;
                if near && reaches(a) && reaches(b) && names[a] != names[b] {
                    let (kept, gone) = (names[a].min(names[b]), names[a].max(names[b]));
                    names.iter_mut().filter(|name| **name == gone).for_each(|name| *name = kept);
                }
            }
        }
        let mut sets: Vec<(f32, usize, Vec<usize>)> = (0..map.len())
            .filter(|&name| names[name] == name && reaches(name))
            .map(|name| {
                let members: Vec<usize> = (0..map.len()).filter(|&at| names[at] == name).collect();
                (members.iter().map(|&at| map[at]).fold(0.0, f32::max), name, members)
            })
            .collect();
        sets.sort_by(|a, b| b.0.partial_cmp(&a.0).unwrap().then(a.1.cmp(&b.1)));
        sets
    }

    proptest! {
        #[test]
        fn the_naive_twin_agrees(
            columns in 1usize..12,
            rows in 1usize..10,
            values in prop::collection::vec(0u8..8, 120),
            scale in [1usize..5, 1..5],
        ) {
            // Few distinct values, so that peaks are often equal; 7 stands for what is not a number.
            let map: Vec<f32> = values[..rows * columns]
                .iter()
                .map(|&value| if value == 7 { f32::NAN } else { f32::from(value) })
                .collect();
            let source = size(rows * scale[0], columns * scale[1]);
            let found = find(&map, size(rows, columns), threshold(4.0), source);
            let expected = naive(&map, columns, 4.0);
            prop_assert_eq!(found.len(), expected.len().min(MAX_REGIONS));
            for (region, (peak, _, members)) in found.iter().zip(expected) {
                let (ys, xs) = (members.iter().map(|at| at / columns), members.iter().map(|at| at % columns));
                let (y, x) = (ys.clone().min().unwrap(), xs.clone().min().unwrap());
                let bounds = Rect {
                    x: x * scale[1],
                    y: y * scale[0],
                    width: (xs.max().unwrap() - x + 1) * scale[1],
                    height: (ys.max().unwrap() - y + 1) * scale[0],
                };
                let area = members.len() * scale[0] * scale[1];
                prop_assert_eq!(*region, Region { bounds, peak: Score(peak), area });
            }
        }
    }
}
