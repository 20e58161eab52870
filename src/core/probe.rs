//! Looks of punctual's own (17.5 to 17.15): at what, when, and what they find. Rooms that do IO carry them out.

mod due;
mod exec;
mod found;
mod http;
mod promql;
mod rows;
mod sql;

pub use due::{due_after, first_due, period};
pub use exec::{ExecLimits, ExecProbe};
pub use found::ProbeFound;
pub use http::{HttpProbe, JsonCondition, JsonTest};
pub use promql::PromqlProbe;
pub use rows::{FoundRows, RowError, known_by_columns, known_by_labels, title_of};
pub use sql::SqlProbe;

use super::time::Span;

/// The kinds of looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeKind {
    Http,
    Promql,
    Sql,
    Exec,
}

impl ProbeKind {
    /// All there are.
    pub const ALL: [ProbeKind; 4] = [ProbeKind::Http, ProbeKind::Promql, ProbeKind::Sql, ProbeKind::Exec];

    /// The key in files, and the label of metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            ProbeKind::Http => "http",
            ProbeKind::Promql => "promql",
            ProbeKind::Sql => "sql",
            ProbeKind::Exec => "exec",
        }
    }
}

/// The largest that a regular expression of an assertion may become, in bytes, which bounds its memory. The time of holding it
/// against a text grows with both: nothing ends it, so it is none of the server's, and few run at a time (17.12e).
pub const MAX_PATTERN_BYTES: usize = 1 << 18;

/// How long a look may take: never more than half of its period (17.6).
pub fn time_out(asked: Span, period: Option<Span>) -> Span {
    let half = period.map_or(asked, |period| Span::ms(period.as_ms() / 2));
    asked.min(half).max(Span::MS)
}
