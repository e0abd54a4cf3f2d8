//! From distances to a map and a score.

use moead_model::architecture::ImageSize;

use super::neck::resize;
use super::tensor::Tensor;

/// Side of the window that the score averages over.
const WINDOW: usize = 16;

/// What the head makes of distances.
pub(super) struct Verdict {
    pub(super) grid: Tensor,
    pub(super) map: Tensor,
    pub(super) score: f64,
    pub(super) embedding: Tensor,
}

/// * `grid`: 1 x 1 x h x w distances; `feature_align`: 1 x C x h x w, what the neck gave.
pub(super) fn judge(
    grid: Tensor,
    feature_align: &Tensor,
    size: ImageSize,
    observe: &mut dyn FnMut(&str, &Tensor),
) -> Verdict {
    observe("anomaly_grid", &grid);
    let map = resize(&grid, size.height, size.width);
    observe("anomaly_map", &map);

    let score = largest_window_mean(&map);
    observe("pred_score", &Tensor::new(&[1], vec![score]));
    let mean = mean(&map.data);
    let variance = map.data.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / map.data.len() as f64;
    observe("pred_score_std", &Tensor::new(&[1], vec![variance.sqrt()]));
    observe("pred_score_mean", &Tensor::new(&[1], vec![mean]));

    let (channels, rows, columns) = feature_align.map_sides();
    let means = feature_align.data.chunks_exact(rows * columns).map(self::mean).collect();
    let embedding = Tensor::new(&[channels], means);
    observe("embedding", &embedding);
    Verdict { grid, map, score, embedding }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The largest mean of a window that lies inside the map: sums along rows, then along columns.
fn largest_window_mean(map: &Tensor) -> f64 {
    let (_, height, width) = map.map_sides();
    // No map is smaller than the window; if one were, the window would be the map.
    let (down, across) = (WINDOW.min(height), WINDOW.min(width));
    let sums: Vec<Vec<f64>> =
        map.rows().map(|row| row.windows(across).map(|window| window.iter().sum()).collect()).collect();
    let windows = sums
        .windows(down)
        .flat_map(|rows| (0..=width - across).map(|column| rows.iter().map(|row: &Vec<f64>| row[column]).sum::<f64>()));
    windows.fold(f64::NEG_INFINITY, f64::max) / (down * across) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_is_the_best_window_not_the_best_pixel() {
        let (height, width) = (18, 20);
        let mut map = Tensor::zeros(&[1, 1, height, width]);
        // Two pixels that only the last window holds together, and a larger one that no window joins to either.
        map.data[17 * width + 4] = 3.0;
        map.data[2 * width + 19] = 3.0;
        map.data[0] = 5.0;
        assert_eq!(largest_window_mean(&map), 6.0 / 256.0);
    }

    #[test]
    fn corners_stay_and_features_are_averaged() {
        let grid = Tensor::new(&[1, 1, 1, 2], vec![5.0, 0.0]);
        let features = Tensor::new(&[1, 2, 1, 2], vec![0.0, 2.0, 0.0, 6.0]);
        let verdict = judge(grid, &features, ImageSize { height: 16, width: 32 }, &mut |_, _| {});
        assert_eq!((verdict.map.data[0], verdict.map.data[31]), (5.0, 0.0));
        assert_eq!(verdict.embedding.data, [1.0, 3.0]);
    }
}
