//! Errors of schedules of periods. Their texts say what would be right.

use crate::core::cron::{CronError, MINUTES_PER_DAY};
use crate::core::time::Span;

/// The longest text that is accepted, in bytes.
pub const MAX_LEN: usize = 8192;
/// The most entries.
pub const MAX_ENTRIES: usize = 64;
/// The longest period of an entry: ten years.
pub const MAX_PERIOD: Span = Span::mins(3650 * MINUTES_PER_DAY);

/// Why a text is refused. Parts of the user's text in it are escaped and cut short.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeriodsError {
    /// Longer than [`MAX_LEN`] bytes.
    #[error("a schedule of periods has at most {MAX_LEN} bytes, this one has {len}")]
    TooLong { len: usize },
    /// The text has a line break or another control character.
    #[error("a schedule of periods is one line: its entries are joined by `;`")]
    NotOneLine,
    /// The text is blank or has only comments.
    #[error("a schedule of periods needs an entry: `* * * * * 300` is every 300 seconds at any time")]
    Empty,
    /// More than [`MAX_ENTRIES`].
    #[error("a schedule of periods has at most {MAX_ENTRIES} entries, this one has {found}")]
    TooMany { found: usize },
    /// An entry does not have six words.
    #[error(
        "`{entry}` must have 6 words (minute, hour, day of month, month, day of week, seconds), not {found}"
    )]
    WordCount {
        entry: String,
        /// The number of its words.
        found: usize,
    },
    /// One of the first five words is wrong, or they name a day that never comes.
    #[error("`{entry}`: {error}")]
    Fields { entry: String, error: CronError },
    /// The last word is not a number, not positive, or too large.
    #[error("`{entry}` must end with the period in seconds, more than 0 and at most {}", MAX_PERIOD.as_ms() / 1000)]
    Seconds { entry: String },
    /// Two entries apply to the same minute.
    #[error("`{first}` and `{second}` overlap: at any minute only one period can apply")]
    Overlap { first: String, second: String },
}
