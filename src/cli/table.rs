//! Columns for people to read.

use std::fmt;

/// Rows in columns, each as wide as its widest cell.
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these rows below its head.
    pub(super) fn new(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Table {
        let head = head.iter().map(|&cell| cell.to_owned()).collect();
        Table { rows: std::iter::once(head).chain(rows).collect() }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let wide = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..count).map(wide).collect();
        for row in &self.rows {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{:<width$}", shown(cell)));
            writeln!(f, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}

/// What came from elsewhere must not command a terminal.
fn shown(cell: &str) -> String {
    cell.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["a", "späte", "x"], ["longer", "b\x1b", ""]];
        let table = Table::new(&["N", "S"], rows.map(|row| row.map(str::to_owned).to_vec()));
        assert_eq!(table.to_string(), "N       S\na       späte  x\nlonger  b\u{fffd}\n");
    }
}
