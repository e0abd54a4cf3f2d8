//! From a grid of distances to a map and a score, as the models' own heads do it: peers are judged by their distances alone.

use moead_model::architecture::{ImageSize, TokenGrid};

/// Side of the window that the score averages over.
const WINDOW: usize = 16;

/// Enlarges a grid by bilinear interpolation, corners on corners (`align_corners`).
///
/// * `distances`: rows x columns, row-major; at least one.
///
/// The map is row-major, H x W.
pub fn map(distances: &[f32], grid: TokenGrid, size: ImageSize) -> Vec<f32> {
    let (across, mut map) = (places(grid.columns, size.width), Vec::with_capacity(size.height * size.width));
    for down in places(grid.rows, size.height) {
        let [above, below] = [down.before, down.after].map(|row| &distances[row * grid.columns..][..grid.columns]);
        map.extend(across.iter().map(|place| {
            let mix = |row: &[f32]| mixed(row[place.before], row[place.after], place.share);
            mixed(mix(above), mix(below), down.share)
        }));
    }
    map
}

/// Where a pixel lies between two cells.
struct Place {
    before: usize,
    after: usize,
    /// Of the one after, 0 to 1.
    share: f32,
}

fn places(cells: usize, pixels: usize) -> Vec<Place> {
    let step = if pixels > 1 { (cells - 1) as f64 / (pixels - 1) as f64 } else { 0.0 };
    let place = |pixel: usize| {
        let at = pixel as f64 * step;
        let before = (at as usize).min(cells - 1);
        Place { before, after: (before + 1).min(cells - 1), share: (at - before as f64) as f32 }
    };
    (0..pixels).map(place).collect()
}

fn mixed(before: f32, after: f32, share: f32) -> f32 {
    before + (after - before) * share
}

/// The largest mean of the map over a window of 16 x 16 that lies inside of it.
///
/// * `map`: H x W, row-major; at least one pixel.
pub fn score(map: &[f32], ImageSize { height, width }: ImageSize) -> f32 {
    let (down, across) = (WINDOW.min(height), WINDOW.min(width));
    // Sums over each row's windows, from the sums up to each pixel.
    let of_rows: Vec<Vec<f64>> = map
        .chunks_exact(width)
        .map(|row| {
            let mut up_to = vec![0.0; width + 1];
            row.iter().enumerate().for_each(|(at, value)| up_to[at + 1] = up_to[at] + f64::from(*value));
            (0..=width - across).map(|at| up_to[at + across] - up_to[at]).collect()
        })
        .collect();
    let mut largest = f64::NEG_INFINITY;
    for rows in of_rows.windows(down) {
        for column in 0..=width - across {
            largest = largest.max(rows.iter().map(|row| row[column]).sum());
        }
    }
    (largest / (down * across) as f64) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_lie_on_corners() {
        let found = map(&[0.0, 2.0, 4.0, 8.0], TokenGrid { rows: 2, columns: 2 }, ImageSize { height: 3, width: 3 });
        assert_eq!(found, [0.0, 1.0, 2.0, 2.0, 3.5, 5.0, 4.0, 6.0, 8.0]);
        let one = map(&[7.0], TokenGrid { rows: 1, columns: 1 }, ImageSize { height: 2, width: 1 });
        assert_eq!(one, [7.0, 7.0]);
    }

    #[test]
    fn the_score_is_the_best_window_not_the_best_pixel() {
        let size = ImageSize { height: 18, width: 20 };
        let mut map = vec![0.0; 18 * 20];
        map[17 * 20 + 4] = 3.0;
        map[2 * 20 + 19] = 3.0;
        map[0] = 5.0;
        assert_eq!(score(&map, size), 6.0 / 256.0);
        assert_eq!(score(&[1.0, 2.0], ImageSize { height: 1, width: 2 }), 1.5);
    }
}
