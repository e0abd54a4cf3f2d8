//! Tables of aligned columns, for people.

/// Rows of cells. The first column is text, aligned to the left; the others are numbers, to the right, but for a last one without a
/// head, which is text again.
#[derive(Debug, Clone, Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with that first row.
    #[must_use]
    pub fn new(heads: &[&str]) -> Self {
        Self { rows: vec![heads.iter().map(|head| (*head).to_owned()).collect()] }
    }

    /// Appends a row. Missing cells are empty.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The lines, without spaces at their ends.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let width = |column: usize| {
            self.rows.iter().filter_map(move |row| row.get(column)).map(|cell: &String| cell.chars().count())
        };
        let widths: Vec<usize> = (0..columns).map(|column| width(column).max().unwrap_or(0)).collect();
        let ends_in_text = self.rows.first().and_then(|heads| heads.get(columns - 1)).is_none_or(String::is_empty);
        let is_text = move |column| column == 0 || column + 1 == columns && ends_in_text;
        self.rows.iter().map(move |row| {
            let cell = |(column, width): (usize, &usize)| {
                let text = row.get(column).map_or("", String::as_str);
                if is_text(column) { format!("{text:<width$}") } else { format!("{text:>width$}") }
            };
            let cells: Vec<String> = widths.iter().enumerate().map(cell).collect();
            cells.join("  ").trim_end().to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_no_line_ends_in_spaces() {
        let mut table = Table::new(&["engine", "ms", ""]);
        table.row(["tract", "119.8", ""].map(String::from));
        table.row(["ort cpu", "7", "é"].map(String::from));
        let lines: Vec<String> = table.lines().collect();
        assert_eq!(lines, ["engine      ms", "tract    119.8", "ort cpu      7  é"]);
    }
}
