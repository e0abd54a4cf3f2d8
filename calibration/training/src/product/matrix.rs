//! Matrices as views of numbers that lie somewhere: a head is some columns of all of them, a transposed matrix is the same numbers.

/// A matrix to read: element (r, c) lies at `r * row_step + c * column_step`.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a, T> {
    pub(super) numbers: &'a [T],
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) row_step: usize,
    pub(super) column_step: usize,
}

impl<'a, T: Copy> Matrix<'a, T> {
    /// Numbers that are all of a matrix, row by row.
    ///
    /// * `numbers`: a multiple of `columns`.
    pub fn new(numbers: &'a [T], columns: usize) -> Self {
        debug_assert!(columns > 0 && numbers.len().is_multiple_of(columns), "{} in rows of {columns}", numbers.len());
        Self { numbers, rows: numbers.len() / columns.max(1), columns, row_step: columns, column_step: 1 }
    }

    /// Rows become columns.
    #[must_use]
    pub fn transposed(self) -> Self {
        let Self { numbers, rows, columns, row_step, column_step } = self;
        Self { numbers, rows: columns, columns: rows, row_step: column_step, column_step: row_step }
    }

    /// `count` columns from `first` on.
    #[must_use]
    pub fn columns(self, first: usize, count: usize) -> Self {
        debug_assert!(first + count <= self.columns);
        Self { numbers: &self.numbers[first * self.column_step..], columns: count, ..self }
    }

    /// `count` rows from `first` on.
    pub(super) fn rows(self, first: usize, count: usize) -> Self {
        Self { numbers: &self.numbers[first * self.row_step..], rows: count, ..self }
    }

    /// One number.
    pub(super) fn at(&self, row: usize, column: usize) -> T {
        self.numbers[row * self.row_step + column * self.column_step]
    }
}

/// A matrix to write: row r begins at `r * pitch`.
#[derive(Debug)]
pub struct MatrixMut<'a, T> {
    pub(super) numbers: &'a mut [T],
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) pitch: usize,
}

impl<'a, T> MatrixMut<'a, T> {
    /// Numbers that are all of a matrix, row by row.
    ///
    /// * `numbers`: a multiple of `columns`.
    pub fn new(numbers: &'a mut [T], columns: usize) -> Self {
        debug_assert!(columns > 0 && numbers.len().is_multiple_of(columns), "{} in rows of {columns}", numbers.len());
        Self { rows: numbers.len() / columns.max(1), numbers, columns, pitch: columns }
    }

    /// `count` columns from `first` on.
    #[must_use]
    pub fn columns(self, first: usize, count: usize) -> Self {
        debug_assert!(first + count <= self.columns);
        Self { numbers: &mut self.numbers[first..], rows: self.rows, columns: count, pitch: self.pitch }
    }

    /// The first `count` rows and the others.
    pub(super) fn split(self, count: usize) -> (Self, Self) {
        let Self { numbers, rows, columns, pitch } = self;
        let (first, second) = numbers.split_at_mut((count * pitch).min(numbers.len()));
        (
            Self { numbers: first, rows: count, columns, pitch },
            Self { numbers: second, rows: rows - count, columns, pitch },
        )
    }
}
