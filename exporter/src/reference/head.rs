//! From features to distances, and from distances to a score.

use moead_model::architecture::ImageSize;

use super::neck::resize;
use super::tensor::Tensor;

/// Side of the window that the score averages over.
const WINDOW: usize = 16;

/// What the head makes of two feature maps.
pub(super) struct Verdict {
    pub(super) grid: Tensor,
    pub(super) map: Tensor,
    pub(super) score: f64,
    pub(super) embedding: Tensor,
}

/// Compares rebuilt with true features, all 1 x C x h x w.
///
/// * `target`: what should have been rebuilt; `feature_align`: what the neck gave.
pub(super) fn judge(
    feature_rec: &Tensor,
    target: &Tensor,
    feature_align: &Tensor,
    size: ImageSize,
    observe: &mut dyn FnMut(&str, &Tensor),
) -> Verdict {
    let (channels, rows, columns) = target.map_sides();
    let mut grid = Tensor::zeros(&[1, 1, rows, columns]);
    let planes = feature_rec.data.chunks_exact(rows * columns).zip(target.data.chunks_exact(rows * columns));
    for (rebuilt, aligned) in planes {
        for (sum, (rebuilt, aligned)) in grid.data.iter_mut().zip(rebuilt.iter().zip(aligned)) {
            *sum += (rebuilt - aligned).powi(2);
        }
    }
    let grid = grid.map(f64::sqrt);
    observe("anomaly_grid", &grid);
    let map = resize(&grid, size.height, size.width);
    observe("anomaly_map", &map);

    let score = largest_window_mean(&map);
    observe("pred_score", &Tensor::new(&[1], vec![score]));
    let mean = mean(&map.data);
    let variance = map.data.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / map.data.len() as f64;
    observe("pred_score_std", &Tensor::new(&[1], vec![variance.sqrt()]));
    observe("pred_score_mean", &Tensor::new(&[1], vec![mean]));

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
    fn distances_are_over_channels_and_corners_stay() {
        let aligned = Tensor::new(&[1, 2, 1, 2], vec![0.0, 1.0, 0.0, 3.0]);
        let rebuilt = Tensor::new(&[1, 2, 1, 2], vec![3.0, 1.0, 4.0, 3.0]);
        // The distance is to what should have been rebuilt, the embedding of what the neck gave.
        let raw = Tensor::new(&[1, 2, 1, 2], vec![0.0, 2.0, 0.0, 6.0]);
        let verdict = judge(&rebuilt, &aligned, &raw, ImageSize { height: 16, width: 32 }, &mut |_, _| {});
        assert_eq!(verdict.grid.data, [5.0, 0.0]);
        assert_eq!((verdict.map.data[0], verdict.map.data[31]), (5.0, 0.0));
        assert_eq!(verdict.embedding.data, [1.0, 3.0]);
    }
}
