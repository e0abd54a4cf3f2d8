//! Operands copied into the order in which the inner loop reads them.

use super::matrix::Matrix;

/// Rows of a tile.
pub(super) const HEIGHT: usize = 6;
/// Depth of a block: a strip of 32 columns and a panel of 6 rows fit the nearest cache together.
pub(super) const DEPTH: usize = 224;
/// Rows of a block: its panels fit the second cache.
pub(super) const ROWS: usize = 32 * HEIGHT;

/// What products copy their operands into; kept, so that it is allocated once a thread.
#[derive(Default)]
pub(super) struct Scratch {
    pub(super) left: Vec<f32>,
    pub(super) right: Vec<f32>,
}

/// Panels of [`HEIGHT`] rows; in each, the rows' numbers of one column together. Rows that are missing are 0.
pub(super) fn pack_left(
    left: Matrix<'_, f32>,
    (first, count): (usize, usize),
    (from, depth): (usize, usize),
    packed: &mut Vec<f32>,
) {
    let panels = count.div_ceil(HEIGHT);
    packed.clear();
    packed.resize(panels * HEIGHT * depth, 0.0);
    for (index, panel) in packed.chunks_exact_mut(HEIGHT * depth).enumerate() {
        let row = first + index * HEIGHT;
        let rows = HEIGHT.min(first + count - row);
        let columns = panel.as_chunks_mut::<HEIGHT>().0;
        let start = row * left.row_step + from * left.column_step;
        if left.row_step == 1 && rows == HEIGHT {
            for (k, column) in columns.iter_mut().enumerate() {
                column.copy_from_slice(&left.numbers[start + k * left.column_step..][..HEIGHT]);
            }
            continue;
        }
        for at in 0..rows {
            let numbers = &left.numbers[start + at * left.row_step..];
            let numbers = numbers.iter().step_by(left.column_step);
            columns.iter_mut().zip(numbers).for_each(|(column, number)| column[at] = *number);
        }
    }
}

/// Strips of `width` columns; in each, row after row. Columns that are missing are 0.
pub(super) fn pack_right(right: Matrix<'_, f32>, (from, depth): (usize, usize), width: usize, packed: &mut Vec<f32>) {
    let strips = right.columns.div_ceil(width);
    packed.clear();
    packed.resize(strips * width * depth, 0.0);
    for (index, strip) in packed.chunks_exact_mut(width * depth).enumerate() {
        let column = index * width;
        let columns = width.min(right.columns - column);
        let start = from * right.row_step + column * right.column_step;
        if right.column_step == 1 {
            // A length that is known when the program is built is copied without a call.
            const WIDE: usize = 32;
            if columns == WIDE {
                for (k, row) in strip.as_chunks_mut::<WIDE>().0.iter_mut().enumerate() {
                    row.copy_from_slice(&right.numbers[start + k * right.row_step..][..WIDE]);
                }
                continue;
            }
            for (k, row) in strip.chunks_exact_mut(width).enumerate() {
                row[..columns].copy_from_slice(&right.numbers[start + k * right.row_step..][..columns]);
            }
            continue;
        }
        // Sixteen rows at a time: what one column's numbers are written to stays near.
        const NEAR: usize = 16;
        for (block, rows) in strip.chunks_mut(NEAR * width).enumerate() {
            for at in 0..columns {
                let numbers = &right.numbers[start + block * NEAR * right.row_step + at * right.column_step..];
                let numbers = numbers.iter().step_by(right.row_step);
                rows.chunks_exact_mut(width).zip(numbers).for_each(|(row, number)| row[at] = *number);
            }
        }
    }
}
