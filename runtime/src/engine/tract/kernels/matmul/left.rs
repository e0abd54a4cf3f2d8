//! The left operand: rows in panels that the inner loop reads from one address.

/// Numbers of a row that lie side by side in a panel: a cache line.
pub(crate) const BLOCK: usize = 16;

/// Where the numbers of R x K are in a packed left operand.
///
/// Panels of as many rows as a tile has, a last one of 2, 4 or as many (of which the last may be empty); in each, blocks of 16
/// columns; in each, the rows' 16 numbers one row below the other. So copying rows in is copying cache lines, a tile of a product can be
/// stored in this form without being turned, and the inner loop reads a panel at fixed distances from one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    /// R.
    pub(crate) rows: usize,
    /// K.
    pub(crate) depth: usize,
    /// Rows of a tile.
    pub(crate) height: usize,
}

impl Layout {
    /// Numbers to allocate.
    pub(crate) fn len(self) -> usize {
        let last = self.rows - self.rows % self.height;
        (last + self.panel_height(last)) * self.padded()
    }

    /// K in whole blocks.
    fn padded(self) -> usize {
        self.depth.next_multiple_of(BLOCK)
    }

    /// Rows of the panel that begins with row `first`.
    fn panel_height(self, first: usize) -> usize {
        (self.rows - first).next_multiple_of(2).min(self.height)
    }

    /// Rows of the panel in which `row` is, and where it begins.
    fn panel(self, row: usize) -> (usize, usize) {
        let first = row - row % self.height;
        (self.panel_height(first), first * self.padded())
    }

    /// Where the number of `row` in `column` is. The numbers up to the next multiple of 16 columns follow it.
    #[inline(always)]
    pub(crate) fn place(self, row: usize, column: usize) -> usize {
        let (height, start) = self.panel(row);
        start + (column / BLOCK * height + row % self.height) * BLOCK + column % BLOCK
    }

    /// Copies a row in.
    ///
    /// * `values`: K numbers.
    pub(crate) fn write(self, packed: &mut [f32], row: usize, values: &[f32]) {
        let (height, start) = self.panel(row);
        let lines = packed[start + row % self.height * BLOCK..].chunks_mut(height * BLOCK);
        for (line, values) in lines.zip(values.chunks(BLOCK)) {
            line[..values.len()].copy_from_slice(values);
        }
    }
}

impl Layout {
    /// Packs R x K numbers, row-major.
    pub(crate) fn pack(self, numbers: &[f32]) -> Vec<f32> {
        let mut packed = vec![0.0; self.len()];
        for (row, values) in numbers.chunks_exact(self.depth.max(1)).enumerate() {
            self.write(&mut packed, row, values);
        }
        packed
    }

    /// Packs R x K numbers that are given column by column.
    pub(crate) fn pack_columns(self, columns: &[f32]) -> Vec<f32> {
        let mut packed = vec![0.0; self.len()];
        for (column, values) in columns.chunks_exact(self.rows.max(1)).enumerate() {
            for (row, &value) in values.iter().enumerate() {
                packed[self.place(row, column)] = value;
            }
        }
        packed
    }
}

/// A packed left operand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Left<'a> {
    layout: Layout,
    numbers: &'a [f32],
}

impl<'a> Left<'a> {
    /// Views numbers that were written by [`Layout::write`] or [`super::Blocked`].
    pub(crate) fn new(layout: Layout, numbers: &'a [f32]) -> Self {
        Self { layout, numbers: &numbers[..layout.len()] }
    }

    /// R.
    pub(crate) fn rows(&self) -> usize {
        self.layout.rows
    }

    /// K.
    pub(crate) fn depth(&self) -> usize {
        self.layout.depth
    }

    /// Some of the panels: rows from `rows.start`, a multiple of a tile's height, to `rows.end`, such a one too or the last.
    pub(crate) fn part(&self, rows: std::ops::Range<usize>) -> Left<'a> {
        let start = rows.start * self.layout.padded();
        Left::new(Layout { rows: rows.len(), ..self.layout }, &self.numbers[start..])
    }

    /// First row, number of rows, and numbers of each panel.
    #[inline(always)]
    pub(super) fn panels(&self) -> impl Iterator<Item = (usize, usize, &'a [f32])> + use<'a> {
        let (padded, height) = (self.layout.padded(), self.layout.height);
        self.numbers
            .chunks(height * padded.max(1))
            .enumerate()
            .map(move |(index, panel)| (index * height, panel.len() / padded.max(1), panel))
    }
}
