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
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{:<width$}", plain(cell)));
            writeln!(f, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}

/// Text from elsewhere in one line, which commands no terminal.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if is_command(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// The same JSON, in which what a terminal obeys is written as an escape.
pub(super) fn plain_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        // Outside of its texts JSON has none of these but the line's end.
        if c != '\n' && is_command(c) {
            let mut units = [0; 2];
            shown.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Whether a terminal does something at this character instead of showing it; also what turns the order of letters
/// around, so that a text would look like another one, and what is no character, which YAML does not have.
fn is_command(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["a", "späte", "x"], ["longer", "b\x1b", ""]];
        let table = Table::new(&["N", "S"], rows.map(|row| row.map(str::to_owned).to_vec()));
        assert_eq!(table.to_string(), "N       S\na       späte  x\nlonger  b\u{fffd}\n");
        assert_eq!(plain("a\n\u{9b}2J\u{202e}b"), "a\u{fffd}\u{fffd}2J\u{fffd}b");
    }

    #[test]
    fn json_that_is_shown_is_the_same_json_and_commands_no_terminal() {
        let hostile =
            serde_json::json!({"a": "\u{1b}[2J\u{9b}31m\u{202e}\u{7f}\n\t\"\\ ü 💣", "b": [1, null]});
        let shown = plain_json(&format!("{hostile:#}"));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).expect("it is JSON"), hostile);
        assert!(shown.chars().all(|c| c == '\n' || !is_command(c)), "{shown:?}");
        assert!(shown.contains("\\u009b31m\\u202e\\u007f") && shown.contains("ü 💣"), "{shown:?}");
    }
}
