//! Ground-truth regions: connected parts of a mask.

use moead_model::architecture::ImageSize;

/// The regions of a mask: pixels above 0 that touch, also at a corner, are one.
///
/// * `mask`: row-major, `size.height * size.width`.
///
/// Writes the place of each pixel's region in `sizes` into `labels` (`None` for a good pixel), and the number of pixels of each
/// region into `sizes`. Both are emptied first. O(pixels).
pub(super) fn label(mask: &[u8], size: ImageSize, labels: &mut Vec<Option<u32>>, sizes: &mut Vec<u32>) {
    labels.clear();
    labels.resize(mask.len(), None);
    sizes.clear();
    let mut waiting = Vec::new();
    for start in 0..mask.len() {
        if mask[start] == 0 || labels[start].is_some() {
            continue;
        }
        let name = sizes.len() as u32;
        let mut pixels = 0;
        labels[start] = Some(name);
        waiting.push(start);
        while let Some(at) = waiting.pop() {
            pixels += 1;
            let (row, column) = (at / size.width, at % size.width);
            for row in row.saturating_sub(1)..=(row + 1).min(size.height - 1) {
                for column in column.saturating_sub(1)..=(column + 1).min(size.width - 1) {
                    let next = row * size.width + column;
                    if mask[next] > 0 && labels[next].is_none() {
                        labels[next] = Some(name);
                        waiting.push(next);
                    }
                }
            }
        }
        sizes.push(pixels);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_touch() {
        let mask = [[1, 0, 0, 9], [0, 255, 0, 0], [0, 0, 0, 1]];
        let (mut labels, mut sizes) = (vec![Some(7)], vec![3]);
        label(mask.as_flattened(), ImageSize { height: 3, width: 4 }, &mut labels, &mut sizes);
        assert_eq!(sizes, [2, 1, 1]);
        assert_eq!(
            (labels[0], labels[5], labels[3], labels[11], labels[1]),
            (Some(0), Some(0), Some(1), Some(2), None)
        );
    }
}
