//! Columns for people to read.

use std::fmt;
use std::io::{self, IsTerminal, Write};

use serde_json::Value;

use crate::core::text::{cut, is_command};

/// Between two columns.
const GAP: usize = 2;
/// So much of a cell is left where a terminal is narrow, in characters.
const LEAST: usize = 8;

/// Rows in columns, each as wide as its widest cell.
pub(super) struct Table {
    rows: Vec<Vec<String>>,
    /// The column of statuses, which have colors.
    statuses: Option<usize>,
    /// Columns that may be cut where the whole is too wide, in this order.
    may_be_cut: &'static [usize],
}

/// What the output is shown on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Screen {
    /// Characters of a line; `None`: as many as there are.
    width: Option<usize>,
    /// Lines; `None`: it is no terminal.
    pub(super) height: Option<usize>,
    has_colors: bool,
}

impl Screen {
    /// Standard output: what is not a terminal gets whole lines, without colors.
    pub(super) fn of_stdout() -> Screen {
        let out = io::stdout();
        if !out.is_terminal() {
            return Screen::default();
        }
        // https://no-color.org
        let is_said = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let size = rustix::termios::tcgetwinsize(&out).ok();
        Screen {
            width: size.map(|size| usize::from(size.ws_col)).filter(|width| *width > 0),
            // One that does not say has as many as they had of old.
            height: Some(size.map_or(0, |size| usize::from(size.ws_row)))
                .map(|rows| if rows > 0 { rows } else { 24 }),
            has_colors: !is_said("NO_COLOR") && !is_dumb,
        }
    }
}

impl Table {
    /// A table with these rows below its head.
    pub(super) fn new(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Table {
        let head = head.iter().map(|&cell| cell.to_owned()).collect();
        let rows = std::iter::once(head).chain(rows).collect();
        Table { rows, statuses: None, may_be_cut: &[] }
    }

    /// One of its columns has statuses.
    pub(super) fn with_statuses(self, column: usize) -> Table {
        Table { statuses: Some(column), ..self }
    }

    /// These may be cut where a terminal is too narrow, the first one first.
    pub(super) fn cutting(self, columns: &'static [usize]) -> Table {
        Table { may_be_cut: columns, ..self }
    }

    /// Writes it to standard output, as it fits there.
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{}", self.on(Screen::of_stdout()))
    }

    /// As it fits on this.
    pub(super) fn on(&self, screen: Screen) -> String {
        Shown(self, screen).to_string()
    }

    fn widths(&self, screen: Screen) -> Vec<usize> {
        let count = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let wide = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let mut widths: Vec<usize> = (0..count).map(wide).collect();
        let whole = widths.iter().sum::<usize>() + GAP * count.saturating_sub(1);
        let mut over = screen.width.map_or(0, |width| whole.saturating_sub(width));
        for column in self.may_be_cut {
            let cut = over.min(widths[*column].saturating_sub(LEAST));
            widths[*column] -= cut;
            over -= cut;
        }
        widths
    }
}

/// A table on a screen.
struct Shown<'t>(&'t Table, Screen);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shown(table, screen) = self;
        let widths = table.widths(*screen);
        for (number, row) in table.rows.iter().enumerate() {
            let last = row.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
            for (column, cell) in row[..last].iter().enumerate() {
                let text = cut(&plain(cell), widths[column]);
                let is_last = column + 1 == last;
                let blanks = if is_last { 0 } else { widths[column] + GAP - text.chars().count() };
                let is_status = screen.has_colors && number > 0 && table.statuses == Some(column);
                match color(&text).filter(|_| is_status) {
                    Some(color) => write!(f, "\x1b[{color}m{text}\x1b[0m{:blanks$}", "")?,
                    None => write!(f, "{text}{:blanks$}", "")?,
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Shown(self, Screen::default()))
    }
}

/// The color of a status of a check or of an incident, as terminals number them.
fn color(status: &str) -> Option<u8> {
    match status.split(' ').next()? {
        "failing" | "late" | "open" => Some(31),
        "unknown" | "grace" => Some(33),
        "up" | "resolved" => Some(32),
        "paused" | "new" | "acknowledged" | "wont_fix" | "removed" => Some(36),
        _ => None,
    }
}

/// A text of an answer, or a dash.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) if text.is_empty() => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Text from elsewhere in one line, which commands no terminal.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if is_command(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// JSON that also a terminal can be shown, laid out for people.
pub(super) fn shown_json(value: &Value) -> String {
    plain_json(&format!("{value:#}"))
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

    /// Only what may be cut is, and never below what can be read; names stay whole.
    #[test]
    fn a_table_fits_the_terminal_and_has_colors_there_alone() {
        let row = ["a-long-name-of-a-check", "late (muted)", "A title that says more than fits"];
        let table = Table::new(&["NAME", "STATUS", "TITLE"], [row.map(str::to_owned).to_vec()]);
        let table = table.with_statuses(1).cutting(&[2, 1]);
        let shown = |width, has_colors| table.on(Screen { width, height: None, has_colors });
        let lines = |text: &str| text.lines().map(|line| line.chars().count()).max();
        assert_eq!(lines(&shown(None, false)), Some(70));
        assert_eq!(lines(&shown(Some(70), false)), Some(70));
        assert_eq!(lines(&shown(Some(60), false)), Some(60));
        assert!(shown(Some(60), false).contains("A title that says mor…"), "{}", shown(Some(60), false));
        assert_eq!(lines(&shown(Some(43), false)), Some(43));
        assert!(shown(Some(10), false).contains("a-long-name-of-a-check  late (m…  A title…\n"));
        let colored = shown(Some(60), true);
        assert!(colored.contains("\x1b[31mlate (muted)\x1b[0m  A title"), "{colored:?}");
        assert!(colored.starts_with("NAME                    STATUS        TITLE\n"), "{colored:?}");
        assert_eq!(colored.replace("\x1b[31m", "").replace("\x1b[0m", ""), shown(Some(60), false));
    }

    #[test]
    fn json_that_is_shown_is_the_same_json_and_commands_no_terminal() {
        let hostile =
            serde_json::json!({"a": "\u{1b}[2J\u{9b}31m\u{202e}\u{7f}\n\t\"\\ ü 💣", "b": [1, null]});
        let shown = shown_json(&hostile);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).expect("it is JSON"), hostile);
        assert!(shown.chars().all(|c| c == '\n' || !is_command(c)), "{shown:?}");
        assert!(shown.contains("\\u009b31m\\u202e\\u007f") && shown.contains("ü 💣"), "{shown:?}");
    }
}
