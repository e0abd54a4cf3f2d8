//! A grid of tokens enlarged to a map, plainly: what the graph's last `Resize` must do.

use moead_model::architecture::{ImageSize, TokenGrid};

/// Enlarges `grid`, row-major, to `size` with straight lines between the tokens; the corners' tokens lie on the corners
/// (`align_corners` of PyTorch's `interpolate`, which the published code calls).
pub(super) fn enlarge(grid: &[f32], TokenGrid { rows, columns }: TokenGrid, size: ImageSize) -> Vec<f64> {
    let place = |at: usize, length: usize, tokens: usize| {
        let position = at as f64 * (tokens - 1) as f64 / (length - 1).max(1) as f64;
        let first = (position as usize).min(tokens.saturating_sub(2));
        (first, (first + 1).min(tokens - 1), position - first as f64)
    };
    let value = |row: usize, column: usize| f64::from(grid[row * columns + column]);
    let mut map = Vec::with_capacity(size.height * size.width);
    for y in 0..size.height {
        let (upper, lower, down) = place(y, size.height, rows);
        for x in 0..size.width {
            let (left, right, along) = place(x, size.width, columns);
            let line = |row: usize| value(row, left) * (1.0 - along) + value(row, right) * along;
            map.push(line(upper) * (1.0 - down) + line(lower) * down);
        }
    }
    map
}

/// The grid of that many cells on an input of `size`: tokens are squares, and fill it.
pub(super) fn grid_of(cells: usize, size: ImageSize) -> Option<TokenGrid> {
    let fits = |&stride: &usize| {
        size.height.is_multiple_of(stride)
            && size.width.is_multiple_of(stride)
            && (size.height / stride) * (size.width / stride) == cells
    };
    let stride = (1..=size.height.min(size.width)).find(fits)?;
    Some(TokenGrid { rows: size.height / stride, columns: size.width / stride })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_stay_and_lines_are_straight() {
        // By torch 2.15: F.interpolate(torch.tensor([[[[0., 3.], [6., 9.]]]]), (4, 7), mode="bilinear", align_corners=True)
        let map = enlarge(&[0.0, 3.0, 6.0, 9.0], TokenGrid { rows: 2, columns: 2 }, ImageSize { height: 4, width: 7 });
        let row = |start: f64| (0..7).map(move |x| start + f64::from(x) * 0.5);
        let expected: Vec<f64> = [0.0, 2.0, 4.0, 6.0].into_iter().flat_map(row).collect();
        assert!(map.iter().zip(&expected).all(|(found, expected)| (found - expected).abs() < 1e-12), "{map:?}");
    }

    #[test]
    fn one_token_is_everywhere() {
        let map = enlarge(&[2.5], TokenGrid { rows: 1, columns: 1 }, ImageSize { height: 2, width: 3 });
        assert_eq!(map, [2.5; 6]);
    }

    #[test]
    fn the_grid_follows_from_the_number_of_cells() {
        let size = ImageSize { height: 64, width: 96 };
        assert_eq!(grid_of(24, size), Some(TokenGrid { rows: 4, columns: 6 }));
        assert_eq!(grid_of(25, size), None);
        assert_eq!(grid_of(0, size), None);
    }
}
